"""Signing up: what is corrected, in every language, what is offered, and where each of DigiLocker's refusals leads."""

import re

import pytest

from helpdesk.conversation.model import Conversation, Rules, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.errors import Endpoint, error_of
from helpdesk.languages.catalogue import catalogue, codes
from helpdesk.understanding.dates import written
from standins.digilocker.citizens import Citizen, everyone
from tests.conversations.chat import Chat

NAMES = {
    "hi": "सुनीता देवी",
    "bn": "সুনীতা দেবী",
    "mr": "सुनीता देवी",
    "te": "సునీత దేవి",
    "ta": "சுனிதா தேவி",
    "gu": "સુનીતા દેવી",
    "ur": "سنیتا دیوی",
    "kn": "ಸುನೀತಾ ದೇವಿ",
    "or": "ସୁନୀତା ଦେବୀ",
    "ml": "സുനിത ദേവി",
    "pa": "ਸੁਨੀਤਾ ਦੇਵੀ",
    "as": "সুনীতা দেৱী",
}
"""Sunita Devi, as she would write herself."""
BORN, MISTYPED = "1968-03-05", "1968-04-05"

every_language = pytest.mark.parametrize("code", codes())


def sunita() -> Citizen:
    return next(one for one in everyone() if one.name == "SUNITA DEVI")


def text(code: str, key: str) -> str:
    return catalogue(code).texts[key]


def say(chat: Chat, *texts: str) -> str:
    """Say one after the other, and give the last answer."""
    for one in texts:
        chat.say(one)
    (answer, *_) = chat.said[-1:]
    return answer


def asked_for_name(code: str = "en", *, writes_from_mobile: bool = True) -> Chat:
    chat = Chat(sunita(), conversation=Conversation(language=code), writes_from_mobile=writes_from_mobile)
    no, agree = text(code, "button.no"), text(code, "button.agree")
    say(chat, "1", f"[{no}]", f"[{agree}]", "<her Aadhaar number>")
    assert chat.conversation.stage is Stage.NAME
    return chat


def asked_for_gender(code: str = "en", born: str = BORN) -> Chat:
    chat = asked_for_name(code)
    say(chat, "Sunita Devi", written(born, code))
    assert chat.conversation.stage is Stage.GENDER
    return chat


def at_the_summary(code: str = "en", born: str = BORN) -> Chat:
    chat = asked_for_gender(code, born)
    say(chat, "1", f"[{text(code, 'button.own_mobile')}]")
    assert chat.conversation.stage is Stage.SUMMARY
    return chat


@every_language
def test_a_date_that_is_read_back_wrong_is_corrected_by_typing_it_again(code: str) -> None:
    chat = asked_for_gender(code, MISTYPED)
    assert f"*{written(MISTYPED, code)}*" in chat.said[-1]

    assert f"*{written(BORN, code)}*" in say(chat, written(BORN, code))
    summary = say(chat, "1", f"[{text(code, 'button.own_mobile')}]")
    assert written(BORN, code) in summary
    assert written(MISTYPED, code) not in summary


@every_language
def test_a_wrong_date_on_the_summary_is_corrected_by_the_number_of_its_line(code: str) -> None:
    chat = at_the_summary(code, MISTYPED)

    assert text(code, "sign_up.change") in say(chat, f"[{text(code, 'button.change')}]")
    assert text(code, "sign_up.born") in say(chat, "3")
    summary = say(chat, written(BORN, code))
    assert chat.conversation.stage is Stage.SUMMARY
    assert written(BORN, code) in summary
    assert written(MISTYPED, code) not in summary


@pytest.mark.parametrize(("code", "name"), NAMES.items())
def test_a_name_in_her_own_script_is_answered_with_an_example_at_once(code: str, name: str) -> None:
    chat = asked_for_name(code)

    answer = say(chat, name)

    assert text(code, "sign_up.not_a_name") in answer
    assert text(code, "sign_up.name") in answer
    assert answer.count("Asha Kumari") == 1
    assert text(code, "sign_up.born") in say(chat, "Sunita Devi")


@pytest.mark.parametrize(
    "name", ["O'Neil Mary", "K. P. Nair", "Anne-Marie", "Mohd. Imran", "MOHAMMED ABDUL RAHMAN KHAN"]
)
def test_a_name_is_taken_as_the_card_has_it(name: str) -> None:
    assert text("en", "sign_up.born") in say(asked_for_name(), name)


def test_the_number_that_she_writes_from_is_offered_first() -> None:
    chat = asked_for_gender()
    assert say(chat, "1").endswith("[This number] [Back] [Cancel]")


def test_it_is_not_offered_where_it_is_not_known() -> None:
    chat = asked_for_name(writes_from_mobile=False)

    answer = say(chat, "Sunita Devi", "5 March 1968", "1")

    assert answer == f"{text('en', 'sign_up.mobile')}\n[Back] [Cancel]"
    assert text("en", "sign_up.not_a_mobile") in say(chat, "this number")
    assert "5. Mobile: 9000000003" in say(chat, "90000 00003")


def test_nor_once_digilocker_has_refused_it() -> None:
    chat = at_the_summary()
    chat.problems.append(Problem.MOBILE_TAKEN)

    answer = say(chat, "[Send]")

    assert text("en", "problem.mobile_taken") in answer
    assert "This number" not in answer
    assert "5. Mobile: 9000000083" in say(chat, "90000 00083")


@every_language
@pytest.mark.parametrize("problem", [Problem.MOBILE_TAKEN, Problem.DETAILS_DIFFER])
def test_a_refusal_that_an_account_of_hers_can_explain_leads_to_signing_in(problem: Problem, code: str) -> None:
    chat = at_the_summary(code)
    chat.problems.append(problem)

    answer = say(chat, f"[{text(code, 'button.send')}]")

    assert text(code, f"problem.{problem}") in answer
    way = text(code, "sign_up.has_account")
    assert way in answer
    services, yes = re.findall(r"\*(.+?)\*", way)
    assert text(code, "account.ask") in say(chat, services)
    consent = say(chat, yes)
    assert text(code, "consent.ask").splitlines()[2] in consent  # what is used
    assert chat.conversation.form is None


HERS, OURS = "DigiLocker could not read one of the details", "Our connection to DigiLocker is not working"
BUSY = "DigiLocker is very busy"


@pytest.mark.parametrize(
    ("status", "code", "description", "answer"),
    [
        (400, "mobile_exists", "", "This mobile number belongs to another DigiLocker account"),
        (400, "auth_failure", "", "These details do not match Aadhaar"),
        *((400, "invalid_parameter", name, HERS) for name in ("uid", "Name", "Dob", "Gender", "Mobile")),
        *((400, "invalid_parameter", name, OURS) for name in ("Verification", "Consent", "Timestamp", "HMAC")),
        (401, "invalid_client_id", "", OURS),
        (500, "unexpected_error", "", BUSY),
        (429, "otp_flooding_error", "", "DigiLocker has sent many OTPs"),
    ],
)
def test_each_refusal_of_the_details_has_its_answer_and_its_way_on(
    status: int, code: str, description: str, answer: str
) -> None:
    chat = at_the_summary()
    refusal = {"error": code, "error_description": description and f"{description} parameter is missing or invalid"}
    chat.problems.append(error_of(status, refusal, endpoint=Endpoint.SIGN_UP).problem)

    told = say(chat, "[Send]")

    assert told.startswith(answer)
    assert (text("en", "sign_up.has_account") in told) == (code in {"mobile_exists", "auth_failure"})
    if code == "mobile_exists":
        say(chat, "90000 00083")
    assert chat.said[-1].endswith("[Send] [Change] [Cancel]")
    chat.later("61 seconds")
    assert "An OTP is on its way" in say(chat, "[Send]")


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (400, "parameter_missing", OURS),
        (400, "invalid_ts", OURS),
        (400, "hmac_mismatch", OURS),
        (401, "invalid_client_id", OURS),
        (500, "unexpected_error", BUSY),
        (400, "invalid_grant", "That OTP was not accepted. You have 2 tries left."),
        (400, "expired_token", "That OTP has expired."),
        (429, "exceeded_otp_attempt", "That OTP was not accepted, and you have no tries left."),
    ],
)
def test_each_refusal_of_the_otp_has_its_answer_and_its_way_on(status: int, code: str, answer: str) -> None:
    chat = at_the_summary()
    say(chat, "[Send]")
    chat.problems.append(error_of(status, {"error": code}, endpoint=Endpoint.SIGN_UP_VERIFY).problem)

    told = say(chat, "<the OTP>")

    assert told.startswith(answer)
    assert told.endswith("[Resend] [Change] [Cancel]")
    chat.later("61 seconds")
    assert "An OTP is on its way" in say(chat, "[Resend]")
    assert "You are signed in." in say(chat, "<the OTP>")


OTHERS = ("999941057058", "999933119405", "999955183433")
"""UIDAI's numbers for tests."""


def try_with(chat: Chat, number: str, problem: Problem) -> str:
    """Have the details sent with another Aadhaar number, which is refused."""
    say(chat, "1", number)
    chat.problems = [problem]
    return say(chat, "[Send]")


@pytest.mark.parametrize("problem", [Problem.DETAILS_DIFFER, Problem.MOBILE_TAKEN])
def test_a_list_of_people_cannot_be_compared_with_aadhaars_from_one_phone(problem: Problem) -> None:
    chat = at_the_summary()
    for number in OTHERS:
        assert text("en", f"problem.{problem}") in try_with(chat, number, problem)
        if problem is Problem.MOBILE_TAKEN:
            say(chat, "90000 00083")

    refused = try_with(chat, sunita().aadhaar, problem)

    assert "Several Aadhaar numbers were typed from this phone today" in refused
    assert chat.problems == [problem]


def test_one_that_is_refused_costs_no_otp_and_only_once_one_of_the_numbers() -> None:
    chat = at_the_summary()
    for _ in range(Rules().otps_per_citizen_per_day):
        chat.problems = [Problem.DETAILS_DIFFER]
        say(chat, "[Send]")
    assert len(chat.conversation.tried) == 1
    for _ in range(Rules().otps_per_citizen_per_day):
        assert "An OTP is on its way" in say(chat, "[Send]")
        say(chat, "[Change]")
        chat.later("61 seconds")
    assert "You have had many OTPs today" in say(chat, "[Send]")
