"""The citizens of the line's benchmark: what they do about a message, and what is counted of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from helpdesk.languages.catalogue import codes
from tests.benchmarks import line
from tests.benchmarks.line import GREETINGS, Act, Shown, Walk, act_on, figures, plot, walk

MENU = Shown("menu", ("services", "language", "help"))
ACCOUNT = Shown("account", ("yes@account", "no@account"))
CONSENT = Shown("consent", ("agree@consent", "decline@consent"))
NUMBER = Shown("number", ("cancel@aadhaar",))
AGAIN = replace(NUMBER, id="again")
OTP = Shown("otp", ("resend@otp", "sign_up@otp", "change_number@otp"))
LIST = Shown("list", ("document@57#1", "document@57#2", "done"))
DOCUMENT = Shown("document", ("other_documents", "done"), has_document=True)
AADHAAR = "999999990019"


class Scripted:
    """A desk that answers each act with the next message, after a second."""

    def __init__(self, *messages: Shown) -> None:
        self.messages = messages
        self.acts: list[Act] = []
        self.now = 0.0

    def do(self, act: Act) -> None:
        self.acts.append(act)
        self.now += 1

    def newest(self) -> Shown | None:
        return self.messages[min(len(self.acts), len(self.messages)) - 1] if self.acts else None

    def otp(self) -> str:
        return "123456"

    def walked(self) -> Walk:
        def sleep(seconds: float) -> None:
            self.now += seconds

        return walk(self, "Hello", AADHAAR, lambda: self.now, sleep)


def test_she_greets_in_every_language() -> None:
    assert set(GREETINGS) == set(codes())


@pytest.mark.parametrize(
    ("shown", "act"),
    [
        (MENU, Act(tap="services")),
        (ACCOUNT, Act(tap="yes@account")),
        (CONSENT, Act(tap="agree@consent")),
        (NUMBER, Act(text=AADHAAR, asks="number")),
        (OTP, Act(text="123456", asks="otp")),
        (LIST, Act(tap="document@57#1", asks="document")),
        (Shown("", ("try_again@otp", "menu")), Act(tap="try_again@otp", asks="again")),
        (Shown(""), None),
    ],
)
def test_what_she_does_follows_from_what_is_offered(shown: Shown, act: Act | None) -> None:
    assert act_on(shown, AADHAAR, lambda: "123456") == act


def test_she_walks_to_her_document() -> None:
    desk = Scripted(MENU, ACCOUNT, CONSENT, NUMBER, OTP, LIST, DOCUMENT)
    her = desk.walked()

    assert her.document is not None
    assert (her.told_again, len(her.menus)) == (0, 4)
    assert [act.asks for act in desk.acts] == ["", "", "", "", "number", "otp", "document"]


def test_asked_for_the_same_again_she_was_told_to_try_again() -> None:
    assert Scripted(MENU, ACCOUNT, CONSENT, NUMBER, AGAIN, OTP, LIST, DOCUMENT).walked().told_again == 1


def test_she_waits_until_whatsapp_has_fetched_the_document() -> None:
    arriving = replace(DOCUMENT, has_document=False)

    assert Scripted(MENU, arriving).walked().document is None


def test_she_waits_until_her_time_is_over() -> None:
    her = Scripted(MENU, ACCOUNT).walked()

    assert her.document is None


def test_all_is_wanted_of_the_line_and_nothing_of_the_desk_without_it() -> None:
    found = [Walk(0.0, document=100.0, menus=[0.1]), Walk(0.0, told_again=1, menus=[1.5])]
    missed = [figure.name for figure in figures("with", found, is_wanted=True) if not figure.is_met]

    assert missed == ["line.with_documents", "line.with_told_again", "line.with_menu_p99_ms"]
    assert all(figure.is_met for figure in figures("without", found, is_wanted=False))


def test_the_plot_shows_the_line_and_both_desks() -> None:
    walks = [Walk(1.0, 30.0, 90.0), Walk(2.0, 60.0, 120.0), Walk(3.0)]
    picture = plot({"with": walks, "without": [Walk(1.0, 5.0, 200.0)]})

    assert picture.count("<polyline") == 5
    assert "are in the line" in picture


def test_without_a_line_in_the_template_nothing_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Parameters: {}\n", encoding="utf-8")
    monkeypatch.setattr(line, "ROOT", tmp_path)

    with pytest.raises(line.NotMeasured, match="no line"):
        line.legs(lambda _text: None)
