"""Signing in on DigiLocker's own page."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from copy import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from helpdesk.conversation.problems import Problem
from helpdesk.digilocker.client import DigiLockerClient
from helpdesk.digilocker.consent_page import (
    AuthorizeRequest,
    Pkce,
    authorize_url,
    indian_mobile,
    is_same_mobile,
    new_state,
    put_by,
    taken_up,
)
from helpdesk.digilocker.errors import (
    ClientRefused,
    CodeRefused,
    Endpoint,
    InsufficientScope,
    InvalidToken,
    RequestRefused,
    Unanswered,
    Unreachable,
    Unserved,
    error_of,
)
from helpdesk.digilocker.models import Token, TokenAnswer
from helpdesk.errors import DigiLockerError
from standins.config import SimulatorConfig
from standins.server import Simulator
from tests.unit.raw_server import RawServer, http

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]

BASE = "https://digilocker.example.org"
TOKENS = f"{BASE}/public/oauth2/1/token"
REDIRECT = "https://desk.example.org/consent"
SECRET, CLIENT_ID = "test-secret", "TESTCLIENT"
CODE, REFRESH = "c" * 40, "r" * 40
# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REQUEST = AuthorizeRequest(
    client_id=CLIENT_ID,
    redirect_uri=REDIRECT,
    state="s" * 43,
    challenge=CHALLENGE,
    purpose="Documents in the chat",
    service_name="Help desk",
)


def client(url: str = BASE) -> DigiLockerClient:
    return DigiLockerClient(url, "2.4", lambda: CLIENT_ID, lambda: SECRET, connect_timeout=1.0, read_timeout=2.0)


def query(url: str) -> dict[str, str]:
    asked = parse_qs(urlsplit(url).query, strict_parsing=True, keep_blank_values=True)
    assert all(len(values) == 1 for values in asked.values())
    return {name: values[0] for name, values in asked.items()}


# --- the secrets of a sign-in


def test_the_challenge_is_that_of_the_published_vector() -> None:
    assert Pkce(VERIFIER).challenge == CHALLENGE


def test_a_verifier_is_as_long_as_it_must_be_new_each_time_and_never_shown() -> None:
    made = {Pkce.new().verifier for _ in range(50)}

    assert len(made) == 50
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", verifier) for verifier in made)
    assert VERIFIER not in repr(Pkce(VERIFIER))


def test_a_state_is_new_each_time() -> None:
    conversation = "0123456789abcdef" * 2
    made = {new_state(conversation) for _ in range(50)}

    assert len(made) == 50
    # 128 bits of chance behind the conversation's id.
    assert all(re.fullmatch(rf"{conversation}\.[A-Za-z0-9_-]{{22}}", state) for state in made)


def test_what_is_kept_of_an_address_tells_neither_the_state_nor_her_number() -> None:
    state = new_state("0123456789abcdef" * 2)
    address = authorize_url("https://digilocker.example", "2.4", replace(REQUEST, state=state, mobile="9000000001"))

    kept = put_by(address, state, "9000000001")

    assert state not in kept
    assert "9000000001" not in kept
    assert taken_up(kept, state, "9000000001") == address
    assert put_by(address, state, "").count("9000000001") == 1


# --- the address


def test_the_address_asks_for_a_code_with_state_and_challenge() -> None:
    url = authorize_url(f"{BASE}/", "1.x", REQUEST)

    assert url.startswith(f"{BASE}/public/oauth2/1/authorize?")
    assert query(url) == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "state": "s" * 43,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def test_the_newer_version_hears_purpose_and_service_name() -> None:
    url = authorize_url(BASE, "2.4", REQUEST)

    assert "purpose=Documents%20in%20the%20chat&service_name=Help%20desk" in url
    assert set(query(url)) - set(query(authorize_url(BASE, "1.x", REQUEST))) == {"purpose", "service_name"}


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ({"sign_up": True}, {"dl_flow": "signup"}),
        ({"doctypes": ("PANCR", "DRVLC")}, {"req_doctype": "PANCR,DRVLC"}),
        ({"mobile": "9000000001"}, {"prompt": "login_mobile", "login_hint": "9000000001"}),
    ],
)
def test_whatever_else_is_wished_is_asked_for(changed: Mapping[str, Any], asked: dict[str, str]) -> None:
    wished = query(authorize_url(BASE, "2.4", replace(REQUEST, **changed)))
    plain = query(authorize_url(BASE, "2.4", REQUEST))

    assert wished == plain | asked


def test_the_older_version_knows_no_mobile_hint() -> None:
    assert authorize_url(BASE, "1.x", replace(REQUEST, mobile="9000000001")) == authorize_url(BASE, "1.x", REQUEST)


@pytest.mark.parametrize("version", ["1.x", "2.4"])
def test_we_never_vouch_for_a_mobile(version: Any) -> None:
    url = authorize_url(BASE, version, replace(REQUEST, sign_up=True, mobile="9000000001"))

    assert "verified_mobile" not in url


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"client_id": ""}, "client_id"),
        ({"redirect_uri": ""}, "redirect_uri"),
        ({"state": ""}, "state"),
        ({"challenge": ""}, "code_challenge"),
        ({"challenge": f"{CHALLENGE}="}, "code_challenge"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "secret-purpose"}, "purpose"),
        ({"purpose": "दस्तावेज़"}, "purpose"),
        ({"service_name": "x" * 51}, "service_name"),
        ({"doctypes": ("PANCR,DRVLC",)}, "req_doctype"),
        ({"doctypes": ("pancr",)}, "req_doctype"),
        ({"mobile": "+919000000001"}, "login_hint"),
    ],
)
def test_a_request_that_would_be_refused_is_not_made(changed: Mapping[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} ") as caught:
        authorize_url(BASE, "2.4", replace(REQUEST, **changed))

    (value,) = changed.values()
    assert not value or str(value) not in str(caught.value)


def test_what_is_put_into_the_address_cannot_add_a_parameter_to_it() -> None:
    url = authorize_url(BASE, "1.x", replace(REQUEST, client_id="a&verified_mobile=9#", state="x&y=z"))

    assert query(url)["client_id"] == "a&verified_mobile=9#"
    assert query(url)["state"] == "x&y=z"


def test_neither_state_nor_mobile_shows_in_a_repr() -> None:
    shown = repr(replace(REQUEST, mobile="9000000001"))

    assert "s" * 43 not in shown
    assert "9000000001" not in shown


def test_the_address_is_made_without_the_packages_that_start_slowly() -> None:
    program = (
        "import sys, helpdesk.digilocker.consent_page; print(not {'requests', 'pydantic', 'boto3'} & {*sys.modules})"
    )

    ran = subprocess.run(  # noqa: S603 - the words are this test's own
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(__file__).parents[3] / "layers" / "helpdesk")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert ran.stdout == "True\n"


# --- whose mobile it is


@pytest.mark.parametrize(
    ("number", "mobile"),
    [
        ("919000000001", "9000000001"),
        ("+919000000001", "9000000001"),
        ("915000000001", None),
        ("9000000001", None),
        ("4915112345678", None),
        ("9190000000012", None),
        ("", None),
    ],
)
def test_only_an_indian_mobile_has_ten_digits_to_compare(number: str, mobile: str | None) -> None:
    assert indian_mobile(number) == mobile


@pytest.mark.parametrize(
    ("number", "mobile", "same"),
    [
        ("919000000001", "9000000001", True),
        ("919000000001", "9000000002", False),
        ("4915112345678", "9000000001", False),
        ("919000000001", "", None),
        ("4915112345678", "", None),
    ],
)
def test_a_mobile_is_the_same_another_or_not_known(number: str, mobile: str, same: bool | None) -> None:
    assert is_same_mobile(number, mobile) is same


# --- exchanging the code


@responses.activate
def test_a_code_is_exchanged_with_verifier_address_and_our_credentials() -> None:
    responses.post(TOKENS, json={"access_token": "t", "refresh_token": "n", "mobile": "9000000001", "eaadhaar": "Y"})

    signed_in = client().exchange_code(CODE, REDIRECT, VERIFIER, 5)

    assert signed_in == Token("t", 3600, "n", mobile="9000000001")
    assert form(responses.calls[0]) == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "code_verifier": VERIFIER,
    }


@responses.activate
def test_a_refresh_token_is_exchanged_with_http_basic() -> None:
    responses.post(TOKENS, json={"access_token": "t", "refresh_token": "n"})

    assert client().refresh(REFRESH, 5) == Token("t", 3600, "n")

    assert form(responses.calls[0]) == {"grant_type": "refresh_token", "refresh_token": REFRESH}
    credentials = b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
    assert responses.calls[0].request.headers["Authorization"] == f"Basic {credentials}"


def form(call: responses.Call) -> dict[str, str]:
    body = call.request.body
    return query(f"?{body.decode() if isinstance(body, bytes) else body or ''}")


CALLS: dict[str, Callable[[DigiLockerClient], object]] = {
    "code": lambda digilocker: digilocker.exchange_code(CODE, REDIRECT, VERIFIER, 5),
    "refresh": lambda digilocker: digilocker.refresh(REFRESH, 5),
}
EITHER = pytest.mark.parametrize("name", CALLS)


def tells_nothing(error: BaseException) -> bool:
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None:
        seen.append(f"{current!s} {current!r} {vars(current)}")
        current = current.__context__
    hidden = (SECRET, CLIENT_ID, CODE, REFRESH, VERIFIER, "http", "127.0.0.1", "example", "html")
    return not any(part in text for text in seen for part in hidden)


@pytest.mark.parametrize(
    ("name", "status", "body", "kind"),
    [
        ("code", 400, {"error": "invalid_grant", "error_description": CODE}, CodeRefused),
        ("code", 400, {"error": "invalid_grant", "error_description": "The code has expired"}, CodeRefused),
        ("code", 401, {"error_description": "access token is expired or has been revoked"}, CodeRefused),
        ("code", 401, {"error": "invalid_token"}, CodeRefused),
        ("code", 200, {"error": "invalid_grant"}, CodeRefused),
        ("refresh", 400, {"error": "invalid_grant"}, InvalidToken),
        ("refresh", 401, {}, InvalidToken),
        *((name, 400, {"error": "invalid_client"}, ClientRefused) for name in CALLS),
        *((name, 401, {"error": "invalid_client"}, ClientRefused) for name in CALLS),
        *((name, 403, {}, ClientRefused) for name in CALLS),
        *((name, 400, {"error": "invalid_grant_type"}, RequestRefused) for name in CALLS),
        *((name, 400, {}, RequestRefused) for name in CALLS),
        *((name, 500, {"error": "unexpected_error"}, Unserved) for name in CALLS),
        *((name, 429, "slow", Unserved) for name in CALLS),
        *((name, 503, "<html>", Unserved) for name in CALLS),
        *((name, 200, "<html>", Unanswered) for name in CALLS),
        *((name, 200, {"access_token": ""}, Unanswered) for name in CALLS),
        *((name, 302, "", Unanswered) for name in CALLS),
    ],
)
@responses.activate
def test_whatever_is_answered_instead_is_told_apart_and_never_asked_again(
    name: str, status: int, body: object, kind: type[DigiLockerError]
) -> None:
    responses.post(TOKENS, body=body if isinstance(body, str) else json.dumps(body), status=status)

    with pytest.raises(DigiLockerError) as caught:
        CALLS[name](client())

    assert type(caught.value) is kind
    assert not caught.value.retryable
    assert len(responses.calls) == 1
    assert tells_nothing(caught.value)


@EITHER
def test_without_an_answer_it_may_have_happened_and_is_not_repeated(name: str) -> None:
    with RawServer([], [http(b'{"access_token": "t"}')]) as server:
        with pytest.raises(Unanswered) as caught:
            CALLS[name](client(server.url))

        assert len(server.requests) == 1
    assert tells_nothing(caught.value)


@EITHER
@responses.activate
def test_where_no_connection_was_made_nothing_is_used_up(name: str) -> None:
    responses.post(TOKENS, body=requests.ConnectTimeout(TOKENS))

    with pytest.raises(Unreachable) as caught:
        CALLS[name](client())

    assert type(caught.value) is Unreachable
    assert tells_nothing(caught.value)


def test_a_refused_code_tells_the_citizen_to_sign_in_again() -> None:
    error = error_of(400, {"error": "invalid_grant"}, endpoint=Endpoint.CODE_TOKEN)

    assert error.problem is Problem.SIGNED_OUT


# --- the answer


@pytest.mark.parametrize(
    ("told", "mobile"),
    [
        ("9000000001", "9000000001"),
        (9000000001, "9000000001"),
        ("+91 90000-00001", "9000000001"),
        ("09000000001", "9000000001"),
        ("******0001", ""),
        ("XXXXXX0001", ""),
        ("900000001", ""),
        ("4915112345678", ""),
        ("٩٠٠٠٠٠٠٠٠١", ""),
        (None, ""),
    ],
)
def test_a_mobile_is_ten_digits_or_not_told(told: object, mobile: str) -> None:
    assert TokenAnswer.model_validate({"access_token": "t", "mobile": told}).to_value().mobile == mobile


def test_the_scope_says_which_documents_were_ticked() -> None:
    token = Token("t", 3600, scope="files.issueddocs issued/in.gov-PANCR-1 file.partners/DRVLC file.partners/RVCER")

    assert token.shared_uris == ("in.gov-PANCR-1",)


def test_a_scope_without_documents_leaves_it_open() -> None:
    assert Token("t", 3600, scope="files.issueddocs userdetails").shared_uris == ()


def test_nothing_secret_or_personal_shows_in_a_repr() -> None:
    answer = {"access_token": "secret", "refresh_token": "secret", "scope": "secret", "name": "secret"}
    read = TokenAnswer.model_validate(answer | {"mobile": "9000000001", "digilockerid": "secret", "dob": "secret"})

    for shown in (repr(read), repr(read.to_value())):
        assert "secret" not in shown
        assert "9000000001" not in shown


# --- with the stand-in


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    config = SimulatorConfig(
        app_secret="app-secret",
        verify_token="verify-token",
        phone_number_id="100000000000001",
        access_token="access-token",
        client_id=CLIENT_ID,
        client_secret=SECRET,
        digilocker_version="2.4",
        redirect_uris=(REDIRECT,),
    )
    with Simulator(config, port=0) as started:
        yield started


def consent(simulator: Simulator, url: str, ticked: list[str]) -> dict[str, str]:
    """Go through DigiLocker's pages as Asha, and give what stands in the address she is sent back to."""
    with requests.Session() as browser:
        page = browser.get(url).url
        browser.post(page, data={"action": "continue", "account": "9000000001"})
        browser.post(page, data={"action": "continue", "otp": simulator.world.sms.of("919000000001")[-1].otp})
        browser.post(page, data={"action": "continue", "pin": "123456"})
        back = browser.post(page, data={"action": "allow", "document": ticked}, allow_redirects=False)
    assert back.headers["Location"].startswith(f"{REDIRECT}?")
    return query(back.headers["Location"])


def test_from_the_address_to_a_document_and_to_a_fresh_token(simulator: Simulator) -> None:
    # Given a citizen who opens the address, and ticks one of her documents
    asha = simulator.world.citizens[0]
    pan, licence = asha.issued[0].uri, asha.issued[1].uri
    pkce, state = Pkce.new(), new_state("0" * 32)
    request = replace(REQUEST, state=state, challenge=pkce.challenge, mobile="9000000001")
    url = authorize_url(f"{simulator.url}/digilocker", "2.4", request)
    digilocker = client(f"{simulator.url}/digilocker")

    back = consent(simulator, url, [pan])

    # When the code is exchanged
    assert back["state"] == state
    signed_in = digilocker.exchange_code(back["code"], REDIRECT, pkce.verifier, 10)

    # Then her mobile is known, what she ticked can be fetched, and nothing else
    assert is_same_mobile(asha.phone, signed_in.mobile) is True
    assert signed_in.shared_uris == (pan,)
    assert digilocker.file(signed_in.access_token, pan, 10).startswith(b"%PDF-")
    with pytest.raises(InsufficientScope):
        digilocker.file(signed_in.access_token, licence, 10)
    # And the code is used up, and the refresh token after one refresh
    assert signed_in.refresh_token is not None
    fresh = digilocker.refresh(signed_in.refresh_token, 10)
    assert digilocker.file(fresh.access_token, pan, 10).startswith(b"%PDF-")
    with pytest.raises(InvalidToken):
        digilocker.refresh(signed_in.refresh_token, 10)
    with pytest.raises(CodeRefused):
        digilocker.exchange_code(back["code"], REDIRECT, pkce.verifier, 10)
