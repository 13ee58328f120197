"""Whenever a function dies while she fills in the form, she gets on: in it, or in the chat. Nothing is asked twice."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.unit.service.test_form import ASHA, Desk, asked, desk_of
from tests.world.faults import Fault
from tests.world.forms import FormPhone

_TRIES = 4


def insisted(form: FormPhone, action: str, **fields: object) -> None:
    """Submit a screen until it is answered: a phone says that something went wrong, and she taps again."""
    data = {**fields, "token": form.data["token"], "step": form.data["step"]} if action == "data_exchange" else {}
    screen = form.screen
    for _ in range(_TRIES):
        form.send(action, screen, data)
        if form.status == 200:
            return
    raise AssertionError(f"no answer to {screen}: {form.status}")


def goes_through(desk: Desk) -> tuple[FormPhone, list[str]]:
    """Fill in the form as far as it goes, and then in whatever form the chat sends."""
    desk.say("Hi")
    desk.tap("DigiLocker Services")
    form = desk.form()
    shown: list[str] = []
    for _ in range(8):
        match form.screen:
            case "" if not shown:
                insisted(form, "INIT")
            case "CONSENT":
                insisted(form, "data_exchange", choice="agree", agree=True)
            case "NUMBER" if "seconds" in form.error:
                desk.world.pass_time(61)
                insisted(form, "data_exchange", number=ASHA.aadhaar)
            case "NUMBER":
                insisted(form, "data_exchange", number=ASHA.aadhaar)
            case "OTP" if "Resend" in form.data["ask"]:
                desk.world.pass_time(61)
                insisted(form, "data_exchange", choice="resend")
            case "OTP":
                insisted(form, "data_exchange", otp=desk.otp)
            case "DOCUMENTS":
                insisted(form, "data_exchange", document=form.data["documents"][0]["id"])
            case _:
                break
        shown.append(form.screen)
    desk.world.pass_time(1500)
    return form, shown


def leaves_it(desk: Desk) -> None:
    """Fill in the form up to the OTP, and put the phone away."""
    desk.say("Hi")
    desk.tap("DigiLocker Services")
    form = desk.form()
    insisted(form, "INIT")
    insisted(form, "data_exchange", choice="agree", agree=True)
    insisted(form, "data_exchange", number=ASHA.aadhaar)
    desk.world.pass_time(1500)


def each_death(function: str, moment: str) -> Iterator[tuple[Desk, str]]:
    """Give a desk whose function dies at the first call, another at the second, and so on until there are no more."""
    for skip in count():
        with desk_of(ASHA) as desk:
            fault = Fault("dies", function, "", skip=skip, after=moment == "after")
            desk.world.faults.append(fault)
            yield desk, str(fault)
            if desk.world.faults:
                return


MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


@MOMENTS
def test_whenever_the_endpoint_dies_the_same_request_leads_on_to_the_document(moment: str) -> None:
    runs = 0
    for desk, where in each_death("form", moment):
        _, shown = goes_through(desk)
        runs += 1
        assert shown == ["CONSENT", "NUMBER", "OTP", "DOCUMENTS", ""], where
        assert [bool(one.content) for one in desk.received] == [False, False, True], where
        assert (asked(desk, "otp"), asked(desk, "redeem")) == (1, 1), where
    assert runs > 25


@MOMENTS
def test_whenever_the_document_function_dies_its_answer_is_shown_or_told(moment: str) -> None:
    runs = 0
    for desk, where in each_death("document", moment):
        form, shown = goes_through(desk)
        runs += 1
        told = desk.received[2:]
        assert told, where  # the document; or what a form that was closed could not show any more
        assert form.screen in {"", "CLOSED"}, where
        assert (form.screen == "CLOSED") == (not any(one.content for one in told)), where
        assert (asked(desk, "otp"), asked(desk, "redeem")) <= (2, 2), where
        assert shown[:2] == ["CONSENT", "NUMBER"], where
    assert runs > 40


@MOMENTS
@pytest.mark.parametrize("function", ["form", "document"])
def test_whatever_dies_what_nobody_saw_is_told_in_the_chat(function: str, moment: str) -> None:
    for desk, where in each_death(function, moment):
        leaves_it(desk)
        told = [one for one in desk.received[2:] if one.form_token and "an OTP is on its way" in one.text]
        sent = [one.message for one in told]
        assert 1 <= len(sent) <= 2, where  # twice only where nobody can know whether WhatsApp took the first
