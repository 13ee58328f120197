"""The rules that the template keeps, whoever changes it."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from helpdesk.settings import ConsentSettings, DocumentSettings, WebhookSettings
from helpdesk.storage.directory import PREFIX as DIRECTORY
from helpdesk.storage.documents import PREFIX as DOCUMENTS
from template_checks.concrete import concrete
from template_checks.matrix import EXAMPLES
from template_checks.transform import defaults_of, transform
from tests.template.cloudformation import ROOT, Template, as_list, evaluate

FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"

QUEUES = ("WorkQueue", "ReplyQueue", "TimerQueue")
SECRETS = ("IdentitySecret", "WebhookSecret", "OutboundSecret")

# Every star in an action or a resource, with its reason.
ALLOWED_ACTION_WILDCARDS = {
    # The local emulator asks for the batch call under a name of its own, AWS for the single one.
    ("WebhookRole", "sqs:SendMessage*"),
    ("ConsentRole", "sqs:SendMessage*"),
    ("FormRole", "sqs:SendMessage*"),
    # The usual key policy: without it nobody, not even the account's root, could ever change the key.
    ("DataKey", "kms:*"),
    ("FormKey", "kms:*"),
    # A denial: it should cover everything.
    ("DocumentsBucketPolicy", "s3:*"),
    *(
        (f"{queue}Policy", "sqs:*")
        for queue in (*QUEUES, *(name.replace("Queue", "DeadLetterQueue") for name in QUEUES))
    ),
    *((f"{secret}Policy", "secretsmanager:*") for secret in SECRETS),
}
ALLOWED_RESOURCE_WILDCARDS = {
    # In a key's own policy the star is that key.
    ("DataKey", "TheAccountDecidesByIam"),
    ("FormKey", "TheAccountDecidesByIam"),
    ("FormKey", "OpenByWhatsAppsAlgorithmOnly"),
    # API Gateway takes no role with less.
    ("ApiGatewayLogRole", "WriteTheLogsOfEveryApi"),
    # CodeDeploy asks for the state of alarms; nothing is changed by it.
    ("DeploymentRole", "LookAtAlarms"),
    ("ConsentDeploymentRole", "LookAtAlarms"),
    ("FormDeploymentRole", "LookAtAlarms"),
    # CodeDeploy knows no resource for what a trial answers it.
    ("TrialRole", "SayWhatCameOfIt"),
    # In a secret's own policy the star is that secret.
    *((f"{secret}Policy", "OnlyByTls") for secret in SECRETS),
}


# --- chapters ---------------------------------------------------------------------------------------------------------


def test_the_chapters_stand_in_the_order_in_which_they_are_announced(template: Template) -> None:
    head = " ".join(re.findall(r"^# Chapters: (.+)\n# (.+)\.$", template.text, re.MULTILINE)[0])
    announced = head.split(", ")
    banners = re.findall(r"^ *# =+\n *# (.+)\n *# =+$", template.text, re.MULTILINE)

    assert len(banners) == len(announced)
    assert all(banner.lower().startswith(name.lower()) for banner, name in zip(banners, announced, strict=True))


def test_a_function_stands_beside_its_log_and_its_role_and_a_queue_beside_its_dead_letters_and_alarms(
    template: Template,
) -> None:
    order = list(template.resources)
    functions = [name.removesuffix("Function") for name in template.of_type(FUNCTION)]
    queues = [name.removesuffix("Queue") for name in _dead_letter_queues(template)]
    assert (len(functions), len(queues)) == (6, 3)

    groups = [[f"{name}Function", f"{name}LogGroup", f"{name}Role"] for name in functions]
    of_queue = ("Queue", "DeadLetterQueue", "QueueAgeAlarm", "DeadLetterAlarm")
    groups += [[f"{name}{part}" for part in of_queue] for name in queues]
    for group in groups:
        first = order.index(group[0])
        assert order[first : first + len(group)] == group


# --- functions --------------------------------------------------------------------------------------------------------


def test_each_function_has_a_role_and_a_log_group_of_its_own(template: Template) -> None:
    functions = template.of_type(FUNCTION)
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in functions.values()]
    log_groups = [properties["LoggingConfig"]["LogGroup"]["Ref"] for properties in functions.values()]

    assert len(functions) >= 2
    assert len(set(roles)) == len(functions)
    assert len(set(log_groups)) == len(functions)
    assert set(roles) <= template.of_type("AWS::IAM::Role").keys()
    assert set(log_groups) <= template.of_type("AWS::Logs::LogGroup").keys()


def test_each_function_may_write_its_own_log_only(template: Template) -> None:
    for properties in template.of_type(FUNCTION).values():
        role, log_group = properties["Role"]["Fn::GetAtt"][0], properties["LoggingConfig"]["LogGroup"]["Ref"]
        logging = [
            statement
            for owner, statement in template.statements()
            if owner == role and any(action.startswith("logs:") for action in as_list(statement["Action"]))
        ]
        assert [statement["Resource"] for statement in logging] == [{"Fn::GetAtt": [log_group, "Arn"]}]


def test_logs_are_kept_for_a_set_time(template: Template) -> None:
    log_groups = template.of_type("AWS::Logs::LogGroup")
    days = template.document["Mappings"]["Logs"]

    assert all(
        group["RetentionInDays"] == {"Fn::FindInMap": ["Logs", {"Ref": "Stage"}, "Days"]}
        for group in log_groups.values()
    )
    assert days.keys() == set(template.parameters["Stage"]["AllowedValues"])
    assert all(1 <= stage["Days"] <= 365 for stage in days.values())


def test_functions_have_512_megabytes_and_finish_before_their_callers_give_up(template: Template) -> None:
    functions = template.of_type(FUNCTION)

    assert template.document["Globals"]["Function"]["MemorySize"] == 512
    assert functions["WebhookFunction"]["Timeout"] < 29  # API Gateway's limit
    seconds = {stage: row["Seconds"] for stage, row in template.document["Mappings"]["Visibility"].items()}
    assert seconds.keys() == set(template.parameters["Stage"]["AllowedValues"])
    assert all(one > functions["DocumentFunction"]["Timeout"] for one in seconds.values())
    # As AWS advises: Lambda tries again what it was throttled on.
    assert {one for stage, one in seconds.items() if stage != "local"} == {6 * functions["DocumentFunction"]["Timeout"]}
    for queue in QUEUES:
        expected = {"Fn::FindInMap": ["Visibility", {"Ref": "Stage"}, "Seconds"]}
        assert template.of_type(QUEUE)[queue]["VisibilityTimeout"] == expected


# --- permissions ------------------------------------------------------------------------------------------------------


def test_no_managed_policies(template: Template) -> None:
    roles = template.of_type("AWS::IAM::Role")

    assert not [name for name, properties in roles.items() if "ManagedPolicyArns" in properties]
    assert not [name for name, properties in template.of_type(FUNCTION).items() if "Policies" in properties]
    # SAM writes a role of its own, with managed policies, for a function that names none.
    assert all("Role" in properties for properties in template.of_type(FUNCTION).values())


def test_each_role_can_be_bounded(template: Template) -> None:
    bounds = [role.get("PermissionsBoundary") for role in template.of_type("AWS::IAM::Role").values()]
    bounded = {"Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    assert bounds == [bounded] * len(bounds)


def test_actions_have_no_wildcard_beyond_the_list(template: Template) -> None:
    found = {
        (owner, action)
        for owner, statement in template.statements()
        for action in as_list(statement["Action"])
        if "*" in action
    }
    assert found == ALLOWED_ACTION_WILDCARDS


def test_resources_have_no_wildcard_beyond_the_list(template: Template) -> None:
    found = {
        (owner, statement["Sid"]) for owner, statement in template.statements() if "*" in as_list(statement["Resource"])
    }
    assert found == ALLOWED_RESOURCE_WILDCARDS


def test_every_statement_says_what_it_is_for(template: Template) -> None:
    for owner, statement in template.statements():
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"]), owner
        assert "NotAction" not in statement
        assert "NotResource" not in statement


def test_the_webhook_can_seal_but_not_open_and_reads_no_outbound_secret(template: Template) -> None:
    statements = [statement for owner, statement in template.statements() if owner == "WebhookRole"]
    actions = {action for statement in statements for action in as_list(statement["Action"])}
    resources = [resource for statement in statements for resource in as_list(statement["Resource"])]

    assert {action for action in actions if action.startswith("kms:")} == {"kms:Encrypt"}
    assert not [action for action in actions if action.startswith("s3:")]
    assert {"Fn::GetAtt": ["OutboundSecret", "Id"]} not in resources


def test_the_consent_function_can_seal_but_not_open_reads_no_secret_and_is_there_only_when_needed(
    template: Template,
) -> None:
    statements = [statement for owner, statement in template.statements() if owner == "ConsentRole"]
    actions = {action for statement in statements for action in as_list(statement["Action"])}

    assert actions == {
        *("logs:CreateLogStream", "logs:PutLogEvents"),
        *("dynamodb:Query", "dynamodb:UpdateItem"),
        *("kms:Encrypt", "sqs:SendMessage*"),
    }
    assert not [name for name in template.environment("ConsentFunction") if "SECRET" in name or name == "CONSENT_URL"]
    for name in ("ConsentFunction", "ConsentRole", "ConsentLogGroup"):
        assert template.resources[name]["Condition"] == "IsOnPage"


def test_the_form_function_opens_forms_only_holds_no_credential_and_is_there_only_when_needed(
    template: Template,
) -> None:
    statements = [statement for owner, statement in template.statements() if owner == "FormRole"]
    keys = {action: statement["Resource"] for statement in statements for action in as_list(statement["Action"])}

    assert keys["kms:Decrypt"] == {"Fn::GetAtt": ["FormKey", "Arn"]}
    assert keys["kms:Encrypt"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert not [
        name for name in template.environment("FormFunction") if "OUTBOUND" in name or "URL" in name.split("_")[0]
    ]
    for name in ("FormFunction", "FormRole", "FormLogGroup", "FormKey", "FormLayer"):
        assert template.resources[name]["Condition"] == "IsByForm"
    (event,) = template.of_type(FUNCTION)["FormFunction"]["Events"].values()
    assert (event["Properties"]["Method"], event["Properties"]["Path"]) == ("POST", "/form")


def test_the_pages_are_reached_by_reading_and_by_the_form_of_the_first_one_only(template: Template) -> None:
    events = template.of_type(FUNCTION)["ConsentFunction"]["Events"].values()
    routes = {(event["Properties"]["Method"], event["Properties"]["Path"]) for event in events}
    assert routes == {("GET", "/consent"), ("GET", "/consent/start"), ("POST", "/consent/start")}


def test_the_pages_have_a_domain_of_their_own_only_with_a_zone_and_their_address(template: Template) -> None:
    asked = EXAMPLES | {"Stage": "prod", "SignIn": "consent-page", "CertificateOrigin": "amazon"}
    made = ("ConsentCertificate", "ConsentDomain", "ConsentDomainMapping", "ConsentDomainRecord")

    assert template.accepts(**asked)
    assert all(template.exists(name, **asked) for name in made)
    assert not any(template.exists(name, **asked | {"PagesDomain": ""}) for name in made)
    for name, value in {"HostedZoneId": "", "PublicUrl": "", "SignIn": "in-chat"}.items():
        assert not template.accepts(**asked | {name: value})
    mapping = template.resources["ConsentDomainMapping"]["Properties"]
    assert mapping["RestApiId"] == {"Ref": "ConsentApi"}
    assert template.resources["ConsentDomainRecord"]["Properties"]["AliasTarget"]["DNSName"] == {
        "Fn::GetAtt": ["ConsentDomain", "RegionalDomainName"]
    }


def test_where_digilocker_sends_her_back_to_is_what_the_operator_registers(template: Template) -> None:
    told = template.environment("DocumentFunction")["CONSENT_URL"]
    own, address, otherwise = told["Fn::If"]
    assert template.outputs["ConsentUrl"]["Value"]["Fn::If"] == [own, address, otherwise["Fn::If"][1]]
    assert otherwise["Fn::If"][::2] == ["IsOnPage", ""]
    assert template.outputs["ConsentUrl"]["Condition"] == "IsOnPage"


# --- settings and secrets ---------------------------------------------------------------------------------------------


class _Recording(Mapping[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _deployed(template: Template, function: str) -> dict[str, str]:
    """The environment as a deployment with the least parameters would have it."""
    given = {"SignIn": "consent-page", "WhatsAppPhoneNumberId": "100000000000001", "WhatsAppNumber": "919013151515"}
    defaults = {name: str(parameter.get("Default")) for name, parameter in template.parameters.items()}
    conditions = template.document["Conditions"]

    def value(raw: Any) -> str:
        match raw:
            case {"Ref": name} if name in template.parameters:
                return given.get(name, defaults[name])
            case {"Fn::If": [condition, then, otherwise]}:
                return value(then if evaluate(conditions[condition], defaults | given) else otherwise)
            case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _}:
                return "https://made-up.example/resource"
            case _:
                return str(raw)

    return {name: value(raw) for name, raw in template.environment(function).items()}


@pytest.mark.parametrize(
    ("function", "read"),
    [
        pytest.param("WebhookFunction", WebhookSettings.from_environment, id="webhook"),
        pytest.param("ConsentFunction", ConsentSettings.from_environment, id="consent"),
        pytest.param("DocumentFunction", DocumentSettings.from_environment, id="document"),
    ],
)
def test_a_function_gets_the_settings_it_reads_and_no_others(
    template: Template, function: str, read: Callable[[Mapping[str, str]], object]
) -> None:
    environment = _Recording(_deployed(template, function))

    read(environment)

    by_the_logging_library = {name for name in environment if name.startswith("POWERTOOLS_")} | {"LOG_LEVEL"}
    assert environment.asked == environment.keys() - by_the_logging_library
    assert {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"} == by_the_logging_library


def test_no_secret_stands_in_an_environment_variable(template: Template) -> None:
    secrets = template.of_type("AWS::SecretsManager::Secret").keys()

    for function in template.of_type(FUNCTION):
        for name, value in template.environment(function).items():
            if any(secret in str(value) for secret in secrets):
                assert name.endswith("_SECRET_ARN")
                assert value["Fn::GetAtt"][1] == "Id"
    assert "{{resolve:" not in template.text
    # A parameter for a secret would end up in the stack's history or in somebody's shell.
    assert not [name for name in template.parameters if re.search(r"Secret|Token|Password|Key", name)]


def test_the_template_leaves_the_secrets_to_the_operator(template: Template) -> None:
    secrets = template.of_type("AWS::SecretsManager::Secret")

    for properties in secrets.values():
        assert "SecretString" not in properties
    assert secrets["WebhookSecret"]["GenerateSecretString"]["GenerateStringKey"] == "id_pepper"
    # Changing these lines would make CloudFormation generate the secrets anew, over what the operator filled in.
    assert {
        name: properties["GenerateSecretString"]["SecretStringTemplate"] for name, properties in secrets.items()
    } == {
        "WebhookSecret": '{"app_secrets": [], "verify_token": ""}',
        "OutboundSecret": '{"whatsapp_access_token": "", "digilocker_client_id": "", "digilocker_client_secret": ""}',
        # No pepper is generated here: a second one would give every citizen a second id.
        "IdentitySecret": '{"id_pepper": ""}',
    }
    assert secrets["IdentitySecret"]["GenerateSecretString"]["GenerateStringKey"] == "form_token_key"


def test_what_ids_are_keyed_with_outlives_the_stack_like_the_tables(template: Template) -> None:
    secret = template.resources["IdentitySecret"]

    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize(
    ("secret", "readers"),
    [
        ("IdentitySecret", {"WebhookRole", "FormRole", "DocumentRole"}),
        ("WebhookSecret", {"WebhookRole", "FormRole"}),
        ("OutboundSecret", {"DocumentRole"}),
    ],
)
def test_who_reads_a_secret(template: Template, secret: str, readers: set[str]) -> None:
    named = {"Fn::GetAtt": [secret, "Id"]}

    assert {role for role, statement in template.statements() if named in as_list(statement["Resource"])} == readers


def test_no_public_function_has_a_right_on_records(template: Template) -> None:
    named = {"Fn::GetAtt": ["RecordsTable", "Arn"]}

    found = {role for role, statement in template.statements() if named in as_list(statement["Resource"])}
    assert found == {"DocumentRole"}
    with_it = {name for name in template.of_type(FUNCTION) if "RECORDS_TABLE" in template.environment(name)}
    assert with_it == {"DocumentFunction"}


# --- queues, and who works on them ------------------------------------------------------------------------------------


def _dead_letter_queues(template: Template) -> dict[str, str]:
    return {
        name: properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for name, properties in template.of_type(QUEUE).items()
        if "RedrivePolicy" in properties
    }


def test_each_queue_has_a_dead_letter_queue_that_keeps_messages_longer(template: Template) -> None:
    queues = template.of_type(QUEUE)
    pairs = _dead_letter_queues(template)

    assert queues.keys() == pairs.keys() | set(pairs.values())
    assert not pairs.keys() & set(pairs.values())
    for queue, dead_letters in pairs.items():
        assert queues[dead_letters]["MessageRetentionPeriod"] > queues[queue]["MessageRetentionPeriod"]
        assert queues[dead_letters].get("FifoQueue") == queues[queue].get("FifoQueue")
        assert queues[queue]["RedrivePolicy"]["maxReceiveCount"] == 8


def test_each_function_has_a_reserve_only_if_one_is_asked_for(template: Template) -> None:
    webhook = template.of_type(FUNCTION)["WebhookFunction"]
    condition = template.document["Conditions"]["ReservesConcurrency"]

    assert webhook["ReservedConcurrentExecutions"] == {
        "Fn::If": ["ReservesConcurrency", {"Ref": "WebhookConcurrency"}, {"Ref": "AWS::NoValue"}]
    }
    assert template.parameters["WebhookConcurrency"]["Default"] == 0
    assert evaluate(condition, {"WebhookConcurrency": "50"})
    assert not evaluate(condition, {"WebhookConcurrency": "0"})


def test_each_source_of_work_is_limited_at_every_stage_but_local(template: Template) -> None:
    events = template.of_type(FUNCTION)["DocumentFunction"]["Events"].values()

    def limit(condition: str, parameter: str, column: str) -> dict[str, Any]:
        own = {"Fn::FindInMap": ["Concurrency", {"Ref": "Stage"}, column]}
        chosen = {"Fn::If": [condition, {"Ref": parameter}, own]}
        return {"Fn::If": ["IsNotLocal", {"MaximumConcurrency": chosen}, {"Ref": "AWS::NoValue"}]}

    work, reply = (
        limit("ChoosesConcurrency", "MaximumConcurrency", "Most"),
        limit("ChoosesReplyConcurrency", "ReplyConcurrency", "Replies"),
    )
    assert [event["Properties"]["ScalingConfig"] for event in events] == [work, reply, work]
    assert template.document["Mappings"]["Concurrency"] == {
        stage: {"Most": most, "Replies": replies}
        for stage, most, replies in (("local", 5, 5), ("dev", 5, 3), ("staging", 20, 10), ("prod", 150, 50))
    }
    # Lambda takes no less than 2 and no more than 1000; 0 leaves it to the stage.
    for condition, parameter in (
        ("ChoosesConcurrency", "MaximumConcurrency"),
        ("ChoosesReplyConcurrency", "ReplyConcurrency"),
    ):
        assert template.parameters[parameter]["Default"] == 0
        assert template.parameters[parameter]["MaxValue"] == 1000
        assert [template.holds(condition, **{parameter: given}) for given in ("0", "50")] == [False, True]


def test_a_desk_that_is_closed_goes_on_with_timers_alone_so_that_it_forgets(template: Template) -> None:
    events = template.of_type(FUNCTION)["DocumentFunction"]["Events"]
    is_open = template.document["Conditions"]["IsOpen"]

    for lane in ("Work", "Reply"):
        assert events[lane]["Properties"]["Enabled"] == {"Fn::If": ["IsOpen", True, False]}
    assert events["Timer"]["Properties"]["Enabled"] is True
    assert template.parameters["ServiceOpen"]["Default"] == "true"
    assert evaluate(is_open, {"ServiceOpen": "true"})
    assert not evaluate(is_open, {"ServiceOpen": "false"})


def test_work_is_in_order_for_each_citizen_and_encrypted(template: Template) -> None:
    for lane in ("WorkQueue", "ReplyQueue"):
        queue = template.of_type(QUEUE)[lane]
        assert queue["FifoQueue"] is True
        assert (queue["DeduplicationScope"], queue["FifoThroughputLimit"]) == ("messageGroup", "perMessageGroupId")
    assert all(queue["SqsManagedSseEnabled"] is True for queue in template.of_type(QUEUE).values())


def test_all_queues_are_consumed_one_message_at_a_time_with_partial_failures(template: Template) -> None:
    events = template.of_type(FUNCTION)["DocumentFunction"]["Events"]

    assert [event["Properties"]["Queue"]["Fn::GetAtt"][0] for event in events.values()] == list(QUEUES)
    for event in events.values():
        assert event["Properties"]["BatchSize"] == 1
        assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


# --- table, bucket, key, API ------------------------------------------------------------------------------------------


BACKUP_DAYS = {"ConversationsTable": 1, "RecordsTable": 35}
"""How long a table can be restored. Of conversations, a backup is a copy of what was promised to be forgotten."""


def test_the_tables_forget_by_themselves_and_are_backed_up_for_their_days(template: Template) -> None:
    tables = template.of_type("AWS::DynamoDB::Table")

    assert tables.keys() == BACKUP_DAYS.keys()
    for name, table in tables.items():
        backup = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": BACKUP_DAYS[name]}
        assert [key["AttributeName"] for key in table["KeySchema"]] == ["conversation", "part"]
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"] == backup


@pytest.mark.parametrize("name", BACKUP_DAYS)
def test_a_table_outlives_its_stack_and_in_prod_refuses_deletion(template: Template, name: str) -> None:
    table = template.resources[name]

    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    protected = table["Properties"]["DeletionProtectionEnabled"]["Fn::If"]
    assert protected == ["IsProd", True, False]
    stages = template.parameters["Stage"]["AllowedValues"]
    assert [stage for stage in stages if template.holds(protected[0], Stage=stage)] == ["prod"]


def test_the_bucket_is_shut_encrypted_and_emptied(template: Template) -> None:
    (bucket,) = template.of_type("AWS::S3::Bucket").values()
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert (rule["Status"], rule["ExpirationInDays"], rule["Prefix"]) == ("Enabled", 1, DOCUMENTS)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_what_lies_beside_the_documents_is_kept(template: Template) -> None:
    (bucket,) = template.of_type("AWS::S3::Bucket").values()
    assert not [rule for rule in bucket["LifecycleConfiguration"]["Rules"] if DIRECTORY.startswith(rule["Prefix"])]


def test_the_bucket_refuses_plain_http_at_every_stage_but_local(template: Template) -> None:
    policy = template.resources["DocumentsBucketPolicy"]
    condition = template.document["Conditions"][policy["Condition"]]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    assert [
        stage for stage in template.parameters["Stage"]["AllowedValues"] if not evaluate(condition, {"Stage": stage})
    ] == ["local"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_data_key_rotates_and_the_forms_opens_by_one_algorithm_only(template: Template) -> None:
    keys = template.of_type("AWS::KMS::Key")
    assert keys["DataKey"]["EnableKeyRotation"] is True
    assert (keys["FormKey"]["KeySpec"], keys["FormKey"]["KeyUsage"]) == ("RSA_2048", "ENCRYPT_DECRYPT")
    (where, denied, _) = keys["FormKey"]["KeyPolicy"]["Statement"][1]["Fn::If"]
    assert where == "IsNotLocal"
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "kms:Decrypt")
    assert denied["Condition"] == {"StringNotEquals": {"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}}


@pytest.mark.parametrize("name", ["Api", "ConsentApi", "FormApi"])
def test_the_access_log_names_its_fields_and_no_person(template: Template, name: str) -> None:
    api = template.of_type("AWS::Serverless::Api")[name]
    _, setting, otherwise = api["AccessLogSetting"]["Fn::If"]
    fields = set(re.findall(r"\$context\.([A-Za-z.]+)", setting["Format"]))

    assert otherwise == {"Ref": "AWS::NoValue"}
    assert fields
    # `path` would hold what stands in place of a parameter; the query string has no field of its own but in these.
    assert not [
        field
        for field in fields
        if re.search(r"identity|path$|querystring|authorizer|domainName", field) and field != "resourcePath"
    ]
    # Execution logs hold whole bodies.
    assert all(
        setting["LoggingLevel"] == "OFF" and not setting["DataTraceEnabled"] for setting in api["MethodSettings"]
    )


@pytest.mark.parametrize(
    ("given", "sets_the_role", "writes_the_log"),
    [("false", False, False), ("existing", False, True), ("true", True, True)],
)
def test_the_accounts_role_for_access_logs_is_set_only_if_that_is_asked_for(
    template: Template, given: str, *, sets_the_role: bool, writes_the_log: bool
) -> None:
    for name in ("ApiGatewayAccount", "ApiGatewayLogRole"):
        assert template.exists(name, ManageApiGatewayAccount=given) is sets_the_role
        # Other APIs of the account go on needing it.
        assert template.resources[name]["DeletionPolicy"] == template.resources[name]["UpdateReplacePolicy"] == "Retain"
    assert template.exists("ApiAccessLogGroup", ManageApiGatewayAccount=given) is writes_the_log
    for api in template.of_type("AWS::Serverless::Api").values():
        assert api["AccessLogSetting"]["Fn::If"][0] == template.resources["ApiAccessLogGroup"]["Condition"]
    assert template.parameters["ManageApiGatewayAccount"]["Default"] == "false"


def test_calls_above_the_limit_are_turned_away(template: Template) -> None:
    for api in template.of_type("AWS::Serverless::Api").values():
        (setting,) = api["MethodSettings"]
        assert (setting["ResourcePath"], setting["HttpMethod"]) == ("/*", "*")
        assert setting["ThrottlingRateLimit"] == setting["ThrottlingBurstLimit"] == {"Ref": "RequestsPerSecond"}


# --- parameters -------------------------------------------------------------------------------------------------------


def test_only_what_nobody_can_guess_has_no_default(template: Template) -> None:
    without = {name for name, parameter in template.parameters.items() if "Default" not in parameter}
    assert without == {"WhatsAppPhoneNumberId", "SignIn"}


def test_every_parameter_is_described_labelled_and_asked_for_with_its_group(template: Template) -> None:
    interface = template.document["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]

    # The console goes by the groups, `sam deploy --guided` by the order in the file.
    assert grouped == list(template.parameters)
    assert interface["ParameterLabels"].keys() == template.parameters.keys()
    assert all(parameter["Description"] for parameter in template.parameters.values())


def test_every_parameter_is_refused_before_anything_is_deployed_if_it_cannot_be_right(template: Template) -> None:
    for name, parameter in template.parameters.items():
        assert 20 < len(parameter["Description"]) <= 400, name
        if parameter["Type"] == "Number":  # AWS's own message names the bounds
            assert parameter["MinValue"] < parameter["MaxValue"], name
        elif "AllowedValues" not in parameter:
            assert parameter["AllowedPattern"], name
            assert parameter["ConstraintDescription"].startswith("must "), name


def test_defaults_satisfy_their_own_constraints(template: Template) -> None:
    for name, parameter in template.parameters.items():
        if "Default" not in parameter:
            continue
        default = parameter["Default"]
        if "AllowedPattern" in parameter:
            assert re.fullmatch(parameter["AllowedPattern"], default), name
            assert parameter["ConstraintDescription"]
        if parameter["Type"] == "Number":
            assert parameter["MinValue"] <= default <= parameter["MaxValue"], name
        if "AllowedValues" in parameter:
            assert default in parameter["AllowedValues"], name


RIGHT_AND_WRONG = [
    ("WhatsAppPhoneNumberId", "100000000000001", "+91 90131 51515"),
    ("WhatsAppApiUrl", "http://127.0.0.1:8080/graph", "https://graph.facebook.com/"),
    ("DigiLockerUrl", "https://digilocker.meripehchaan.gov.in", "digilocker.meripehchaan.gov.in"),
    ("WhatsAppApiVersion", "v26.0", "26"),
    ("AlarmEmail", "desk@example.org", "desk"),
    ("PagesDomain", "sign-in.example.gov.in", "https://sign-in.example.gov.in"),
    ("HostedZoneId", "Z0123456789ABCDEFGHIJ", "example.gov.in"),
    ("PageTarget", "arn:aws:sns:ap-south-1:123456789012:on-call", "on-call"),
    ("PermissionsBoundary", "arn:aws:iam::123456789012:policy/bounds", "bounds"),
    ("Release", "0123456789abcdef", "v1.2"),
    ("OwnershipCertificateArn", "arn:aws:acm:ap-south-1:123456789012:certificate/1b2c-3d", "webhook.example.gov.in"),
    ("TruststoreVersion", "3HL4kqtJvjVBH40Nrjfkd", "version 3"),
    (
        "CodeSigningConfigArn",
        "arn:aws:lambda:ap-south-1:123456789012:code-signing-config:csc-0123456789abcdef0",
        "csc-0123456789abcdef0",
    ),
    ("Helpline", "1800 300 3468", "call us"),
    ("Department", "Dept. of Electronics & IT, Odisha", "ସୂଚନା ପ୍ରଯୁକ୍ତି ବିଭାଗ"),
    ("Grievance", "1800-345-6770, grievance@it.example.gov.in", "*{contact}*"),
    ("PrivacyPage", "https://it.example.gov.in/privacy", "http://it.example.gov.in/privacy"),
    ("DomainName", "webhook.example.gov.in", "https://webhook.example.gov.in"),
    ("CertificateArn", "arn:aws:acm:ap-south-1:123456789012:certificate/1b2c-3d", "webhook.example.gov.in"),
    ("MutualTls", "s3://certificates/meta/ca-2025-12.pem", "https://certificates.example/ca.pem"),
    ("PublicUrl", "https://desk.example.gov.in", "https://desk.example.gov.in/"),
    ("WhatsAppNumber", "919013151515", "+91 90131 51515"),
    ("RequestedDoctypes", "PANCR,DRVLC", "PANCR, DRVLC"),
    ("ServiceName", "Help desk", "Help-desk"),
    ("Purpose", "Sending documents to the citizen", "Sending documents, by WhatsApp"),
    ("InChatApproval", "Letter 7 of the Authority, 1 July 2026", "Letter 7" + chr(10) + "of the Authority"),
]


def test_each_pattern_is_tried(template: Template) -> None:
    patterns = {name for name, parameter in template.parameters.items() if "AllowedPattern" in parameter}
    assert {name for name, *_ in RIGHT_AND_WRONG} == patterns


@pytest.mark.parametrize("name", ["WhatsAppApiUrl", "DigiLockerUrl", "PublicUrl"])
def test_plain_http_is_taken_only_for_this_machine(template: Template, name: str) -> None:
    pattern = template.parameters[name]["AllowedPattern"]
    local = ("127.0.0.1:8080", "127.0.0.1:40123/graph", "localhost:8080", "host.docker.internal:8080/graph")
    elsewhere = ("desk.example.gov.in", "127.0.0.1.example.org", "localhost.example.org", "127.0.0.1@example.org")

    assert all(re.fullmatch(pattern, f"http://{address}") for address in local)
    assert not any(re.fullmatch(pattern, f"http://{address}") for address in elsewhere)
    assert all(re.fullmatch(pattern, f"https://{address}") for address in (*local, "desk.example.gov.in/a"))


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ({"WebAcl": "0"}, True),
        *(({"WebAcl": str(limit)}, False) for limit in range(1, 10)),
        ({"WebAcl": "10"}, True),
        ({"MaximumConcurrency": "0"}, True),
        ({"MaximumConcurrency": "1"}, False),
        ({"MaximumConcurrency": "2"}, True),
    ],
)
def test_a_number_that_aws_would_refuse_later_is_refused_at_once(
    template: Template, given: dict[str, str], *, passes: bool
) -> None:
    assert template.accepts(SignIn="in-chat", **given) is passes


@pytest.mark.parametrize(("name", "right", "wrong"), RIGHT_AND_WRONG)
def test_patterns_tell_right_from_wrong(template: Template, name: str, right: str, wrong: str) -> None:
    pattern = template.parameters[name]["AllowedPattern"]
    assert re.fullmatch(pattern, right)
    assert not re.fullmatch(pattern, wrong)


@pytest.mark.parametrize(
    ("stage", "approval", "passes"),
    [("prod", "", False), ("prod", "Letter 7 of the Authority", True), ("staging", "", True), ("local", "", True)],
)
def test_asking_for_aadhaar_in_the_chat_of_prod_needs_an_approval(
    template: Template, stage: str, approval: str, *, passes: bool
) -> None:
    rule = template.document["Rules"]["InChatNeedsApproval"]
    parameters = {"Stage": stage, "SignIn": "in-chat", "InChatApproval": approval}

    applies = evaluate(rule["RuleCondition"], parameters)
    holds = all(evaluate(assertion["Assert"], parameters) for assertion in rule["Assertions"])

    assert (not applies or holds) is passes


@pytest.mark.parametrize("missing", ["Department", "Grievance", "PrivacyPage"])
def test_prod_says_who_asks_for_consent_and_who_answers_for_it(template: Template, missing: str) -> None:
    named = {name: EXAMPLES[name] for name in ("Department", "Grievance", "PrivacyPage", "InChatApproval")}
    assert template.accepts(Stage="prod", SignIn="in-chat", **named)
    assert not template.accepts(Stage="prod", SignIn="in-chat", **named | {missing: ""})
    assert template.accepts(Stage="staging", SignIn="in-chat", **{missing: ""})


@pytest.mark.parametrize(
    ("sign_in", "number", "mismatch", "version", "passes"),
    [
        ("consent-page", "", "ask", "1.x", False),
        ("consent-page", "919013151515", "ask", "1.x", True),
        ("consent-page", "919013151515", "refuse", "1.x", False),
        ("consent-page", "919013151515", "refuse", "2.4", True),
        ("in-chat", "", "refuse", "1.x", True),
    ],
)
def test_signing_in_on_the_page_needs_what_its_pages_and_its_check_need(
    template: Template, sign_in: str, number: str, mismatch: str, version: str, *, passes: bool
) -> None:
    given = {"SignIn": sign_in, "WhatsAppNumber": number, "MobileMismatch": mismatch, "DigiLockerVersion": version}
    assert template.accepts(**given) is passes


def test_each_environment_of_samconfig_sets_parameters_that_exist(template: Template) -> None:
    samconfig = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = {name: settings for name, settings in samconfig.items() if isinstance(settings, dict)}
    assert environments.pop("default").keys() == {
        "global",
        "local_invoke",
        "local_start_api",
    }  # for testers, beside `make run`

    assert environments.keys() == set(template.parameters["Stage"]["AllowedValues"])
    for name, settings in environments.items():
        deploy = settings["deploy"]["parameters"]
        overrides = dict(override.split("=", 1) for override in deploy["parameter_overrides"])
        assert overrides.keys() <= template.parameters.keys()
        assert overrides["Stage"] == name
        assert settings["global"]["parameters"]["region"] == "ap-south-1"
        # CloudFormation puts the stack's tags on everything in it: that is how a bill is told apart.
        assert deploy["tags"] == ["application=helpdesk", f"stage={name}"]


def test_the_outputs_that_others_rely_on_are_there(template: Template) -> None:
    assert {
        "WebhookUrl",
        "ConversationsTableName",
        "RecordsTableName",
        "WorkQueueUrl",
        "DeadLetterQueueUrl",
        "DocumentsBucketName",
    } <= template.outputs.keys()


def test_every_rule_that_does_not_fit_is_said_why(template: Template) -> None:
    exceptions = [resource["Metadata"] for resource in template.resources.values() if "Metadata" in resource]
    skips = [skip for metadata in exceptions for skip in metadata.get("checkov", {}).get("skip", [])]
    ignored = {
        rule for one in exceptions for rule in one.get("cfn-lint", {}).get("config", {}).get("ignore_checks", [])
    }
    head = template.text.partition("Metadata:\n")[0]

    assert skips
    assert all(len(skip["comment"].split()) >= 4 for skip in skips)
    assert ignored == set(re.findall(r"\b[EW]S\d{4}\b", head))


def test_sam_and_cfn_lint_find_nothing(tmp_path: Path) -> None:
    sam = Path(sys.prefix) / "sam" / "bin" / "sam"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_DEFAULT_REGION": "ap-south-1",
        "SAM_CLI_TELEMETRY": "0",
    }

    checked = subprocess.run(  # noqa: S603 - the words are this test's own
        [str(sam), "validate", "--lint", "--template-file", str(ROOT / "template.yaml")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


# --- what only AWS itself knows ---------------------------------------------------------------------------------------

ONLY_ON_AWS = {
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
}


def test_what_the_emulator_does_not_know_is_deployed_to_prod_and_not_locally(template: Template) -> None:
    given = EXAMPLES | {"SignIn": "consent-page", "GradualDeployment": "Canary10Percent15Minutes"}
    kinds = {}
    for stage in ("local", "prod"):
        parameters = defaults_of(template.document) | given | {"Stage": stage, "CertificateOrigin": "amazon"}
        resources = concrete(transform(template.document, parameters), parameters)["Resources"]
        kinds[stage] = {resource["Type"] for resource in resources.values()}
        functions = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::Function"]
        sources = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::Lambda::EventSourceMapping"]
        assert {"CodeSigningConfigArn" in function for function in functions} == {stage == "prod"}
        assert {"ScalingConfig" in source for source in sources} == {stage == "prod"}

    assert kinds["prod"] >= ONLY_ON_AWS
    assert not kinds["local"] & ONLY_ON_AWS


def test_no_bucket_queue_secret_or_topic_takes_a_call_without_tls(template: Template) -> None:
    denials = {owner: one for owner, one in template.statements() if one["Sid"] == "OnlyByTls"}
    guarded = {
        *template.of_type(QUEUE),
        *template.of_type("AWS::SecretsManager::Secret"),
        "DocumentsBucket",
        "AlarmTopic",
    }
    assert denials.keys() == {f"{name}Policy" for name in guarded}
    for one in denials.values():
        assert (one["Effect"], one["Principal"]) == ("Deny", "*")
        assert one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# --- what outlives the stack ------------------------------------------------------------------------------------------


def test_consents_the_pepper_that_names_them_and_logs_outlive_the_stack(template: Template) -> None:
    kept = {name for name, one in template.resources.items() if one.get("DeletionPolicy") == "RetainExceptOnCreate"}
    logs = template.of_type("AWS::Logs::LogGroup").keys()

    assert kept >= {"RecordsTable", "IdentitySecret", *logs}
    assert all(template.resources[name]["UpdateReplacePolicy"] == "Retain" for name in kept)


def test_stages_of_one_account_do_not_share_the_name_of_a_layer_or_a_dashboard(template: Template) -> None:
    layers = template.of_type("AWS::Serverless::LayerVersion")
    (dashboard,) = template.of_type("AWS::CloudWatch::Dashboard").values()

    assert layers["HelpdeskLayer"]["LayerName"] == {"Fn::Sub": "${AWS::StackName}-helpdesk"}
    assert layers["FormLayer"]["LayerName"] == {"Fn::Sub": "${AWS::StackName}-form"}
    # One name space for all regions of an account.
    assert dashboard["DashboardName"] == {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}
