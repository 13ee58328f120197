import json
from typing import Any

import pytest

from operations.stack import Stack
from operations.stage.credentials import FIELDS, TwoPeppersError, empty_fields, fill, main, settle
from tests.unit.aws import IDENTITY_SECRET, OUTBOUND_SECRET, PEPPER, WEBHOOK_SECRET, Aws, aws

EMPTY: dict[str, dict[str, Any]] = {
    "WEBHOOK_SECRET_ARN": {"app_secrets": [], "verify_token": "", "id_pepper": "pepper"},
    "OUTBOUND_SECRET_ARN": {
        "whatsapp_access_token": "",
        "digilocker_client_id": "",
        "digilocker_client_secret": "",
        "unused": "x",
    },
    "IDENTITY_SECRET_ARN": {"id_pepper": "", "form_token_key": "made by the template"},
}


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def stack(cloud: Aws) -> Stack:
    outputs = {
        "WebhookSecretArn": cloud.environment["WEBHOOK_SECRET_ARN"],
        "OutboundSecretArn": cloud.environment["OUTBOUND_SECRET_ARN"],
        "IdentitySecretArn": cloud.environment["IDENTITY_SECRET_ARN"],
    }
    return Stack("helpdesk-dev", "CREATE_COMPLETE", "", outputs, {"Stage": "dev"})


@pytest.fixture
def never_filled(cloud: Aws, stack: Stack) -> Stack:
    """As the template has just made it."""
    for variable, value in EMPTY.items():
        cloud.put_secret(variable, value)
    return stack


class Types:
    """Somebody at the terminal. Types by a word of the prompt; Enter at what she was told nothing about."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return next((text for word, text in self._answers.items() if word in prompt.replace(" ", "_").lower()), "")


def held(cloud: Aws, variable: str) -> dict[str, Any]:
    answer = cloud.client("secretsmanager").get_secret_value(SecretId=cloud.environment[variable])
    fields: dict[str, Any] = json.loads(answer["SecretString"])
    return fields


def versions(cloud: Aws) -> list[str]:
    arns = (cloud.environment[variable] for variable in EMPTY)
    return [cloud.client("secretsmanager").get_secret_value(SecretId=arn)["VersionId"] for arn in arns]


ALL = {
    "app_secret": "new-app-secret",
    "verify_token": "a long word",
    "access_token": "EAAB-typed",
    "client_id": "ID-typed",
    "client_secret": " typed with a blank ",
}


def test_every_empty_field_is_asked_for_and_written(cloud: Aws, never_filled: Stack) -> None:
    assert len(empty_fields(never_filled)) == len(FIELDS)
    written = fill(never_filled, Types(**ALL))
    unasked = ("id_pepper", "tracking_key", "app_secret")
    assert sorted(written) == sorted([*(field.name for field in FIELDS), *unasked])
    assert held(cloud, "WEBHOOK_SECRET_ARN") == {
        "app_secrets": ["new-app-secret"],
        "verify_token": "a long word",
        "id_pepper": "pepper",
    }
    outbound = held(cloud, "OUTBOUND_SECRET_ARN")
    assert outbound["digilocker_client_secret"] == "typed with a blank"
    assert outbound["app_secret"] == "new-app-secret"
    assert len(outbound["tracking_key"]) == 64
    assert held(cloud, "IDENTITY_SECRET_ARN") == {"id_pepper": "pepper", "form_token_key": "made by the template"}
    assert empty_fields(never_filled) == ()


def test_what_is_filled_is_not_asked_for_and_nothing_is_written(cloud: Aws, stack: Stack) -> None:
    before = versions(cloud)
    at_the_terminal = Types(**ALL)
    assert fill(stack, at_the_terminal) == ()
    assert at_the_terminal.prompts == []
    assert versions(cloud) == before


def test_only_the_field_that_is_empty_is_asked_for(cloud: Aws, stack: Stack) -> None:
    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "digilocker_client_id": " "})
    at_the_terminal = Types(client_id="ID")
    assert fill(stack, at_the_terminal) == ("digilocker_client_id",)
    assert len(at_the_terminal.prompts) == 1
    assert held(cloud, "OUTBOUND_SECRET_ARN") == {**OUTBOUND_SECRET, "digilocker_client_id": "ID"}


def test_enter_keeps_what_is_there(cloud: Aws, stack: Stack) -> None:
    before = versions(cloud)
    at_the_terminal = Types()
    assert fill(stack, at_the_terminal, again=True) == ()
    assert len(at_the_terminal.prompts) == len(FIELDS)
    assert all("Enter keeps it" in prompt for prompt in at_the_terminal.prompts)
    assert versions(cloud) == before


def test_a_verify_token_is_made_up_where_there_was_none(cloud: Aws, never_filled: Stack) -> None:
    assert fill(never_filled, Types()) == ("verify_token", "tracking_key", "id_pepper")
    assert len(held(cloud, "WEBHOOK_SECRET_ARN")["verify_token"]) >= 32
    assert "app_secrets" in empty_fields(never_filled)


def test_a_new_app_secret_goes_before_the_old_one_and_the_oldest_goes(cloud: Aws, stack: Stack) -> None:
    (old,) = WEBHOOK_SECRET["app_secrets"]
    assert fill(stack, Types(app_secret="second"), again=True) == ("app_secrets", "app_secret")
    assert held(cloud, "OUTBOUND_SECRET_ARN")["app_secret"] == "second"
    assert held(cloud, "WEBHOOK_SECRET_ARN")["app_secrets"] == ["second", old]
    fill(stack, Types(app_secret="third"), again=True)
    assert held(cloud, "WEBHOOK_SECRET_ARN")["app_secrets"] == ["third", "second"]
    fill(stack, Types(app_secret="third"), again=True)
    assert held(cloud, "WEBHOOK_SECRET_ARN")["app_secrets"] == ["third", "second"]


def test_the_older_app_secret_is_dropped_by_a_dash(cloud: Aws, stack: Stack) -> None:
    fill(stack, Types(app_secret="second"), again=True)
    assert fill(stack, Types(app_secret="-"), again=True) == ("app_secrets",)
    assert held(cloud, "WEBHOOK_SECRET_ARN")["app_secrets"] == ["second"]
    assert fill(stack, Types(app_secret="-"), again=True) == ()


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [(ALL, 0, "Written: "), ({"app_secret": "s3cret"}, 1, "Still empty: whatsapp_access_token")],
)
def test_what_was_typed_is_not_shown(
    never_filled: Stack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: dict[str, str],
    status: int,
    words: str,
) -> None:
    monkeypatch.setattr("operations.stage.credentials.stack_of", lambda _name: never_filled)
    monkeypatch.setattr("operations.stage.credentials.getpass.getpass", Types(**answers))
    assert main(["helpdesk-dev"]) == status
    printed = "".join(capsys.readouterr())
    assert words in printed
    assert not [typed for typed in answers.values() if typed.strip() in printed]


def test_values_are_asked_for_by_getpass_and_by_no_argument() -> None:
    with pytest.raises(SystemExit):
        main(["helpdesk-dev", "a-secret"])


# --- what nobody is asked for -----------------------------------------------------------------------------------------


def test_the_pepper_is_moved_in_two_runs_and_never_changed(cloud: Aws, stack: Stack) -> None:
    """In between, the version before finds it where it always was."""
    cloud.put_secret("IDENTITY_SECRET_ARN", {**IDENTITY_SECRET, "id_pepper": ""})
    cloud.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "id_pepper": PEPPER})

    assert settle(stack) == ("id_pepper",)
    assert held(cloud, "IDENTITY_SECRET_ARN") == IDENTITY_SECRET
    assert held(cloud, "WEBHOOK_SECRET_ARN")["id_pepper"] == PEPPER

    assert settle(stack) == ("id_pepper",)
    assert held(cloud, "IDENTITY_SECRET_ARN") == IDENTITY_SECRET
    assert held(cloud, "WEBHOOK_SECRET_ARN") == WEBHOOK_SECRET

    assert settle(stack) == ()


def test_of_two_peppers_neither_is_touched(cloud: Aws, stack: Stack) -> None:
    cloud.put_secret("WEBHOOK_SECRET_ARN", {**WEBHOOK_SECRET, "id_pepper": "another"})
    before = versions(cloud)
    with pytest.raises(TwoPeppersError, match="differs"):
        settle(stack)
    assert versions(cloud) == before


def test_a_tracking_key_is_made_once(cloud: Aws, stack: Stack) -> None:
    cloud.put_secret("OUTBOUND_SECRET_ARN", {**OUTBOUND_SECRET, "tracking_key": ""})
    assert settle(stack) == ("tracking_key",)
    made = held(cloud, "OUTBOUND_SECRET_ARN")["tracking_key"]
    assert settle(stack) == ()
    assert held(cloud, "OUTBOUND_SECRET_ARN")["tracking_key"] == made
