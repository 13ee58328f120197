"""A deployment that is looked at before it is carried out."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
import responses

from operations.deployment import artifacts as uploading
from operations.deployment import change_set, changes, plan
from operations.deployment.change_set import main
from operations.deployment.changes import table
from operations.deployment.department import FORMS
from operations.settings import settings_of
from tests.unit.operations.conftest import Bucket, CloudFormation
from tools.texts import LANGUAGES

WEBHOOK = "https://api.example/dev/webhook"


def resource(name: str, action: str = "Modify", **more: Any) -> dict[str, Any]:
    change = {"LogicalResourceId": name, "Action": action, "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": change | more}


def detail(path: str, before: str | None, after: str | None, **more: Any) -> dict[str, Any]:
    values = {"BeforeValue": before, "AfterValue": after}
    return {"Target": {"Path": path} | {key: value for key, value in values.items() if value is not None}} | more


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation, build: Path, bucket: Bucket
) -> CloudFormation:
    """A deployed stack, a build, and a `sam package` that uploads it."""

    def sam(*_words: str) -> bool:
        document = json.loads((build / "template.yaml").read_text())
        for name, key in (("Layer", "ContentUri"), ("Function", "CodeUri")):
            uri = bucket.put(f"helpdesk-dev/{name}", {"app.py": (build / name / "app.py").read_text()})
            document["Resources"][name]["Properties"][key] = uri
        (build / "packaged.json").write_text(json.dumps(document))
        return True

    cloudformation.parameters = {"Stage": "dev", "SignIn": "in-chat", "WhatsAppPhoneNumberId": "100000000000001"}
    cloudformation.changes = [resource("Queue")]
    settings = dataclasses.replace(settings_of("dev"), build=build, wait_minutes=2)
    monkeypatch.setattr(uploading, "sam", sam)
    for module in (plan, change_set):
        monkeypatch.setattr(module, "settings_of", lambda _stage: settings)
    monkeypatch.setattr(plan, "build", lambda *_: None)
    monkeypatch.setattr(plan, "room_for", lambda *_: "room enough")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return cloudformation


def proposed(capsys: pytest.CaptureFixture[str], *parameters: str) -> str:
    assert main(["propose", "dev", *parameters]) == 0
    (name,) = re.findall(r"CHANGE_SET=(\S+)", capsys.readouterr().out)
    return str(name)


# --- proposing --------------------------------------------------------------------------------------------------------


def test_what_would_change_is_shown_and_nothing_is_done(
    world: CloudFormation, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))

    assert main(["propose", "dev", "Helpline=1800 3000 3468"]) == 0

    printed = capsys.readouterr().out
    (name,) = world.sets
    assert f"make execute STAGE=dev CHANGE_SET={name}" in printed
    assert (tmp_path / "output").read_text() == f"change_set={name}\n"
    assert (tmp_path / "summary").read_text().strip() in printed
    assert world.executed == []


def test_prod_is_not_deployed_before_the_department_has_its_name_in_every_language(
    world: CloudFormation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = tmp_path / FORMS
    forms.parent.mkdir(parents=True)
    monkeypatch.setattr(plan, "ROOT", tmp_path)
    names = (
        "Department=IT Department",
        "Grievance=1800-1",
        "PrivacyPage=https://it.example",
        "InChatApproval=Letter 7",
    )
    codes = sorted({path.stem for path in LANGUAGES.glob("*.txt")} - {"en"})
    named = "".join(f"[department.{code}]\nSomebody\n" for code in codes)

    forms.write_text(named.replace("[department.or]\nSomebody", "[department.or]\n# not yet"))
    assert main(["propose", "prod", *names]) == 1
    assert f"{FORMS} has no name of the department in: or." in capsys.readouterr().err
    assert world.sets == {}

    forms.write_text(named)
    assert main(["propose", "prod", *names]) == 0


def test_every_parameter_is_said_with_its_value_and_a_release(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proposed(capsys, "Helpline=1800 3000 3468")
    said = world.sets[name]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in said["Parameters"]}
    assert (values["Helpline"], values["SignIn"], values["Stage"]) == ("1800 3000 3468", "in-chat", "dev")
    assert re.fullmatch("[0-9a-f]{64}", values["Release"])
    assert said["ChangeSetType"] == "UPDATE"
    assert {"Key": "application", "Value": "helpdesk"} in said["Tags"]


def test_where_nothing_would_change_there_is_nothing_to_execute(
    world: CloudFormation, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    world.refusal = "The submitted information didn't contain changes. Submit different information"
    assert main(["propose", "dev"]) == 0
    assert "nothing would change" in capsys.readouterr().out
    assert (tmp_path / "output").read_text() == "change_set=\n"
    assert world.sets == {}


def test_a_change_set_that_cloudformation_refuses_ends_with_1_and_its_reason(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    world.refusal = "Circular dependency between resources"
    assert main(["propose", "dev"]) == 1
    assert "Circular dependency" in capsys.readouterr().err
    assert world.sets == {}


def test_the_first_deployment_is_not_made_this_way(world: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    world.status = ""
    assert main(["propose", "dev"]) == 1
    assert "make deploy STAGE=dev" in capsys.readouterr().err


# --- the reviewer's table ---------------------------------------------------------------------------------------------


def test_what_may_lose_something_stands_first_and_says_so(cloudformation: CloudFormation) -> None:
    cloudformation.changes = [
        resource("Alarm", "Add"),
        resource("Kept", Replacement="False"),
        resource("Perhaps", Replacement="Conditional"),
        resource("Queue", Replacement="True", PolicyAction="ReplaceAndDelete"),
        resource("Table", Replacement="True", PolicyAction="ReplaceAndRetain"),
        resource("Gone", "Remove", PolicyAction="Delete"),
    ]
    rows = [
        line for line in table(boto3.client("cloudformation"), "helpdesk-dev", "new").splitlines() if "AWS::" in line
    ]
    assert rows == [
        "| Remove | Gone | AWS::SQS::Queue | **the old one is deleted with what it holds** |",
        "| Modify | Queue | AWS::SQS::Queue | **replaced**, **the old one is deleted with what it holds** |",
        "| Modify | Table | AWS::SQS::Queue | **replaced**, the old one is kept |",
        "| Modify | Perhaps | AWS::SQS::Queue | **may be replaced** |",
        "| Add | Alarm | AWS::SQS::Queue |  |",
        "| Modify | Kept | AWS::SQS::Queue |  |",
    ]


def test_each_property_is_shown_as_it_was_and_as_it_will_be(cloudformation: CloudFormation) -> None:
    policy = '{"Statement": [{"Action": "s3:GetObject",\n "Resource": "*"}]}'
    cloudformation.changes = [
        resource(
            "Role",
            Details=[
                detail("/Properties/Policies", policy.replace("*", "one"), policy),
                detail("/Properties/Policies", policy.replace("*", "one"), policy),
                detail("/Properties/Tags", None, "`x`"),
                detail("/Properties/Layers", None, None, CausingEntity="Layer"),
                detail("/Properties/Long", "a", "b" * 1000),
            ],
        )
    ]
    lines = table(boto3.client("cloudformation"), "helpdesk-dev", "new").splitlines()
    flat = policy.replace("\n", "")
    assert f"- `/Properties/Policies`: `{flat.replace('*', 'one')}` → `{flat}`" in lines
    assert len([line for line in lines if "Policies" in line]) == 1
    assert "- `/Properties/Tags`: *nothing* → `'x'`" in lines
    assert "- `/Properties/Layers` (by Layer)" in lines
    assert f"- `/Properties/Long`: `a` → `{'b' * changes.SHOWN}…`" in lines


# --- executing --------------------------------------------------------------------------------------------------------


@responses.activate
def test_what_was_approved_is_carried_out_and_the_webhook_tried_without_a_secret(
    world: CloudFormation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_secret(*_: object) -> None:
        raise AssertionError("a secret was read")

    monkeypatch.setattr("operations.stack.read_secret", no_secret)
    responses.post(WEBHOOK, status=401)
    name = proposed(capsys)
    world.steps = 3

    assert main(["execute", "dev", name]) == 0

    assert world.executed == [{"StackName": "helpdesk-dev", "ChangeSetName": name, "RetainExceptOnCreate": True}]
    assert "an unsigned one is refused" in capsys.readouterr().out
    assert "X-Hub-Signature-256" not in responses.calls[0].request.headers


def overwritten_code(world: CloudFormation, bucket: Bucket, said: dict[str, Any]) -> None:
    """Put other code under the same name, and a template that names that version."""
    bucket.put("helpdesk-dev/Function", {"app.py": "# steals"})
    s3 = boto3.client("s3")
    place, _, version = said["TemplateURL"].partition(f"/{bucket.name}/")[2].partition("?versionId=")
    document = json.loads(s3.get_object(Bucket=bucket.name, Key=place, VersionId=version)["Body"].read())
    newest = s3.head_object(Bucket=bucket.name, Key="helpdesk-dev/Function")["VersionId"]
    document["Resources"]["Function"]["Properties"]["CodeUri"]["Version"] = newest
    written = s3.put_object(Bucket=bucket.name, Key=place, Body=json.dumps(document).encode())["VersionId"]
    said["TemplateURL"] = said["TemplateURL"].replace(version, written)


def changed_parameter(_world: CloudFormation, _bucket: Bucket, said: dict[str, Any]) -> None:
    said["Parameters"] = [
        one | ({"ParameterValue": "https://evil.example"} if one["ParameterKey"] == "DigiLockerUrl" else {})
        for one in said["Parameters"]
    ]


@pytest.mark.parametrize("tamper", [overwritten_code, changed_parameter])
def test_what_was_changed_after_the_review_is_not_carried_out(
    world: CloudFormation, bucket: Bucket, capsys: pytest.CaptureFixture[str], tamper: Any
) -> None:
    """Someone makes another change set under the name that was approved."""
    name = proposed(capsys)
    tamper(world, bucket, world.sets[name])
    assert main(["execute", "dev", name]) == 1
    assert world.executed == []
    assert "is not what was proposed" in capsys.readouterr().err


def test_code_that_is_overwritten_in_the_bucket_is_not_what_is_deployed(
    world: CloudFormation, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proposed(capsys)
    bucket.put("helpdesk-dev/Function", {"app.py": "# steals"})
    document = world.get_template(StackName="helpdesk-dev", ChangeSetName=name, TemplateStage="Original")[
        "TemplateBody"
    ]
    place = document["Resources"]["Function"]["Properties"]["CodeUri"]
    newest = boto3.client("s3").head_object(Bucket=bucket.name, Key=place["Key"])["VersionId"]
    assert place["Version"] != newest


def test_a_change_set_of_somebody_elses_making_is_not_carried_out(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["execute", "dev", "samcli-deploy1700000000"]) == 1
    assert "was not made by make change-set" in capsys.readouterr().err


@responses.activate
def test_a_webhook_that_takes_what_is_unsigned_ends_with_1(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    responses.post(WEBHOOK, status=200)
    assert main(["execute", "dev", proposed(capsys)]) == 1
    assert "it answered 200" in capsys.readouterr().err


def test_behind_mutual_tls_nothing_is_tried_from_here(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proposed(capsys)
    world.parameters = world.parameters | {"MutualTls": "s3://trust/meta.pem"}
    assert main(["execute", "dev", name]) == 0
    assert "only Meta has the certificate" in capsys.readouterr().out


def event(number: int, status: str, reason: str = "") -> dict[str, Any]:
    return {
        "EventId": str(number),
        "LogicalResourceId": f"Queue{number}",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_a_stack_that_rolls_back_says_what_failed_and_ends_with_1(
    world: CloudFormation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = proposed(capsys)
    world.ends_as, world.steps = "UPDATE_ROLLBACK_COMPLETE", 3
    happening = iter(
        [
            event(1, "UPDATE_FAILED", "the alarm went off"),
            event(2, "UPDATE_FAILED", "Resource update cancelled"),
            event(3, "UPDATE_COMPLETE", "rolled back"),
        ]
    )
    monkeypatch.setattr(
        "operations.deployment.change_set.time.sleep", lambda _seconds: world.events.append(next(happening))
    )
    assert main(["execute", "dev", name]) == 1
    assert capsys.readouterr().err == (
        "The deployment failed (UPDATE_ROLLBACK_COMPLETE).\n  Queue1: UPDATE_FAILED, the alarm went off\n"
    )


def test_a_stack_that_is_stuck_afterwards_says_what_leads_out(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proposed(capsys)
    world.ends_as = "UPDATE_ROLLBACK_FAILED"
    assert main(["execute", "dev", name]) == 1
    assert "aws cloudformation continue-update-rollback" in capsys.readouterr().err


def test_what_happens_is_told_once_while_it_is_waited_for(
    world: CloudFormation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_set, "try_without_secret", lambda *_: None)
    name = proposed(capsys)
    world.events, world.steps = [event(1, "UPDATE_COMPLETE")], 2
    happening = iter([event(2, "UPDATE_IN_PROGRESS"), event(3, "UPDATE_FAILED", "no such key")])
    monkeypatch.setattr(
        "operations.deployment.change_set.time.sleep", lambda _seconds: world.events.append(next(happening))
    )
    assert main(["execute", "dev", name]) == 0
    printed = capsys.readouterr().out
    assert re.findall(r"Queue\d", printed) == ["Queue3"]
    assert "no such key" in printed


def test_a_wait_that_is_over_says_that_cloudformation_goes_on(
    world: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    name = proposed(capsys)
    world.steps = 10**6
    assert main(["execute", "dev", name]) == 1
    assert "after 2 minutes" in capsys.readouterr().err


def test_no_change_set_is_executed_by_no_name(world: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["execute", "dev", ""])
    assert "CHANGE_SET=" in capsys.readouterr().err
    assert world.executed == []
