"""Each of the doctor's checks finds its fault in a desk that had none, and says what to do."""

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.handlers import format_date_time

import boto3
import pytest
import requests
from botocore.exceptions import NoCredentialsError
from moto.cloudwatch.models import cloudwatch_backends

from operations.stack import Stack
from operations.stage import checks, doctor
from operations.stage.checks import CHECKS, Check, Patient
from operations.stage.doctor import Unknown, examine, examine_all, report
from operations.stage.findings import Finding, Fine, Mend
from operations.stage.smoke import Trial
from standins.whatsapp.business import Business
from tests.integration.desk import Desk, running_desk
from tests.integration.moto_aws import REGION, Moto

ALARM_EMAIL = "alarms@example.org"
HIGH_THROUGHPUT = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}

type Spoil = Callable[[Desk], None]
"""Makes the desk, or its neighbours, as people leave them."""


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(on=Moto) as running:
        yield running


@pytest.fixture(scope="module")
def deployed(desk: Desk) -> Stack:
    """The desk as a stack of CloudFormation's, with everything done that has to be done by hand."""
    put_metric(desk, "Messages", 3)
    environment = desk.environment
    return Stack(
        "helpdesk-dev",
        "CREATE_COMPLETE",
        "",
        {
            "WebhookUrl": str(desk.simulator.webhook_url),
            "WebhookSecretArn": environment["WEBHOOK_SECRET_ARN"],
            "OutboundSecretArn": environment["OUTBOUND_SECRET_ARN"],
            "IdentitySecretArn": environment["IDENTITY_SECRET_ARN"],
            "WorkQueueUrl": environment["WORK_QUEUE_URL"],
            "ReplyQueueUrl": environment["REPLY_QUEUE_URL"],
        },
        {
            "Stage": "dev",
            "ServiceOpen": "true",
            "MaximumConcurrency": "50",
            "WebhookConcurrency": "0",
            "AlarmEmail": ALARM_EMAIL,
            "WhatsAppPhoneNumberId": environment["WHATSAPP_PHONE_NUMBER_ID"],
            "WhatsAppApiUrl": environment["WHATSAPP_API_URL"],
            "WhatsAppApiVersion": environment["WHATSAPP_API_VERSION"],
            "DigiLockerUrl": environment["DIGILOCKER_URL"],
        },
    )


@pytest.fixture(autouse=True)
def mended(desk: Desk, deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins with a desk that has no fault."""
    secrets = desk.client("secretsmanager")
    arns = [desk.environment[f"{name}_SECRET_ARN"] for name in ("WEBHOOK", "OUTBOUND", "IDENTITY")]
    kept = {arn: secrets.get_secret_value(SecretId=arn)["SecretString"] for arn in arns}
    counted = cloudwatch_backends["123456789012"][REGION].metric_data
    before = list(counted)
    for lane in ("WORK", "REPLY"):
        url = desk.environment[f"{lane}_QUEUE_URL"]
        desk.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=HIGH_THROUGHPUT)
    monkeypatch.setattr("operations.stage.checks.boto3.client", Account().client)
    yield
    desk.mend()
    vars(desk.simulator.world.business).update(vars(Business()))
    desk.simulator.webhook_url = deployed.outputs["WebhookUrl"]
    counted[:] = before
    for arn, value in kept.items():
        secrets.put_secret_value(SecretId=arn, SecretString=value)
    desk.pass_time(301)  # functions read their secrets again


class Account:
    """What AWS tells that moto's server does not; the other services are moto's."""

    def __init__(
        self,
        *,
        limit: int = 1000,
        alarm_subscription: str = "arn:aws:sns:ap-south-1:123456789012:a:1",
        live: dict[str, Any] | None = None,
    ) -> None:
        self._limit = limit
        self._live = live or {}
        self._alarm_subscription = alarm_subscription
        self._lasting = boto3.client

    def client(self, service: str) -> Any:
        return self if service in {"lambda", "cloudformation", "sns"} else self._lasting(service)

    def get_paginator(self, operation: str) -> "Account":
        self._listed = operation
        return self

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        """One function with two queues, in an account that has no other desk."""
        if self._listed == "describe_stacks":
            return [{"Stacks": []}]
        kinds = {"DocumentFunction": "Function", "Work": "EventSourceMapping", "Timer": "EventSourceMapping"}
        resources = [
            {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": f"AWS::Lambda::{kind}"}
            for name, kind in kinds.items()
        ]
        return [{"StackResourceSummaries": resources}]

    def get_function_configuration(self, *, FunctionName: str, Qualifier: str = "") -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "DocumentFunction"
        latest = {
            "CodeSha256": "new",
            "Layers": [{"Arn": "layer:2"}],
            "Environment": {"Variables": {"HELPLINE": "new"}},
        }
        return latest | {"Version": Qualifier or "$LATEST"} | (self._live if Qualifier == "live" else {})

    def get_function_concurrency(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "DocumentFunction"
        return {}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:  # noqa: N803
        assert UUID in {"Work", "Timer"}
        return {"ScalingConfig": {"MaximumConcurrency": 5}}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self._limit}}

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> dict[str, Any]:  # noqa: N803
        assert (StackName, LogicalResourceId) == ("helpdesk-dev", "AlarmTopic")
        return {"StackResourceDetail": {"PhysicalResourceId": "arn:aws:sns:ap-south-1:123456789012:a"}}

    def list_subscriptions_by_topic(self, *, TopicArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert TopicArn == "arn:aws:sns:ap-south-1:123456789012:a"
        return {"Subscriptions": [{"Endpoint": ALARM_EMAIL, "SubscriptionArn": self._alarm_subscription}]}


def put_metric(desk: Desk, name: str, value: int) -> None:
    """What the webhook counted an hour ago, as CloudWatch reads it from the log."""
    desk.client("cloudwatch").put_metric_data(
        Namespace="helpdesk-dev",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": "service", "Value": "webhook"}],
                "Value": value,
                "Timestamp": dt.datetime.now(dt.UTC) - dt.timedelta(hours=1),
            }
        ],
    )


def put(desk: Desk, variable: str, **fields: object) -> None:
    """Change fields of a secret."""
    secrets, arn = desk.client("secretsmanager"), desk.environment[variable]
    before = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(before | fields))


def found(stack: Stack, check: Check) -> Finding | Unknown:
    return examine(Patient(stack), check)


def with_parameters(stack: Stack, **changed: str) -> Stack:
    return dataclasses.replace(stack, parameters={**stack.parameters, **changed})


def at_meta(**changed: object) -> Spoil:
    return lambda desk: vars(desk.simulator.world.business).update(changed)


def at_digilocker(**fault: object) -> Spoil:
    return lambda desk: desk.simulator.world.faults.set({"digilocker": {"*": fault}})


def in_the_webhooks_secret(**fields: object) -> Spoil:
    return lambda desk: put(desk, "WEBHOOK_SECRET_ARN", **fields)


def in_the_outbound_secret(**fields: object) -> Spoil:
    return lambda desk: put(desk, "OUTBOUND_SECRET_ARN", **fields)


def in_the_identity_secret(**fields: object) -> Spoil:
    return lambda desk: put(desk, "IDENTITY_SECRET_ARN", **fields)


def whatsapp(**habits: bool) -> Spoil:
    return lambda desk: desk.simulator.world.faults.set({"whatsapp": habits})


def answered_by_the_agent(desk: Desk) -> None:
    """A citizen writes, and Meta's agent answers in our place."""
    before = desk.counted["StandbyDeliveries"]
    desk.simulator.world.faults.set({"whatsapp": {"business_agent": True}})
    desk.phone("ASHA VERMA").say("Hi")
    put_metric(desk, "StandbyDeliveries", desk.counted["StandbyDeliveries"] - before)


def calls_another(desk: Desk) -> None:
    desk.simulator.webhook_url = "https://elsewhere.example/webhook"


def by_hand(desk: Desk) -> None:
    desk.client("sqs").set_queue_attributes(
        QueueUrl=desk.environment["WORK_QUEUE_URL"], Attributes={"FifoThroughputLimit": "perQueue"}
    )


def says_no_to_its_secret(desk: Desk) -> None:
    """Somebody has guessed, so the function has just read its secret again; and then another was put in."""
    guess = {"hub.mode": "subscribe", "hub.verify_token": "guessed"}
    requests.get(str(desk.simulator.webhook_url), guess, timeout=5)
    put(desk, "WEBHOOK_SECRET_ARN", verify_token="another")


def test_a_desk_without_a_fault_has_nothing_to_mend(deployed: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine_all(Patient(deployed)) == 0
    printed = capsys.readouterr().out
    assert printed.count("  ok  ") == len(CHECKS)
    assert "nothing to fix." in printed


DAY = 86_400
FAULTS: tuple[tuple[Check, str, Spoil, str, str], ...] = (
    (checks.secret_fields, "app secret", in_the_webhooks_secret(app_secrets=[]), "empty: app_secrets", "make secrets"),
    (
        checks.secret_fields,
        "client",
        in_the_outbound_secret(digilocker_client_id=" ", digilocker_client_secret=""),
        "empty: digilocker_client_id, digilocker_client_secret",
        "make secrets",
    ),
    (
        checks.identity,
        "not moved yet",
        in_the_identity_secret(id_pepper=""),
        "nothing is checked",
        "make deploy STAGE=dev",
    ),
    (checks.identity, "two peppers", in_the_webhooks_secret(id_pepper="another"), "differs", "put-secret-value"),
    (checks.identity, "no key", in_the_outbound_secret(tracking_key=""), "tracking_key", "make deploy STAGE=dev"),
    (checks.identity, "an old app secret", in_the_outbound_secret(app_secret="old"), "newest", "make deploy STAGE=dev"),
    (checks.verify_token, "changed just now", says_no_to_its_secret, "it answered 403", "within half a minute"),
    (checks.access_token, "revoked", in_the_outbound_secret(whatsapp_access_token="old"), "refuses", "make secrets"),
    (checks.access_token, "expired", at_meta(token_expires_at=1), "refuses", "make secrets"),
    (checks.access_token, "expires", at_meta(token_expires_at=int(time.time()) + 3 * DAY), "3 days", "make secrets"),
    (
        checks.access_token,
        "cannot set up",
        at_meta(scopes=("whatsapp_business_messaging",)),
        "lacks whatsapp_business_management",
        "make secrets",
    ),
    (checks.app_live, "in development", at_meta(app_live=False), "BLOCKED", "App mode: Live"),
    (checks.sending, "not paid for", whatsapp(payment_method=False), "WABA BLOCKED", "Add a payment method"),
    (checks.sending, "limited", whatsapp(limited=True), "BUSINESS LIMITED: The business is not", "WhatsApp Manager"),
    (checks.sending, "app", at_meta(app_live=False), "calls the APP BLOCKED", "developers.facebook.com/apps"),
    (checks.business_agent, "unseen", at_meta(fields=("messages",)), "not subscribed to the field standby", "deploy"),
    (checks.business_agent, "answers", answered_by_the_agent, "1 deliveries of a day", "switch it off"),
    (checks.webhook_address, "none", lambda desk: setattr(desk.simulator, "webhook_url", None), "no webhook", "deploy"),
    (checks.webhook_address, "another", calls_another, "elsewhere.example", "make deploy STAGE=dev"),
    (checks.webhook_address, "field", at_meta(fields=("account_update",)), "field messages", "make deploy STAGE=dev"),
    (checks.account_subscription, "none", at_meta(account_subscribed=False), "not subscribed", "make deploy"),
    (
        checks.account_subscription,
        "overridden",
        at_meta(override_callback="https://elsewhere.example/webhook"),
        "elsewhere.example",
        "make deploy",
    ),
    (checks.storage_in_india, "anywhere", at_meta(storage_region=None), "wherever it likes", "storage_configuration"),
    (checks.storage_in_india, "elsewhere", at_meta(storage_region="SG"), "wherever it likes", "storage_configuration"),
    (checks.digilocker, "down", at_digilocker(status=503, times=9), "answers 503", "docs/operations.md"),
    (checks.digilocker, "unreachable", at_digilocker(drop=True, times=9), "does not answer", "DigiLockerUrl"),
    (checks.fifo_throughput, "changed by hand", by_hand, "300 messages a second", "perMessageGroupId"),
)


@pytest.mark.parametrize(
    ("check", "spoil", "what", "how"),
    [(check, spoil, what, how) for check, _, spoil, what, how in FAULTS],
    ids=[f"{check.__name__}: {name}" for check, name, *_ in FAULTS],
)
def test_a_fault_is_found_and_how_to_mend_it_is_told(
    desk: Desk, deployed: Stack, check: Check, spoil: Spoil, what: str, how: str
) -> None:
    assert isinstance(found(deployed, check), Fine)
    spoil(desk)
    finding = found(deployed, check)
    assert isinstance(finding, Mend), finding
    assert what in finding.what
    assert how in finding.how


@pytest.mark.parametrize(
    ("check", "changed", "what", "how"),
    [
        (checks.encrypted_addresses, {"PublicUrl": "http://a.example"}, "plain http: PublicUrl", "SET=PublicUrl=https"),
        (checks.service_open, {"ServiceOpen": "false"}, "closed", "SET=ServiceOpen=true"),
        (checks.graph_version, {"WhatsAppApiVersion": "v99.0"}, "knows no v99.0", "SET=WhatsAppApiVersion="),
        (checks.graph_version, {"WhatsAppApiVersion": "v17.0"}, "answers with v20.0", "SET=WhatsAppApiVersion="),
        (checks.alarm_mail, {"AlarmEmail": ""}, "reach nobody", "SET=AlarmEmail="),
        (checks.digilocker, {"DigiLockerUrl": "http://127.0.0.1:9"}, "does not answer", "DigiLockerUrl"),
    ],
)
def test_a_wrong_parameter_is_found_and_the_command_that_sets_it_is_told(
    deployed: Stack, check: Check, changed: dict[str, str], what: str, how: str
) -> None:
    finding = found(with_parameters(deployed, **changed), check)
    assert isinstance(finding, Mend), finding
    assert what in finding.what
    assert how in finding.how


def test_a_webhook_that_takes_what_nobody_signed_is_found(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.service.inbound.verify", lambda *_: None)
    finding = found(deployed, checks.signatures)
    assert isinstance(finding, Mend)
    assert "an unsigned one is refused (it answered 200)" in finding.what


def test_a_webhook_that_does_not_answer_is_found(deployed: Stack) -> None:
    nowhere = dataclasses.replace(deployed, outputs={**deployed.outputs, "WebhookUrl": "http://127.0.0.1:9/webhook"})
    finding = found(nowhere, checks.signatures)
    assert isinstance(finding, Mend)
    assert "nothing answered" in finding.what


def test_a_redirect_uri_that_digilocker_was_not_told_is_found(desk: Desk, deployed: Stack) -> None:
    uri = "https://desk.example/dev/consent"
    with_consent = dataclasses.replace(deployed, outputs={**deployed.outputs, "ConsentUrl": uri})
    finding = found(with_consent, checks.redirect_uri)
    assert isinstance(finding, Mend)
    assert finding.how.endswith(f"exactly {uri}")

    desk.simulator.register_redirect_uri(uri)
    assert found(with_consent, checks.redirect_uri) == Fine("DigiLocker takes it")


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        ({"AWS": 0, "DigiLocker": 300}, "DigiLocker's is +300 s"),
        ({"AWS": -90, "DigiLocker": -90}, "AWS's is -90 s from this machine's, DigiLocker's is -90 s"),
    ],
)
def test_a_clock_that_is_wrong_is_found(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch, ahead: dict[str, int], words: str
) -> None:
    def answer(url: str, **_: object) -> requests.Response:
        name = "DigiLocker" if "digilocker" in url else "AWS"
        answered = requests.Response()
        # HTTP's dates have no fractions; half a second more keeps the rounding from showing.
        answered.headers["Date"] = format_date_time(dt.datetime.now(dt.UTC).timestamp() + 0.5 + ahead[name])
        return answered

    monkeypatch.setattr("operations.stage.checks.requests.get", answer)
    finding = found(deployed, checks.clocks)
    assert isinstance(finding, Mend)
    assert words in finding.what.replace("+299", "+300").replace("-91", "-90")


def test_an_alarm_mail_that_is_not_confirmed_is_found(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(alarm_subscription="PendingConfirmation")
    monkeypatch.setattr("operations.stage.checks.boto3.client", account.client)
    finding = found(deployed, checks.alarm_mail)
    assert isinstance(finding, Mend)
    assert "has not confirmed" in finding.what


def test_a_new_account_with_its_limit_of_ten_is_found(deployed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.stage.checks.boto3.client", Account(limit=10).client)
    finding = found(deployed, checks.lambda_concurrency)
    assert isinstance(finding, Mend)
    assert "may run 10 functions at once; its desks may take three quarters, and ask for 10" in finding.what
    assert "--quota-code L-B99A9384 --desired-value 14" in finding.how


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Environment": {"Variables": {"HELPLINE": "old"}}}, "DocumentFunction (Environment)"),
        ({"Layers": [{"Arn": "layer:1"}], "CodeSha256": "old"}, "DocumentFunction (CodeSha256, Layers)"),
        ({"SnapStart": {"ApplyOn": "None"}}, "DocumentFunction (SnapStart)"),
    ],
    ids=str,
)
def test_a_version_that_callers_meet_and_that_is_not_what_was_deployed_is_found(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], words: str
) -> None:
    assert isinstance(found(deployed, checks.released_version), Fine)
    monkeypatch.setattr("operations.stage.checks.boto3.client", Account(live=changed).client)
    finding = found(deployed, checks.released_version)
    assert isinstance(finding, Mend)
    assert words in finding.what
    assert "old" not in finding.what
    assert "make deploy STAGE=dev" in finding.how


def test_while_a_version_takes_over_nothing_is_said_about_it(deployed: Stack) -> None:
    finding = found(dataclasses.replace(deployed, status="UPDATE_IN_PROGRESS"), checks.released_version)
    assert isinstance(finding, Unknown)


@pytest.mark.parametrize(("answered", "expected"), [(403, Fine), (401, Mend), (200, Mend), (None, Unknown)])
def test_a_way_around_mutual_tls_is_found(
    deployed: Stack, monkeypatch: pytest.MonkeyPatch, answered: int | None, expected: type
) -> None:
    called: list[str] = []

    def unsigned(url: str) -> Trial:
        called.append(url)
        return Trial("", 401, answered)

    monkeypatch.setattr(checks, "try_unsigned", unsigned)
    assert isinstance(found(deployed, checks.only_by_its_domain), Fine)
    assert called == []
    mutual = with_parameters(deployed, MutualTls="s3://trust/meta.pem", DomainName="webhook.example.gov.in")
    mutual = dataclasses.replace(mutual, outputs={**mutual.outputs, "ApiId": "abc"})
    assert isinstance(found(mutual, checks.only_by_its_domain), expected)
    assert called == ["https://abc.execute-api.ap-south-1.amazonaws.com/dev/webhook"]


def test_without_a_message_for_a_day_nobody_can_tell_that_the_app_is_live(deployed: Stack) -> None:
    quiet = dataclasses.replace(deployed, name="helpdesk-quiet")
    finding = found(quiet, checks.app_live)
    assert isinstance(finding, Unknown)
    assert "look at App mode" in finding.why


def test_behind_mutual_tls_the_webhook_is_not_called_from_here(deployed: Stack) -> None:
    finding = found(with_parameters(deployed, MutualTls="s3://trust/meta.pem"), checks.signatures)
    assert isinstance(finding, Unknown)
    assert "only Meta has the certificate" in finding.why


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"error": 4}, "code 4"),
        ({"drop": True}, "no answer (ConnectionError)"),
        ({"status": 200, "body": {"surprise": 1}}, "not as documented (KeyError)"),
        ({"status": 502, "body": "<html>Bad gateway</html>"}, "code 0"),
    ],
)
def test_a_service_that_does_not_say_is_no_fault_of_the_desk(
    desk: Desk, deployed: Stack, fault: dict[str, object], why: str
) -> None:
    desk.simulator.world.faults.set({"whatsapp": {"subscribed_apps": fault}})
    finding = found(deployed, checks.account_subscription)
    assert isinstance(finding, Unknown)
    assert why in finding.why


def test_every_check_has_a_fault_that_it_finds() -> None:
    elsewhere = {
        *(
            checks.encrypted_addresses,
            checks.service_open,
            checks.graph_version,
            checks.lambda_concurrency,
            checks.alarm_mail,
        ),
        *(checks.signatures, checks.redirect_uri, checks.clocks, checks.released_version, checks.only_by_its_domain),
    }
    assert {check for check, *_ in FAULTS} | elsewhere == set(CHECKS)


def test_what_is_to_mend_ends_with_1_and_no_secret_is_shown(
    desk: Desk, deployed: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_meta(app_live=False, account_subscribed=False)(desk)
    at_digilocker(drop=True, times=9)(desk)
    monkeypatch.setattr("operations.stage.doctor.find_stack", lambda _name: deployed)
    assert doctor.main(["helpdesk-dev"]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("  FIX ") >= 3
    config = desk.config
    for secret in (config.app_secret, config.verify_token, config.access_token, config.client_secret):
        assert secret not in printed.out + printed.err


def test_a_stack_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("operations.stage.doctor.find_stack", lambda _name: None)
    assert doctor.main(["helpdesk-nowhere"]) == 1
    assert "no stack helpdesk-nowhere" in capsys.readouterr().err


def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_name: str) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("operations.stage.doctor.find_stack", refuse)
    assert doctor.main(["helpdesk-dev"]) == 1
    assert "Unable to locate credentials" in capsys.readouterr().err


def test_a_finding_reads_as_a_line_and_its_remedy_below_it() -> None:
    lines = report("service open", Mend("closed", "open it")).splitlines()
    assert lines[0].split() == ["FIX", "service", "open", "closed"]
    assert lines[1].split() == ["->", "open", "it"]
