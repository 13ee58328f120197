"""The form from the message that opens it to the document, over all functions and in one process."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from helpdesk.forms.tokens import write_token
from helpdesk.service import outbox_worker
from helpdesk.whatsapp.errors import PolicyBlocked, RateLimited
from standins.digilocker.citizens import Citizen, everyone
from tests.world.faults import Fault
from tests.world.form_keys import Phone, rsa_key
from tests.world.forms import FORM, SETTINGS, FormPhone
from tests.world.record import Asked, Received, Texted
from tests.world.whatsapp import Line
from tests.world.world import World

WRONG_OTP = "000000"


def citizen(name: str) -> Citizen:
    """Return a citizen by the first name."""
    return next(one for one in everyone() if one.name.startswith(name.upper()))


ASHA, LAKSHMI, NEHA = citizen("Asha"), citizen("Lakshmi"), citizen("Neha")
"""With nine documents; with more than a form shows; without an account."""


class Desk:
    """A desk with one citizen's chat."""

    def __init__(self, world: World, citizen: Citizen) -> None:
        self.world, self.citizen, self.line = world, citizen, citizen.phone
        self._messages = 0

    def write(self, **content: Any) -> list[Received]:
        """Send a message. Return what comes back."""
        self._messages += 1
        before = len(self.received)
        message = self.world.write(self.line, f"wamid.{self._messages}", content)
        self.world.deliver(messages=[message], contacts=[{"wa_id": self.line}])
        self.world.settle(120)
        return self.received[before:]

    def say(self, text: str) -> list[Received]:
        """Type."""
        return self.write(type="text", text={"body": text})

    def tap(self, title: str) -> list[Received]:
        """Tap a button of the newest message."""
        reply = {"id": self.received[-1].tappable[title], "title": title}
        return self.write(type="interactive", interactive={"type": "button_reply", "button_reply": reply})

    def close(self) -> list[Received]:
        """Have the phone report that the form is through."""
        reply = {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "x", "number": "999999990019"}'}
        return self.write(type="interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})

    def form(self) -> FormPhone:
        """Return the form of the newest message."""
        assert self.received[-1].form_token
        return FormPhone(self.world, self.received[-1].form_token)

    @property
    def received(self) -> list[Received]:
        """All that came."""
        return [one for one in self.world.record if isinstance(one, Received) and one.line == self.line]

    @property
    def otp(self) -> str:
        """The newest OTP."""
        return self.world.digilocker.sms.of(self.citizen.mobile or "")[-1].otp or ""


@contextmanager
def desk_of(who: Citizen, **settings: str) -> Iterator[Desk]:
    """Return a desk for one citizen's chat."""
    with World(lines=[Line(who.phone, "")], settings=SETTINGS | settings) as world:
        yield Desk(world, who)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_of(ASHA) as made:
        yield made


def sent_form(desk: Desk) -> FormPhone:
    """Have the form sent."""
    desk.say("Hi")
    desk.tap("DigiLocker Services")
    return desk.form()


def at_number(desk: Desk) -> FormPhone:
    """Have the form at the screen for the number."""
    return sent_form(desk).open().submit(choice="agree", agree=True)


def at_otp(desk: Desk) -> FormPhone:
    """Have the form at the screen for the OTP."""
    return at_number(desk).submit(number=desk.citizen.aadhaar)


def taps(screens: list[str]) -> int:
    """Count the taps that screens take: one for each field, one for each button; and one to open the form."""
    shown = [screen for name in screens for screen in FORM["screens"] if screen["id"] == name]
    inputs = [child for screen in shown for child in screen["layout"]["children"] if child.get("required")]
    return 1 + len(inputs) + len(shown)


def asked(desk: Desk, endpoint: str) -> int:
    """Count how often DigiLocker was asked."""
    return sum(isinstance(one, Asked) and one.endpoint == endpoint for one in desk.world.record)


# The good paths


def test_from_hi_to_the_document_it_takes_three_messages_four_screens_and_nine_taps(desk: Desk) -> None:
    form = at_otp(desk).submit(otp=desk.otp)
    assert form.screens == ["CONSENT", "NUMBER", "OTP", "DOCUMENTS"]
    assert taps(form.screens) == 9
    form.submit(document=form.data["documents"][1]["id"])
    assert form.screen == ""
    desk.close()
    desk.world.settle(60)
    assert len(desk.received) == 3
    assert desk.received[2].filename == "Driving licence.pdf"


def test_from_a_poster_it_takes_two_messages_three_screens_and_seven_taps(desk: Desk) -> None:
    desk.say("I want my driving licence")
    form = desk.form().open().submit(choice="agree", agree=True).submit(number=ASHA.aadhaar).submit(otp=desk.otp)
    assert form.screen == ""
    assert form.screens == ["CONSENT", "NUMBER", "OTP"]
    assert taps(form.screens) == 7
    desk.close()
    desk.world.settle(60)
    assert len(desk.received) == 2
    assert desk.received[1].filename == "Driving licence.pdf"


def test_a_list_that_is_longer_than_a_form_can_show_comes_in_the_chat() -> None:
    with desk_of(LAKSHMI) as desk:
        form = at_otp(desk).submit(otp=desk.otp)
        assert form.screen == ""
        assert "page 1 of 4" in desk.received[-1].text


def test_a_wish_that_several_documents_fit_is_chosen_in_the_form() -> None:
    with desk_of(LAKSHMI) as desk:
        desk.say("vehicle rc please")
        form = desk.form().open().submit(choice="agree", agree=True).submit(number=LAKSHMI.aadhaar)
        form.submit(otp=desk.otp)
        assert form.screen == ""  # she has waited for it in the form already: it goes on in the chat
        desk.world.settle(60)
        assert "Several documents match" in desk.received[-1].text


def test_an_account_is_opened_on_one_screen() -> None:
    with desk_of(NEHA) as desk:
        form = sent_form(desk).open().submit(choice="sign_up")
        assert form.screen == "SIGN_UP"
        form.submit(**details(NEHA))
        assert form.screen == "OTP"
        form.submit(otp=desk.otp)
        assert form.screen == ""
        desk.world.settle(60)
        assert "Nothing is in your DigiLocker" in desk.received[-1].text or desk.received[-1].tappable


def details(who: Citizen) -> dict[str, object]:
    """Return what signing up takes."""
    born = f"{who.born[4:]}-{who.born[2:4]}-{who.born[:2]}"
    return {
        "number": who.aadhaar,
        "name": who.aadhaar_name or who.name,
        "born": born,
        "gender": who.gender,
        "mobile": (who.mobile or "")[-10:],
        "agree": True,
    }


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"number": "999900000072"}, "typing mistake"),
        ({"number": "1"}, "12 digits"),
        ({"name": "नेहा"}, "English letters"),
        ({"born": "2050-01-01"}, "date"),
        ({"born": "01-01-1990"}, "date"),
        ({"mobile": "12345"}, "mobile"),
        ({"agree": False}, "I agree"),
        ({"gender": "X"}, "I agree"),
        ({"name": "Somebody Else"}, "Aadhaar"),
    ],
)
def test_what_is_wrong_about_the_details_is_told_on_their_screen(wrong: dict[str, object], told: str) -> None:
    with desk_of(NEHA) as desk:
        form = sent_form(desk).open().submit(choice="sign_up").submit(**details(NEHA) | wrong)
        assert form.screen == "SIGN_UP"
        assert told.casefold() in form.error.casefold()
        assert form.submit(**details(NEHA)).screen == "OTP"


# What goes wrong in it


@pytest.mark.parametrize(
    ("number", "told"),
    [("999999990010", "typing mistake"), ("12", "12 digits"), ("", "12 digits"), ("099999990019", "2 to 9")],
)
def test_a_wrong_number_is_told_on_the_screen_and_nobody_is_asked(desk: Desk, number: str, told: str) -> None:
    form = at_number(desk).submit(number=number)
    assert form.screen == "NUMBER"
    assert told in form.error
    assert asked(desk, "otp") == 0
    assert form.submit(number=ASHA.aadhaar).screen == "OTP"


@pytest.mark.parametrize("group", [" ", "-", "\u200b"])
def test_digits_of_any_script_and_grouping_are_understood(desk: Desk, group: str) -> None:
    digits = "".join(chr(ord("०") + int(digit)) for digit in ASHA.aadhaar)
    assert at_number(desk).submit(number=group.join(digits[at : at + 4] for at in (0, 4, 8))).screen == "OTP"


def test_a_wrong_otp_is_told_with_the_tries_that_are_left(desk: Desk) -> None:
    form = at_otp(desk)
    assert "2 tries" in form.submit(otp=WRONG_OTP).error
    assert "one try" in form.submit(otp=WRONG_OTP).error
    assert "no tries" in form.submit(otp=WRONG_OTP).error
    assert "Resend" in form.data["ask"]
    desk.world.pass_time(61)
    assert form.submit(choice="resend").error == ""
    assert form.submit(otp=desk.otp).screen == "DOCUMENTS"


def test_an_otp_of_another_length_costs_no_try(desk: Desk) -> None:
    form = at_otp(desk).submit(otp="12345")
    assert "6 digits" in form.error
    assert asked(desk, "redeem") == 0


def test_resending_too_early_says_how_long_to_wait(desk: Desk) -> None:
    form = at_otp(desk).submit(choice="resend")
    assert "seconds" in form.error
    assert asked(desk, "otp") == 1


def test_going_back_lets_her_enter_another_number(desk: Desk) -> None:
    form = at_otp(desk).back()
    assert form.screen == "NUMBER"
    assert form.submit(number=LAKSHMI.aadhaar).screen == "OTP"
    assert asked(desk, "otp") == 2


def test_going_back_to_the_consent_leads_on_again(desk: Desk) -> None:
    form = at_number(desk).back()
    assert form.screen == "CONSENT"
    assert form.submit(choice="agree", agree=True).screen == "NUMBER"


def test_too_many_otps_close_the_form_and_say_why(desk: Desk) -> None:
    for _ in range(5):
        form = at_otp(desk)
        assert form.screen == "OTP"
        desk.world.pass_time(700)
    form = at_otp(desk)
    assert form.screen == "CLOSED"
    assert "many OTPs" in form.data["text"]


# Exactly once


def test_the_same_request_gets_the_same_screen_and_asks_nothing_twice(desk: Desk) -> None:
    form = at_number(desk)
    carried = {"token": form.data["token"], "step": form.data["step"]}
    for _ in range(3):
        form.screen = "NUMBER"
        form.send("data_exchange", "NUMBER", {"number": ASHA.aadhaar, **carried})
        assert form.screen == "OTP"
    assert asked(desk, "otp") == 1
    assert form.submit(otp=desk.otp).screen == "DOCUMENTS"


def test_the_same_request_with_another_number_asks_nothing(desk: Desk) -> None:
    form = at_number(desk)
    carried = {"token": form.data["token"], "step": form.data["step"]}
    for number in (ASHA.aadhaar, LAKSHMI.aadhaar):
        form.screen = "NUMBER"
        form.send("data_exchange", "NUMBER", {"number": number, **carried})
    assert asked(desk, "otp") == 1


def test_a_form_that_is_opened_twice_goes_on_where_it_was(desk: Desk) -> None:
    form = at_otp(desk)
    otp = desk.otp
    again = FormPhone(desk.world, form.token).open()
    assert again.screen == "CONSENT"
    assert again.submit(choice="agree", agree=True).screen == "OTP"
    assert asked(desk, "otp") == 1
    assert again.submit(otp=otp).screen == "DOCUMENTS"


def test_a_phone_that_leaves_the_token_out_is_known_by_its_data(desk: Desk) -> None:
    form = at_number(desk)
    form.leaves_token_out = True
    assert form.submit(number=ASHA.aadhaar).screen == "OTP"
    form.send("BACK", "OTP", {})
    assert form.status == 427
    assert "This form is closed" in form.said


# The end of a form


def test_a_form_that_is_opened_too_late_says_so_before_she_enters_anything(desk: Desk) -> None:
    desk.say("नमस्ते")
    desk.write(type="text", text={"body": "DigiLocker सेवाएँ"})
    form = desk.form()
    desk.world.pass_time(901)
    form.open()
    assert form.status == 427
    assert "यह फ़ॉर्म बंद" in form.said


def test_a_form_lives_for_an_hour_at_most(desk: Desk) -> None:
    form = at_number(desk)
    for _ in range(9):
        desk.world.pass_time(420)
        form.submit(number="1")
    assert form.status == 427


@pytest.mark.parametrize("leaves", ["Hi", "Cancel", "chat", "Stop"])
def test_a_form_is_over_once_she_goes_elsewhere_in_the_chat(desk: Desk, leaves: str) -> None:
    form = at_otp(desk)
    desk.say(leaves)
    assert form.submit(otp=desk.otp).status == 427
    assert asked(desk, "redeem") == 0


def test_a_form_that_led_to_the_documents_is_not_opened_again(desk: Desk) -> None:
    form = at_otp(desk).submit(otp=desk.otp)
    assert form.open().status == 427


# Attacks


def test_a_token_of_another_key_is_refused(desk: Desk) -> None:
    form = sent_form(desk)
    form.token = write_token("another", form.token.split(".")[1], "a" * 24, 1_900_000_000)
    assert form.open().status == 427


def test_a_token_for_a_form_that_was_never_sent_is_refused(desk: Desk) -> None:
    form = sent_form(desk)
    form.token = write_token("form-token-key", form.token.split(".")[1], "a" * 24, 1_900_000_000)
    assert form.open().status == 427


def test_a_token_of_another_conversation_leads_into_that_one_only() -> None:
    lines = [Line(ASHA.phone, ""), Line(LAKSHMI.phone, "")]
    with World(lines=lines, settings=SETTINGS) as world:
        hers, others = Desk(world, ASHA), Desk(world, LAKSHMI)
        form, other = at_number(hers), at_number(others)
        other.data = dict(form.data)  # what the screen carries names hers, the phone's own token the other's
        other.submit(number=LAKSHMI.aadhaar)
        assert other.screen == "OTP"
        assert form.submit(number=ASHA.aadhaar).screen == "OTP"
        texted = [one for one in world.record if isinstance(one, Texted)]
        assert len({one.conversation for one in texted}) == 2


def test_a_proof_of_metas_for_another_form_is_refused(desk: Desk) -> None:
    form = sent_form(desk)
    form.send("INIT", "", {}, flow_token_signature="e30.e30.e30")
    assert form.status == 427


def test_a_request_that_is_not_signed_is_refused_before_anything_is_opened(desk: Desk) -> None:
    form = sent_form(desk)
    body = Phone(rsa_key().public_key()).body({"action": "ping"})
    for signature in ("sha256=" + "0" * 64, "none"):
        answer = form.post(body, signature)
        assert answer is not None
        assert (answer["statusCode"], answer["body"]) == (432, "")


def test_ciphertexts_that_are_swapped_between_two_requests_open_nothing(desk: Desk) -> None:
    form = at_number(desk)
    one, other = (json.loads(Phone(rsa_key().public_key()).body({"action": "ping"})) for _ in range(2))
    swapped = form.post(json.dumps(one | {"encrypted_flow_data": other["encrypted_flow_data"]}))
    assert swapped is not None
    assert swapped["statusCode"] == 421


def test_a_request_for_another_key_has_the_phone_fetch_ours_again(desk: Desk) -> None:
    another = rsa.generate_private_key(65537, 2048).public_key()
    answer = sent_form(desk).post(Phone(another).body({"action": "ping"}))
    assert answer is not None
    assert answer["statusCode"] == 421


@pytest.mark.parametrize(("body", "status"), [("x" * 70_000, 413), ("", 400), ("{}", 400), ("[]", 400)])
def test_what_is_no_request_is_refused_and_never_as_undecryptable(desk: Desk, body: str, status: int) -> None:
    answer = sent_form(desk).post(body)
    assert answer is not None
    assert answer["statusCode"] == status


def test_a_document_of_a_list_that_is_not_hers_is_not_fetched(desk: Desk) -> None:
    form = at_otp(desk).submit(otp=desk.otp).submit(document="document@00000000#1")
    assert form.screen == "DOCUMENTS"
    assert "list" in form.error
    assert asked(desk, "file") == 0


def test_a_machine_that_submits_without_end_is_left_alone(desk: Desk) -> None:
    form = at_number(desk)
    for _ in range(40):
        if form.screen == "NUMBER":
            form.submit(number="1")
    assert form.screen == "CLOSED"


def test_meta_sees_that_we_are_there_and_what_phones_report_is_acknowledged(desk: Desk) -> None:
    form = sent_form(desk)
    phone = Phone(rsa_key().public_key())
    for request, answer in (
        ({"version": "3.0", "action": "ping"}, {"data": {"status": "active"}}),
        (
            {"action": "data_exchange", "data": {"error": "payload-schema-error", "error_message": "999999990019"}},
            {"data": {"acknowledged": True}},
        ),
    ):
        response = form.post(phone.body(request))
        assert response is not None
        assert phone.opened(response["body"]) == answer
    assert not any("9999" in line for line in desk.world.logged)


@pytest.mark.parametrize("call", ["kms.decrypt", "kms.encrypt", "dynamodb.query", "sqs.send_message_batch"])
def test_what_aws_cannot_do_now_is_no_421_and_the_same_request_succeeds_later(desk: Desk, call: str) -> None:
    form = at_number(desk)
    desk.world.faults.append(Fault("fails", "form", call))
    form.submit(number=ASHA.aadhaar)
    assert form.status == 503
    assert form.submit(number=ASHA.aadhaar).screen == "OTP"
    assert asked(desk, "otp") == 1


# DigiLocker is slow, or she leaves


def test_a_slow_digilocker_closes_the_first_screen_and_the_answer_comes_in_the_chat(desk: Desk) -> None:
    form = at_number(desk)
    desk.world.opens_at = desk.world.clock() + 20
    form.submit(number=ASHA.aadhaar)
    assert (form.status, form.screen) == (200, "CLOSED")
    assert "in the chat" in form.data["text"]
    desk.close()
    desk.world.pass_time(30)
    assert "open the form again" in desk.received[-1].text
    again = desk.form().open().submit(choice="agree", agree=True)
    assert again.screen == "OTP"
    assert again.submit(otp=desk.otp).screen == "DOCUMENTS"
    assert asked(desk, "otp") == 1


def test_nobody_waits_while_digilockers_last_answers_took_longer(desk: Desk) -> None:
    form = sent_form(desk)
    desk.world.opens_at = desk.world.clock() + 100
    waited = []
    for one in (ASHA, LAKSHMI, citizen("Meera")):
        form.open().submit(choice="agree", agree=True)
        before = desk.world.clock()
        form.submit(number=one.aadhaar)
        assert form.screen == "CLOSED"
        waited.append(round(desk.world.clock() - before))
    assert waited == [3, 3, 0]


def test_an_otp_that_was_shown_in_a_form_that_was_left_is_told_in_the_chat_once(desk: Desk) -> None:
    at_otp(desk)
    desk.world.pass_time(59)
    assert len(desk.received) == 2
    desk.world.pass_time(600)
    assert len(desk.received) == 3
    assert "open the form again" in desk.received[-1].text


def test_a_list_that_was_shown_in_a_form_that_was_left_comes_in_the_chat_once(desk: Desk) -> None:
    at_otp(desk).submit(otp=desk.otp)
    desk.world.pass_time(600)
    assert [one.text[:14] for one in desk.received[2:]] == ["Your documents"]


def test_forms_that_are_left_and_answers_in_the_chat_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(outbox_worker, "count", lambda name, value=1: counted.extend([name] * int(value)))
    with desk_of(ASHA) as desk:
        form = at_otp(desk)
        form.submit(otp=desk.otp)
        form.submit(document=form.data["documents"][0]["id"])
        desk.world.pass_time(600)
        assert not {"FormsLeft", "FormAnswersInChat"} & set(counted)
        desk.tap("Done")
        desk.world.pass_time(600)
        at_otp(desk)
        desk.world.pass_time(600)
        assert counted.count("FormsLeft") == 1
        slow = at_number(desk)
        desk.world.opens_at = desk.world.clock() + 20
        slow.submit(number=LAKSHMI.aadhaar)
        desk.world.pass_time(600)
        assert counted.count("FormAnswersInChat") == 1


def test_nothing_is_repeated_where_she_goes_on(desk: Desk) -> None:
    form = at_otp(desk)
    desk.world.pass_time(30)
    form.submit(otp=desk.otp)
    desk.world.pass_time(20)
    form.submit(document=form.data["documents"][0]["id"])
    desk.close()
    desk.world.pass_time(600)
    assert [bool(one.content) for one in desk.received] == [False, False, True]


# The typed way


def test_where_the_form_does_not_open_she_types_in_the_chat(desk: Desk) -> None:
    sent_form(desk)
    assert "Do you have a DigiLocker account?" in desk.say("chat")[-1].text
    desk.tap("Yes")
    desk.tap("I agree")
    desk.say(ASHA.aadhaar)
    desk.say(desk.otp)
    assert "Your documents" in desk.received[-1].text


def test_without_the_fallback_the_chat_asks_for_nothing() -> None:
    with desk_of(ASHA, FORM_FALLBACK="none") as desk:
        sent_form(desk)
        assert "*chat*" not in desk.received[-1].text
        assert desk.say("chat")[-1].form_token
        assert desk.say(ASHA.aadhaar)[-1].form_token


@pytest.mark.parametrize("code", [132068, 132069])
def test_a_form_that_whatsapp_refuses_leads_to_the_chat_by_itself(desk: Desk, code: int) -> None:
    desk.world.whatsapp.refuses = lambda received: bool(received.form_token)
    desk.world.whatsapp.refusal = (PolicyBlocked if code == 132068 else RateLimited)(code, status=400)
    desk.say("Hi")
    desk.tap("DigiLocker Services")
    assert "please type here in the chat" in desk.received[-1].text
    assert "Do you have a DigiLocker account?" in desk.received[-1].text
    assert desk.received[-1].tappable.keys() == {"Yes", "No"}


def test_a_form_that_does_not_arrive_leads_to_the_chat_by_itself(desk: Desk) -> None:
    desk.world.fate = lambda received: "failed" if received.form_token else "delivered"
    desk.say("Hi")
    desk.tap("DigiLocker Services")
    desk.world.settle(30)
    assert "please type here in the chat" in desk.received[-1].text


def test_without_the_fallback_she_is_told_that_the_form_cannot_be_opened() -> None:
    with desk_of(ASHA, FORM_FALLBACK="none") as desk:
        desk.world.fate = lambda received: "failed" if received.form_token else "delivered"
        desk.say("Hi")
        desk.tap("DigiLocker Services")
        desk.world.settle(30)
        assert "cannot be opened right now" in desk.received[-1].text


# Nothing of it rests anywhere


def test_nothing_that_was_entered_rests_anywhere(desk: Desk) -> None:
    form = at_number(desk)
    for answer in (ASHA.aadhaar, LAKSHMI.aadhaar):
        desk.world.opens_at = desk.world.clock() + 30
        form.submit(number=answer)
        rested = desk.world.rest("calm")
        left = str((rested.items, rested.queued, rested.dead_letters, rested.logged)).replace("AQIC", "")
        assert answer not in unsealed(left)
        desk.world.pass_time(60)
        form = at_number(desk)


def unsealed(text: str) -> str:
    """Return a text without what is sealed: the model of KMS only writes the context beside a value."""
    return re.sub(r"[0-9]{10}\.[A-Za-z0-9+/=]{40,}", "", text)


def test_the_message_that_a_finished_form_leaves_is_not_read_and_not_answered(desk: Desk) -> None:
    form = at_otp(desk).submit(otp=desk.otp)
    form.submit(document=form.data["documents"][0]["id"])
    before = len(desk.received)
    desk.close()
    assert len(desk.received) <= before + 1
    rested = desk.world.rest("calm")
    assert "999999990019" not in str((rested.items, rested.queued, rested.logged))


def test_a_finished_form_that_nobody_sent_changes_nothing(desk: Desk) -> None:
    desk.say("Hi")
    assert desk.close() == []
