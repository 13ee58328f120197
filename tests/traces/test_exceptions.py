"""Exceptions repeat what was being worked on; nothing of them may go further than where they are caught."""

import datetime as dt
import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from copy import replace

import pydantic
import pytest
import requests
from botocore.exceptions import ClientError, ParamValidationError

from helpdesk import outbound
from helpdesk.digilocker.consent_page import AuthorizeRequest, Pkce, authorize_url
from helpdesk.digilocker.models import Token
from helpdesk.service.authorization_link import Made
from helpdesk.telemetry import UnexpectedError, logger, redact_exceptions
from helpdesk.web.callback import CallbackRefused, Consented, Declined, read_callback
from helpdesk.web.cookies import Cookie
from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS
from tests.traces.recording import Wire, answering, in_html, in_json, raising
from tests.traces.searching import Class, Planted, Shape, search

NUMBER = Planted("Aadhaar number", UIDAI_TEST_NUMBERS[0], Class.SECRET, Shape.NUMBER)
TOKEN = Planted("access token", "b7f1c2d3e4a5968778695a4b3c2d1e0f12345678", Class.SECRET, Shape.RANDOM)
PLANTED = [NUMBER, TOKEN]


def _pydantic(value: str) -> Exception:
    class Person(pydantic.BaseModel):
        birthday: dt.date

    try:
        Person.model_validate({"birthday": f"uid {value}"})
    except pydantic.ValidationError as error:
        return error
    raise AssertionError


def _json(value: str) -> Exception:
    try:
        json.loads(f'{{"uid": "{value}"')
    except json.JSONDecodeError as error:
        return ValueError(error.doc)
    raise AssertionError


def _with_a_note(value: str) -> Exception:
    error = KeyError("one")
    error.add_note(value)
    return error


def _chained(value: str) -> Exception:
    error = RuntimeError("harmless")
    error.__cause__ = ValueError(value)
    return error


EXCEPTIONS: dict[str, Callable[[str], Exception]] = {
    "requests": lambda value: requests.ConnectionError(f"Max retries exceeded with url: /file/{value}"),
    "pydantic": _pydantic,
    "botocore, parameters": lambda value: ParamValidationError(report=f"Invalid type, value: {value}"),
    "botocore, answer": lambda value: ClientError({"Error": {"Code": "Throttled", "Message": value}}, "Encrypt"),
    "json": _json,
    "any": RuntimeError,
    "a group": lambda value: ExceptionGroup(value, [ValueError(value)]),
    "with a note": _with_a_note,
    "chained": _chained,
}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream := io.StringIO())
    yield stream
    handler.setStream(before)


def traces(text: str) -> list[str]:
    return [trace.name for trace in search(PLANTED, "here", text.encode())]


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_these_exceptions_do_tell_a_secret_by_themselves(kind: str) -> None:
    text = "".join(traceback.format_exception(EXCEPTIONS[kind](NUMBER.value)))
    assert traces(text) == ["Aadhaar number"]


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_what_leaves_a_handler_tells_the_class_and_no_more(kind: str, logged: io.StringIO) -> None:
    original = EXCEPTIONS[kind](NUMBER.value)

    @redact_exceptions
    def handler(_event: str) -> None:
        raise original

    with pytest.raises(UnexpectedError) as raised:
        handler(NUMBER.value)

    assert str(raised.value) == type(original).__name__
    assert (raised.value.__context__, raised.value.__cause__) == (None, None)
    assert traces("".join(traceback.format_exception(raised.value)) + repr(raised.value.__dict__)) == []
    (line,) = logged.getvalue().splitlines()
    assert json.loads(line)["error"] == type(original).__name__
    assert "test_exceptions.py" in line  # where it happened
    assert traces(line) == []


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_the_logger_writes_no_text_of_an_exception(kind: str, logged: io.StringIO) -> None:
    error = EXCEPTIONS[kind](NUMBER.value)
    told = (type(error), error, None)
    logger.exception("one", exc_info=told)
    logger.error("two", exc_info=error)
    logger.exception(error, exc_info=told)
    logger.warning(error)
    logger.error("three", stack_info=True, exc_info=told)
    lines = logged.getvalue().splitlines()
    assert len(lines) == 5
    assert all(type(error).__name__ in line for line in lines)
    assert traces(logged.getvalue()) == []


@pytest.mark.parametrize("package", ["boto3", "botocore", "botocore.endpoint", "urllib3", "urllib3.connectionpool"])
def test_packages_that_log_parameters_stay_silent_whatever_the_root_logger_says(package: str) -> None:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        assert not logging.getLogger(package).isEnabledFor(logging.INFO)
    finally:
        root.setLevel(before)


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError,
        requests.ReadTimeout,
        requests.ConnectTimeout,
        requests.exceptions.SSLError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.InvalidHeader,
        OSError,
        ValueError,
    ],
)
def test_a_call_that_fails_says_nothing_of_the_call(failure: Callable[[str], Exception]) -> None:
    wire = Wire()
    wire.plan("/file/", raising(failure), times=2)
    with wire.tapped(), pytest.raises(outbound.CallFailed) as raised:
        call()
    assert wire.used
    assert raised.value.__context__ is None
    assert traces("".join(traceback.format_exception(raised.value)) + repr(raised.value.__dict__)) == []


@pytest.mark.parametrize("body", [in_html, in_json(error="invalid_token")])
def test_an_answer_that_repeats_the_call_does_not_show_it(body: Callable[[str], str]) -> None:
    wire = Wire()
    wire.plan("/file/", answering(500, body))
    with wire.tapped():
        answer = call()
    assert traces(answer.body.decode()) == ["Aadhaar number", "access token"]
    assert traces(repr(answer)) == []


def call() -> outbound.Answer:
    request = requests.Request(
        "POST",
        f"https://digilocker.invalid/file/{NUMBER.value}",
        headers={"Authorization": f"Bearer {TOKEN.value}"},
        data={"uid": NUMBER.value},
    )
    session, timeouts = outbound.plain_session(), outbound.Timeouts(1, 1)
    return outbound.exchange(session, request, deadline=outbound.Deadline.after(5), timeouts=timeouts, limit=100_000)


CODE = Planted("code", "5d1e7a9b3c0f4e2d8b6a49c7f1e3052846ab0c9d", Class.SECRET, Shape.RANDOM)
STATE = Planted("state", "q7Xn2vB9sLw4Tz8KdR1mYg", Class.SECRET, Shape.RANDOM)
NOBODYS = "0" * 32
COME_BACK: dict[str, dict[str, list[str]]] = {
    "a state of another form": {"state": [STATE.value], "code": [CODE.value]},
    "a code of another form": {"state": [f"{NOBODYS}.{STATE.value}"], "code": [f"{CODE.value}\r\n"]},
    "a code and an error": {"state": [f"{NOBODYS}.{STATE.value}"], "code": [CODE.value], "error": [NUMBER.value]},
    "two codes": {"state": [f"{NOBODYS}.{STATE.value}"], "code": [CODE.value, NUMBER.value]},
    "far too much": {"state": [f"{NOBODYS}.{STATE.value}"], "code": [CODE.value], CODE.value: [STATE.value * 200]},
}


@pytest.mark.parametrize("query", COME_BACK.values(), ids=COME_BACK)
def test_a_way_back_that_is_refused_says_nothing_of_what_came(query: dict[str, list[str]]) -> None:
    with pytest.raises(CallbackRefused) as raised:
        read_callback(query)
    text = f"{raised.value!r} {raised.value.__dict__} {raised.value.__context__!r}"
    assert [trace.name for trace in search([*PLANTED, CODE, STATE], "here", text.encode())] == []


def test_what_holds_a_secret_of_a_sign_in_does_not_show_it() -> None:
    state, number = f"{NOBODYS}.{STATE.value}", NUMBER.value
    holders = (
        Consented(state, CODE.value),
        Declined(state, "access_denied"),
        Pkce(CODE.value),
        Made(state, "mark", state, CODE.value),
        Token(TOKEN.value, 3600, TOKEN.value, f"issued/{number}", number),
        Cookie("link", CODE.value, 60),
    )
    shown = "\n".join(map(repr, holders)).encode()
    assert [trace.name for trace in search([*PLANTED, CODE, STATE], "here", shown)] == []


_WRONG = f"{NUMBER.value}{CODE.value}é"
REQUEST = AuthorizeRequest(
    client_id="TESTCLIENT",
    redirect_uri="https://desk.example/consent",
    state=STATE.value,
    challenge="c" * 43,
    purpose="Sending documents",
    service_name="Help desk",
)


@pytest.mark.parametrize(
    "wanted",
    [
        replace(REQUEST, redirect_uri=""),
        replace(REQUEST, challenge=_WRONG),
        replace(REQUEST, mobile=_WRONG),
        replace(REQUEST, purpose=_WRONG),
    ],
)
def test_an_address_that_cannot_be_made_names_the_parameter_only(wanted: AuthorizeRequest) -> None:
    with pytest.raises(ValueError, match=r"empty|letters") as raised:
        authorize_url("https://digilocker.example", "2.4", wanted)
    assert [trace.name for trace in search([*PLANTED, CODE, STATE], "here", str(raised.value).encode())] == []
