"""Deploying but for `sam deploy` itself: secrets, the try from outside and Meta's side, each step once and no more."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import NoCredentialsError

from operations import deploy as deploying
from operations.deploy import Operator, Stopped, deploy
from operations.stack import Stack
from simulator.whatsapp.business import Business
from tests.integration.desk import Desk, running_desk


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with running_desk() as running:
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
    arns = (stack.outputs["WebhookSecretArn"], stack.outputs["OutboundSecretArn"])
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
    typed: dict[str, str] = field(default_factory=dict)
    prompts: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    waited: float = 0.0

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next((text for word, text in self.typed.items() if word in prompt), "")

    def confirm(self, question: str) -> bool:
        self.questions.append(question)
        return self.agrees

    def tell(self, step: str, what: str) -> None:
        self.told.append((step, what))

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.desk.pass_time(seconds)

    def operator(self) -> Operator:
        return Operator(self.ask, self.confirm, self.tell, self.wait)

    def said(self) -> str:
        return "\n".join(f"{step}: {what}" for step, what in self.told)


@pytest.fixture
def terminal(desk: Desk) -> Terminal:
    return Terminal(desk)


@dataclass
class Sam:
    """`sam deploy`, and the stack before and after it."""

    stacks: list[Stack | None]
    succeeds: bool = True
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, *words: str) -> bool:
        self.calls.append(words)
        return self.succeeds

    def find(self, _name: str) -> Stack | None:
        return self.stacks.pop(0)

    def play(self, monkeypatch: pytest.MonkeyPatch) -> "Sam":
        monkeypatch.setattr(deploying, "sam", self)
        monkeypatch.setattr(deploying, "find_stack", self.find)
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


def test_the_first_deployment_asks_fills_tries_and_registers(
    desk: Desk, stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = Sam([None, stack]).play(monkeypatch)
    for arn in (stack.outputs["WebhookSecretArn"], stack.outputs["OutboundSecretArn"]):
        empty(desk, arn)
    desk.simulator.webhook_url = None
    desk.simulator.world.business.account_subscribed = False
    terminal.typed = credentials(desk)

    deploy("dev", [], terminal.operator())

    assert sam.calls == [("deploy", "--config-env", "dev", "--guided")]
    assert len(terminal.prompts) == 5
    assert where_meta_calls(desk) == stack.outputs["WebhookUrl"]
    assert subscribed(desk)
    assert [step for step, _ in terminal.told] == ["Stack", "Secrets", *["Tried"] * 3, "Account", "Webhook"]
    for secret in credentials(desk).values():
        assert secret not in terminal.said() + "".join(terminal.prompts)


def test_a_second_run_changes_nothing_and_says_so(
    desk: Desk, stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = Sam([stack, stack]).play(monkeypatch)
    calls = len(desk.simulator.world.calls)

    deploy("dev", [], terminal.operator())

    assert sam.calls == [("deploy", "--config-env", "dev")]
    assert terminal.prompts == terminal.questions == []
    said = terminal.said()
    for words in ("Stack: as it was", "none asked for", "calls this address already", "is subscribed already"):
        assert words in said
    written = [one for one in list(desk.simulator.world.calls)[calls:] if one.method != "GET"]
    assert written == []


def test_a_run_that_broke_off_is_taken_up_where_it_was(
    desk: Desk, stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sam([stack, stack, stack, stack]).play(monkeypatch)
    empty(desk, stack.outputs["OutboundSecretArn"])
    desk.simulator.webhook_url = None
    terminal.typed = {"client id": desk.config.client_id, "access token": desk.config.access_token}
    with pytest.raises(Stopped, match="Still empty: digilocker_client_secret"):
        deploy("dev", [], terminal.operator())
    assert where_meta_calls(desk) is None

    again = Terminal(desk, typed={"client secret": desk.config.client_secret})
    deploy("dev", [], again.operator())
    assert len(again.prompts) == 1
    assert where_meta_calls(desk) == stack.outputs["WebhookUrl"]


def test_parameters_that_are_named_are_changed_and_the_others_stay(
    stack: Stack, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam = Sam([stack, dataclasses.replace(stack, changed_at="after")]).play(monkeypatch)
    deploy("dev", ["ServiceOpen=false"], terminal.operator())
    assert sam.calls[0][-3:] == ("--parameter-overrides", "Stage=dev", "ServiceOpen=false")
    assert ("Stack", "deployed") in terminal.told


@pytest.mark.parametrize(
    ("before", "after", "succeeds", "words"),
    [
        ("ROLLBACK_COMPLETE", None, True, "aws cloudformation delete-stack --stack-name helpdesk-dev"),
        ("CREATE_COMPLETE", None, False, "was not deployed; see above"),
        (None, None, True, "were not agreed to"),
    ],
)
def test_a_stack_that_does_not_come_about_stops_with_what_to_do(
    stack: Stack,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    before: str | None,
    after: Stack | None,
    succeeds: bool,
    words: str,
) -> None:
    there = None if before is None else dataclasses.replace(stack, status=before)
    Sam([there, after], succeeds=succeeds).play(monkeypatch)
    with pytest.raises(Stopped, match=words):
        deploy("dev", [], terminal.operator())


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
    assert fields(desk) == ("account_update", "messages")
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
    confirm = deploying.at_the_terminal().confirm
    for typed, agreed in (("y", True), (" Yes ", True), ("", False), ("n", False), ("yellow", False)):
        monkeypatch.setattr("builtins.input", lambda _prompt, typed=typed: typed)
        assert confirm("Sure?") is agreed
