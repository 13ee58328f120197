"""The parameters of a deployment are settled before anything is built."""

from dataclasses import dataclass, field

import pytest

from operations.deployment.questions import settle
from operations.operator import Operator, Stopped
from operations.template import Template

TEMPLATE = Template.read()
GIVEN = ["SignIn=in-chat", "WhatsAppPhoneNumberId=100000000000001"]


@dataclass
class Types:
    """Somebody who types one answer after the other."""

    answers: list[str]
    present: bool = True
    prompts: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def read(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return self.answers.pop(0)

    def operator(self) -> Operator:
        def tell(_step: str, what: str) -> None:
            self.told.append(what)

        return Operator(self.read, lambda _: False, tell, lambda _: None, self.read, present=self.present)


def settled(
    *given: str,
    typed: tuple[str, ...] = (),
    configured: dict[str, str] | None = None,
    deployed: dict[str, str] | None = None,
    present: bool = True,
) -> tuple[dict[str, str], Types]:
    somebody = Types(list(typed), present)
    values = settle(TEMPLATE, given, configured or {}, deployed, somebody.operator())
    assert somebody.answers == []
    return values, somebody


def test_only_what_has_no_answer_is_asked() -> None:
    values, somebody = settled(*GIVEN)
    assert somebody.prompts == []
    assert values["Stage"] == "dev"
    assert values.keys() | {"Release"} == TEMPLATE.parameters.keys() | {"Release"}


def test_what_is_named_goes_before_the_file_the_stack_and_the_default() -> None:
    deployed = {"Helpline": "1", "GradualDeployment": "at-once", "SessionSeconds": "600", "Gone": "x"}
    values, _ = settled(
        *GIVEN,
        "Helpline=1800-2",
        configured={"Helpline": "1800-3", "GradualDeployment": "Canary10Percent15Minutes"},
        deployed=deployed,
    )
    assert values["Helpline"] == "1800-2"
    assert values["GradualDeployment"] == "Canary10Percent15Minutes"
    assert values["SessionSeconds"] == "600"
    assert values["ResendSeconds"] == TEMPLATE.parameters["ResendSeconds"].default
    assert "Gone" not in values


def test_a_rule_asks_for_its_companion_until_it_is_content() -> None:
    values, somebody = settled(
        "SignIn=consent-page", GIVEN[1], typed=("", "+91 1", "919000000000"), configured={"Stage": "staging"}
    )
    assert values["WhatsAppNumber"] == "919000000000"
    assert len(somebody.prompts) == 3
    assert any("SignIn=consent-page needs WhatsAppNumber" in told for told in somebody.told)


def test_a_slip_in_what_is_named_is_asked_again_too() -> None:
    values, somebody = settled(*GIVEN, "SessionSeconds=5", typed=("900",))
    assert values["SessionSeconds"] == "900"
    assert "SessionSeconds=5: must be a number from 60 to 3600" in somebody.told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["Helplin=1", *GIVEN], "There is no parameter Helplin. Did you mean Helpline?"),
        (["Release=x", *GIVEN], "There is no parameter Release"),
        (["ServiceOpen", *GIVEN], "SET takes NAME=VALUE"),
        ([GIVEN[0]], "WhatsAppPhoneNumberId is needed: SET=WhatsAppPhoneNumberId=..."),
        (["SignIn=chat", GIVEN[1]], "SignIn is needed"),
        (["SignIn=consent-page", GIVEN[1]], "WhatsAppNumber is needed"),
    ],
)
def test_where_nobody_is_there_what_is_missing_stops_the_deployment(given: list[str], words: str) -> None:
    with pytest.raises(Stopped, match=words.replace("?", r"\?")):
        settled(*given, present=False)
