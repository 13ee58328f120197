"""Deploying but for building and CloudFormation: questions, secrets, the try from outside, Meta's side."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from operations.deployment import changes
from operations.deployment import deploy as deploying
from operations.deployment import plan as planning
from operations.deployment.deploy import deploy
from operations.deployment.plan import Plan
from operations.operator import Operator, Stopped, at_the_terminal
from operations.stack import Stack
from standins.whatsapp.business import Business
from tests.integration.desk import Desk, running_desk
from tests.integration.moto_aws import Moto


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk(on=Moto) as running:
        yield running


@pytest.fixture
def stack(desk: Desk) -> Stack:
    environment = desk.environment
    return Stack(
        "helpdesk-dev",
        "CREATE_COMPLETE",
        "before",
        {
            "WebhookUrl": str(desk.simulator.webhook_url),
            "WebhookSecretArn": environment["WEBHOOK_SECRET_ARN"],
            "OutboundSecretArn": environment["OUTBOUND_SECRET_ARN"],
            "IdentitySecretArn": environment["IDENTITY_SECRET_ARN"],
        },
        {
            "Stage": "dev",
            "WhatsAppPhoneNumberId": environment["WHATSAPP_PHONE_NUMBER_ID"],
            "WhatsAppApiUrl": environment["WHATSAPP_API_URL"],
            "WhatsAppApiVersion": environment["WHATSAPP_API_VERSION"],
        },
    )


@pytest.fixture(autouse=True)
def set_up_anew(desk: Desk, stack: Stack) -> Iterator[None]:
    """Leave Meta's side and the secrets to the next test as they were."""
    secrets = desk.client("secretsmanager")
    arns = [stack.outputs[f"{name}SecretArn"] for name in ("Webhook", "Outbound", "Identity")]
    kept = {arn: secrets.get_secret_value(SecretId=arn)["SecretString"] for arn in arns}
    yield
    desk.mend()
    vars(desk.simulator.world.business).update(vars(Business()))
    desk.simulator.webhook_url = stack.outputs["WebhookUrl"]
    for arn, value in kept.items():
        secrets.put_secret_value(SecretId=arn, SecretString=value)
    desk.pass_time(301)  # the function reads its secret again


@dataclass
class Terminal:
    """Somebody who deploys: what she types, what she agrees to, and what she was told."""

    desk: Desk
    agrees: bool = True
    agreed: bool = False
    present: bool = True
    typed: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    waited: float = 0.0

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next((text for word, text in self.typed.items() if word in prompt), "")

    def answer(self, prompt: str) -> str:
        self.read.append(prompt)
        return self.answers.pop(0)

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.agrees

    def tell(self, step: str, what: str) -> None:
        self.told.append((step, what))

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.desk.pass_time(seconds)

    def operator(self) -> Operator:
        return Operator(
            self.ask, self.confirm, self.tell, self.wait, self.answer, present=self.present, agreed=self.agreed
        )

    def said(self) -> str:
        return "\n".join(f"{step}: {what}" for step, what in self.told)


@pytest.fixture
def terminal(desk: Desk) -> Terminal:
    return Terminal(desk)


DEPLOYED = {"Stage": "dev", "SignIn": "in-chat", "WhatsAppPhoneNumberId": "100000000000001"}


@dataclass
class Cloud:
    """What is built and what CloudFormation makes of it: a stack before, a change set, a stack after."""

    after: Stack
    before: Stack | None = None
    changes: bool = True
    planned: list[Plan] = field(default_factory=list)
    executed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def build(self, plan: Plan) -> None:
        self.planned.append(plan)

    def delete_change_set(self, *, StackName: str, ChangeSetName: str) -> None:  # noqa: N803 - boto3's names
        assert StackName == "helpdesk-dev"
        self.dropped.append(ChangeSetName)

    def play(self, monkeypatch: pytest.MonkeyPatch) -> "Cloud":
        lasting = boto3.client
        monkeypatch.setattr(planning, "find_stack", lambda _name: self.before)
        monkeypatch.setattr(planning, "room_for", lambda *_: "room enough")
        monkeypatch.setattr(deploying, "propose", lambda _plan: "release-1" if self.changes else None)
        monkeypatch.setattr(deploying, "stack_of", lambda _name: self.after)
        monkeypatch.setattr(changes, "table", lambda *_: "| Modify | a table |")
        monkeypatch.setattr(changes, "execute", lambda _settings, name, *_: self.executed.append(name))
        monkeypatch.setattr(boto3, "client", lambda service: self if service == "cloudformation" else lasting(service))
        return self


def where_meta_calls(desk: Desk) -> str | None:
    return desk.simulator.webhook_url


def subscribed(desk: Desk) -> bool:
    return desk.simulator.world.business.account_subscribed


def fields(desk: Desk) -> tuple[str, ...]:
    return desk.simulator.world.business.fields


def empty(desk: Desk, arn: str) -> None:
    """Empty a secret, as the template makes it."""
    secrets = desk.client("secretsmanager")
    before = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    after = {name: "pepper" if name == "id_pepper" else type(value)() for name, value in before.items()}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(after))


def credentials(desk: Desk) -> dict[str, str]:
    config = desk.config
    return {
        "App secret": config.app_secret,
        "access token": config.access_token,
        "client id": config.client_id,
        "client secret": config.client_secret,
    }


def never_filled(desk: Desk, stack: Stack) -> None:
    for arn in (stack.outputs["WebhookSecretArn"], stack.outputs["OutboundSecretArn"]):
        empty(desk, arn)
    desk.simulator.webhook_url = None
    desk.simulator.world.business.account_subscribed = False


@pytest.mark.parametrize(
    ("answers", "most"),
    [
        (["consent-page", "100000000000001", "919000000000"], 9),
        (["in-chat", "100000000000001"], 8),
    ],
    ids=["consent-page", "in-chat"],
)
def test_nine_prompts_at_the_most_lead_from_nothing_to_a_desk_that_answers(
    desk: Desk, stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, answers: list[str], most: int
) -> None:
    cloud = Cloud(stack).play(monkeypatch)
    never_filled(desk, stack)
    terminal.typed = credentials(desk)
    terminal.answers = list(answers)

    deploy("dev", [], terminal.operator(), cloud.build)

    assert len(terminal.read) + len(terminal.prompts) + len(terminal.questions) <= most
    assert (len(terminal.prompts), len(terminal.questions)) == (5, 1)
    assert terminal.answers == []
    assert cloud.executed == ["release-1"]
    assert cloud.planned[0].values["WhatsAppPhoneNumberId"] == "100000000000001"
    assert where_meta_calls(desk) == stack.outputs["WebhookUrl"]
    assert subscribed(desk)
    steps = [step for step, _ in terminal.told if step]
    assert steps == ["Limit", "Stack", "Secrets", *["Tried"] * 3, "Account", "Webhook"]
    for secret in credentials(desk).values():
        assert secret not in terminal.said() + "".join(terminal.prompts)


def test_a_slip_is_asked_again_at_once_and_says_what_is_wrong(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(stack).play(monkeypatch)
    terminal.answers = ["chat", "in-chat", "98765 43210", "100000000000001"]

    deploy("dev", [], terminal.operator(), cloud.build)

    assert "WhatsAppPhoneNumberId must be digits only" in terminal.said()
    assert "SignIn must be consent-page or in-chat" in terminal.said()
    assert cloud.planned[0].values["SignIn"] == "in-chat"


def test_with_every_answer_in_advance_nobody_needs_to_be_there(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(stack).play(monkeypatch)
    terminal.present, terminal.agreed = False, True

    deploy("dev", ["WhatsAppPhoneNumberId=100000000000001", "SignIn=in-chat"], terminal.operator(), cloud.build)

    assert cloud.executed == ["release-1"]
    assert terminal.read == terminal.questions == []


def test_a_second_run_changes_nothing_and_says_so(
    desk: Desk, stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dataclasses.replace(stack, parameters=DEPLOYED)
    cloud = Cloud(stack, before, changes=False).play(monkeypatch)
    calls = len(desk.simulator.world.calls)

    deploy("dev", [], terminal.operator(), cloud.build)

    assert cloud.executed == []
    assert terminal.prompts == terminal.questions == terminal.read == []
    said = terminal.said()
    for words in ("Stack: as it was", "none asked for", "calls this address already", "is subscribed already"):
        assert words in said
    written = [one for one in list(desk.simulator.world.calls)[calls:] if one.method != "GET"]
    assert written == []


def test_parameters_that_are_named_change_and_the_others_stay(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dataclasses.replace(stack, parameters=DEPLOYED | {"Helpline": "1800-1"})
    cloud = Cloud(stack, before).play(monkeypatch)

    deploy("dev", ["ServiceOpen=false"], terminal.operator(), cloud.build)

    values = cloud.planned[0].values
    assert (values["ServiceOpen"], values["Helpline"], values["Stage"]) == ("false", "1800-1", "dev")
    assert ("Stack", "deployed") in terminal.told


@pytest.mark.parametrize(("present", "words"), [(True, "were not agreed to"), (False, "YES=yes")])
def test_what_is_not_agreed_to_is_not_deployed_and_leaves_nothing(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, words: str, *, present: bool
) -> None:
    cloud = Cloud(stack, dataclasses.replace(stack, parameters=DEPLOYED)).play(monkeypatch)
    terminal.agrees, terminal.present = False, present
    with pytest.raises(Stopped, match=words):
        deploy("dev", [], terminal.operator(), cloud.build)
    assert (cloud.executed, cloud.dropped) == ([], ["release-1"])


def test_a_stack_that_cannot_be_deployed_to_stops_before_anything_is_asked_or_built(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = dataclasses.replace(stack, status="UPDATE_IN_PROGRESS", parameters=DEPLOYED)
    cloud = Cloud(stack, busy).play(monkeypatch)
    with pytest.raises(Stopped, match="being changed right now"):
        deploy("dev", [], terminal.operator(), cloud.build)
    assert (cloud.planned, terminal.told) == ([], [])


def test_a_function_that_still_reads_the_empty_secret_is_waited_for(
    desk: Desk, stack: Stack, terminal: Terminal
) -> None:
    arn = stack.outputs["WebhookSecretArn"]
    filled = desk.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    empty(desk, arn)
    desk.pass_time(301)
    assert desk.simulator.verify_webhook() is False  # so the function has read it
    desk.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=filled)

    deploying.try_it(stack, terminal.operator())
    assert 0 < terminal.waited <= 40


def test_a_webhook_that_does_not_answer_right_stops_the_deployment(stack: Stack, terminal: Terminal) -> None:
    nowhere = dataclasses.replace(stack, outputs={**stack.outputs, "WebhookUrl": "http://127.0.0.1:9/webhook"})
    with pytest.raises(Stopped, match="make doctor STAGE=dev"):
        deploying.try_it(nowhere, terminal.operator())
    assert "NOT so: a signed delivery is taken (no answer)" in terminal.said()


def test_the_try_leaves_nothing_behind(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    deploying.try_it(stack, terminal.operator())
    assert desk.items() == []
    assert desk.counted["Messages"] == 0


def test_another_desks_webhook_is_replaced_only_on_confirmation(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    desk.simulator.webhook_url = "https://elsewhere.example/webhook"
    terminal.agrees = False
    deploying.tell_meta(stack, terminal.operator())
    assert "elsewhere.example" in terminal.questions[0]
    assert "left as it is" in terminal.said()
    assert where_meta_calls(desk) == "https://elsewhere.example/webhook"

    terminal.agrees = True
    deploying.tell_meta(stack, terminal.operator())
    assert where_meta_calls(desk) == stack.outputs["WebhookUrl"]


def test_fields_that_the_app_is_subscribed_to_beside_ours_stay(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    desk.simulator.world.business.fields = ("account_update",)
    deploying.tell_meta(stack, terminal.operator())
    assert fields(desk) == ("account_update", "messages", "standby")


def test_an_app_that_meta_gives_no_standby_copies_is_registered_all_the_same(
    desk: Desk, stack: Stack, terminal: Terminal
) -> None:
    vars(desk.simulator.world.business).update(fields=(), unknown_fields=("standby",))
    deploying.tell_meta(stack, terminal.operator())
    assert fields(desk) == ("messages",)
    assert terminal.questions == []


def test_a_business_account_that_sends_elsewhere_is_turned_back(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    desk.simulator.world.business.override_callback = "https://elsewhere.example/webhook"
    deploying.tell_meta(stack, terminal.operator())
    assert desk.simulator.world.business.override_callback is None


def test_where_meta_refuses_the_steps_are_told_for_doing_by_hand(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    desk.simulator.world.business.scopes = ("whatsapp_business_messaging",)
    deploying.tell_meta(stack, terminal.operator())
    said = terminal.said()
    assert "Meta's API refuses (code 200)" in said
    for words in (stack.outputs["WebhookUrl"], stack.outputs["WebhookSecretArn"], "subscribed_apps", "to Live"):
        assert words in said
    assert desk.config.verify_token not in said


def test_where_meta_does_not_answer_the_run_is_to_be_repeated(desk: Desk, stack: Stack, terminal: Terminal) -> None:
    desk.simulator.world.faults.set({"whatsapp": {"subscribed_apps": {"drop": True}}})
    with pytest.raises(Stopped, match="does not answer") as stopped:
        deploying.tell_meta(stack, terminal.operator())
    assert desk.config.access_token not in str(stopped.value)


def test_behind_mutual_tls_it_is_not_tried_from_here(stack: Stack, terminal: Terminal) -> None:
    mutual = dataclasses.replace(stack, parameters={**stack.parameters, "MutualTls": "s3://trust/meta.pem"})
    deploying.try_it(mutual, terminal.operator())
    assert "only Meta has the certificate" in terminal.said()


@pytest.mark.parametrize("error", [Stopped("mend this"), NoCredentialsError()])
def test_a_run_that_stops_ends_with_1_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(deploying, "deploy", stop)
    assert deploying.main(["dev"]) == 1
    assert str(error) in capsys.readouterr().err


def test_at_the_terminal_only_a_yes_is_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    confirm = at_the_terminal().confirm
    for typed, agreed in (("y", True), (" Yes ", True), ("", False), ("n", False), ("yellow", False)):
        monkeypatch.setattr("builtins.input", lambda _prompt, typed=typed: typed)
        assert confirm("Sure?") is agreed
