"""DigiLocker's own pages for signing in, and what their code is good for."""

import base64
import hashlib
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

REDIRECT = "https://desk.example.org/consent"
# RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
CLIENT = ("TESTCLIENT", "test-secret")
OTHER = ("OTHER", "other-secret")
ASHA, SUNITA, GOPAL = "999999990019", "999971658847", "999990501894"
PIN = "123456"
PAN, LICENCE = "in.gov.pan-PANCR-AAAPV0000A", "in.gov.transport-DRVLC-DL0020200000001"
REQUEST = {
    "response_type": "code",
    "client_id": "TESTCLIENT",
    "redirect_uri": REDIRECT,
    "state": "a state/+",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
NEWER = {"purpose": "Documents in the chat", "service_name": "Help desk"}


class Page(HTMLParser):
    """What a browser without JavaScript makes of a page: its text, its form's fields, and its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.fields: dict[str, list[str]] = {}
        self.boxes: set[str] = set()
        self.buttons: set[str] = set()
        self.loads: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        match tag:
            case "input":
                values = self.fields.setdefault(str(told["name"]), [])
                if told.get("type") == "checkbox":
                    self.boxes.add(str(told["value"]))
                    values += [str(told["value"])] if "checked" in told else []
                else:
                    values.append(told.get("value") or "")
            case "button":
                self.buttons.add(str(told["value"]))
            case "script" | "link" | "img" | "iframe":
                self.loads.append(told.get("href") or told.get("src"))

    def handle_data(self, data: str) -> None:
        self.text += data


class Browser:
    """A citizen's browser: follows redirects at DigiLocker and stops where it is sent elsewhere."""

    def __init__(self, stage: Any) -> None:
        self._client = stage.client
        self.stage = stage
        self.at = ""
        self.answer: TestResponse | None = None

    @property
    def page(self) -> Page:
        assert self.answer is not None
        return Page(self.answer.text)

    @property
    def sent_back(self) -> Mapping[str, str]:
        """What stands in the address that it was sent back to."""
        assert self.at.startswith(f"{REDIRECT}?"), self.at
        return {name: value for name, (value,) in parse_qs(urlsplit(self.at).query, strict_parsing=True).items()}

    def open(self, left_out: str = "", **changed: str) -> "Browser":
        query = {name: value for name, value in (REQUEST | changed).items() if name != left_out}
        return self._go(
            self._client.get("/digilocker/public/oauth2/1/authorize", query_string=query),
            "/digilocker/public/oauth2/1/authorize",
        )

    def press(self, button: str, *untick: str, **typed: str) -> "Browser":
        page = self.page
        assert button in page.buttons, page.text
        assert set(typed) <= set(page.fields)
        form: dict[str, Any] = {
            name: [value for value in values if value not in untick] for name, values in page.fields.items()
        }
        return self._go(self._client.post(self.at, data=form | typed | {"action": button}), self.at)

    def _go(self, answer: TestResponse, path: str) -> "Browser":
        self.answer, self.at = answer, path
        if answer.status_code == 303:
            where = answer.headers["Location"]
            if where.startswith("/"):
                return self._go(self._client.get(where), where)
            self.at = where
        return self

    # The whole way

    def sign_in(self, account: str = ASHA, mobile: str = "919000000001") -> "Browser":
        """From the first page to the consent."""
        self.press("continue", account=account)
        self.press("continue", otp=self.stage.last_otp(mobile))
        return self.press("continue", pin=PIN)

    def code(self, *untick: str, **changed: str) -> str:
        return self.open(**changed).sign_in().press("allow", *untick).sent_back["code"]


@pytest.fixture
def redirecting(staging: Any) -> Any:
    return staging(redirect_uris=(REDIRECT,), other_clients=(OTHER,))


@pytest.fixture
def newer(staging: Any) -> Any:
    return staging(redirect_uris=(REDIRECT,), digilocker_version="2.4")


@pytest.fixture
def browser(redirecting: Any) -> Browser:
    return Browser(redirecting)


type Auth = tuple[str, str] | None


def exchange(stage: Any, code: str, auth: Auth = CLIENT, /, **changed: str) -> TestResponse:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changed,
    }
    answer = stage.client.post("/digilocker/public/oauth2/1/token", data=form, auth=auth)
    assert isinstance(answer, TestResponse)
    return answer


def refresh(stage: Any, token: str, auth: Auth = CLIENT, /, **form: str) -> TestResponse:
    given = {"grant_type": "refresh_token", "refresh_token": token, **form}
    answer = stage.client.post("/digilocker/public/oauth2/1/token", data=given, auth=auth)
    assert isinstance(answer, TestResponse)
    return answer


def refused(answer: TestResponse) -> tuple[int, str]:
    body = answer.get_json()
    assert set(body) == {"error", "error_description"}
    return answer.status_code, body["error"]


class TestTheRequest:
    def test_it_is_answered_with_the_page_that_asks_for_an_account(self, browser: Browser) -> None:
        page = browser.open().page
        assert "Mobile number, Aadhaar number or user name" in page.text
        assert {"continue", "sign up", "deny"} <= page.buttons

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": "OTHER"},
            {"client_id": ""},
            {"redirect_uri": f"{REDIRECT}/"},
            {"redirect_uri": f"{REDIRECT}?x=1"},
            {"redirect_uri": "https://elsewhere.example.org/"},
            {"redirect_uri": ""},
        ],
    )
    def test_nobody_is_sent_to_an_address_that_is_not_registered(
        self, browser: Browser, changed: dict[str, str]
    ) -> None:
        answer = browser.open(**changed).answer
        assert answer is not None
        assert (answer.status_code, "Location" in answer.headers) == (400, False)

    def test_an_address_can_be_registered_later(self, browser: Browser) -> None:
        browser.stage.world.redirect_uris.append("http://127.0.0.1:9/consent")
        assert "Sign in" in browser.open(redirect_uri="http://127.0.0.1:9/consent").page.text

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": ""}, "unsupported_response_type"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"dl_flow": "sign-up"}, "invalid_request"),
            ({"req_doctype": "licence"}, "invalid_request"),
            ({"scope": "everything"}, "invalid_scope"),
            ({"consent_valid_till": "1000000000"}, "invalid_request"),
            ({"consent_valid_till": "tomorrow"}, "invalid_request"),
        ],
    )
    def test_what_is_wrong_with_it_is_told_to_the_client_with_its_state(
        self, browser: Browser, changed: dict[str, str], error: str
    ) -> None:
        told = browser.open(**changed).sent_back
        assert told["error"] == error
        assert told["state"] == REQUEST["state"]
        assert told["error_description"]

    def test_a_request_without_state_is_refused(self, browser: Browser) -> None:
        told = browser.open(left_out="state").sent_back
        assert set(told) == {"error", "error_description"}
        assert told["error"] == "invalid_request"

    def test_a_repeated_parameter_is_refused(self, redirecting: Any) -> None:
        answer = redirecting.client.get(
            "/digilocker/public/oauth2/1/authorize", query_string=[*REQUEST.items(), ("scope", "a"), ("scope", "b")]
        )
        assert "error=invalid_request" in answer.headers["Location"]

    def test_the_older_edition_does_without_pkce(self, browser: Browser) -> None:
        browser.open(left_out="code_challenge", code_challenge_method="")
        assert "code" in browser.sign_in().press("allow").sent_back

    @pytest.mark.parametrize(
        "left_out",
        ["purpose", "service_name", "code_challenge"],
    )
    def test_edition_2_4_demands_purpose_service_name_and_pkce(self, newer: Any, left_out: str) -> None:
        assert Browser(newer).open(left_out, **NEWER).sent_back["error"] == "invalid_request"

    @pytest.mark.parametrize("purpose", ["Dokumente für alle", "a-b", "x" * 51])
    def test_purpose_and_service_name_are_of_letters_digits_spaces_and_underscores(
        self, newer: Any, purpose: str
    ) -> None:
        assert Browser(newer).open(**NEWER | {"purpose": purpose}).sent_back["error"] == "invalid_request"

    def test_the_citizen_reads_who_asks_and_what_for(self, newer: Any) -> None:
        text = Browser(newer).open(**NEWER).page.text
        assert NEWER["purpose"] in text
        assert NEWER["service_name"] in text

    def test_a_doctype_that_the_client_was_not_approved_for_is_refused(self, staging: Any) -> None:
        browser = Browser(staging(redirect_uris=(REDIRECT,), approved_doctypes=("PANCR",)))
        assert browser.open(req_doctype="PANCR,DRVLC").sent_back["error"] == "invalid_request"
        assert "Sign in" in browser.open(req_doctype="PANCR").page.text


class TestThePages:
    def test_they_load_nothing_but_their_own_style_and_need_no_script(self, browser: Browser) -> None:
        browser.open()
        (style,) = browser.page.loads
        css = browser.stage.client.get(style)
        assert (css.status_code, css.mimetype) == (200, "text/css")
        assert browser.answer is not None
        policy = browser.answer.headers["Content-Security-Policy"]
        assert "default-src 'none'; style-src 'self'; form-action 'self' https://desk.example.org;" in policy
        assert "frame-ancestors 'none'" in policy
        assert browser.answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("account", [ASHA, "9000000001", "asha.verma"])
    def test_number_mobile_and_user_name_lead_to_an_otp_on_the_mobile(self, browser: Browser, account: str) -> None:
        page = browser.open().press("continue", account=account).page
        assert "ending in 0001" in page.text
        assert re.fullmatch("[0-9]{6}", browser.stage.last_otp("919000000001"))

    @pytest.mark.parametrize(
        ("account", "problem"),
        [
            (SUNITA, "No DigiLocker account"),
            ("9000000099", "No DigiLocker account"),
            ("", "No DigiLocker account"),
            ("9000000004", "more than one account"),
            (GOPAL, "No mobile number is linked"),
        ],
    )
    def test_an_account_that_cannot_sign_in_is_asked_for_again(
        self, browser: Browser, account: str, problem: str
    ) -> None:
        page = browser.open().press("continue", account=account).page
        assert problem in page.text
        assert "account" in page.fields

    def test_a_wrong_otp_opens_nothing_and_a_new_one_can_be_sent(self, browser: Browser) -> None:
        browser.open().press("continue", account=ASHA)
        for _ in range(3):
            browser.press("continue", otp="wrong")
        right = browser.stage.last_otp("919000000001")
        assert "otp" in browser.press("continue", otp=right).page.fields
        browser.press("resend").press("continue", otp=browser.stage.last_otp("919000000001"))
        assert "pin" in browser.page.fields

    def test_three_wrong_pins_lead_back_to_the_beginning(self, browser: Browser) -> None:
        browser.open().press("continue", account=ASHA)
        browser.press("continue", otp=browser.stage.last_otp("919000000001"))
        for _ in range(2):
            assert "The PIN is wrong" in browser.press("continue", pin="000000").page.text
        assert "account" in browser.press("continue", pin="000000").page.fields

    def test_no_step_can_be_left_out(self, browser: Browser) -> None:
        browser.open()
        for form in ({"action": "allow", "document": PAN}, {"action": "continue", "pin": PIN}):
            browser.stage.client.post(browser.at, data=form)
            assert "account" in Page(browser.stage.client.get(browser.at).text).fields

    @pytest.mark.parametrize("asked", [{"pla": "Y"}, {"pla": "Y", "prompt": "login"}])
    def test_there_is_no_pin_where_the_client_asks_for_none(self, browser: Browser, asked: dict[str, str]) -> None:
        browser.open(**asked).press("continue", account=ASHA)
        assert "allow" in browser.press("continue", otp=browser.stage.last_otp("919000000001")).page.buttons

    def test_refusing_sends_back_with_the_documented_code(self, browser: Browser) -> None:
        told = browser.open().sign_in().press("deny").sent_back
        assert (told["error"], told["state"]) == ("access_denied", REQUEST["state"])
        assert "code" not in told

    def test_she_may_refuse_at_the_first_page_too(self, browser: Browser) -> None:
        assert browser.open().press("deny").sent_back["error"] == "access_denied"

    def test_a_sign_in_that_is_over_cannot_be_gone_through_again(self, browser: Browser) -> None:
        page = browser.open().sign_in().at
        browser.press("allow")
        assert browser.stage.client.post(page, data={"action": "allow"}).status_code == 410
        assert browser.stage.client.get(page).status_code == 410

    def test_a_sign_in_waits_a_quarter_of_an_hour(self, browser: Browser) -> None:
        browser.open()
        browser.stage.world.clock.advance(899)
        assert browser.stage.client.get(browser.at).status_code == 200
        browser.stage.world.clock.advance(1)
        assert browser.stage.client.get(browser.at).status_code == 410

    def test_the_mobile_can_be_filled_in_beforehand(self, newer: Any) -> None:
        browser = Browser(newer).open(**NEWER, prompt="login_mobile", login_hint="9000000001")
        assert browser.page.fields["account"] == ["9000000001"]
        assert "ending in 0001" in browser.press("continue").page.text

    def test_only_a_mobile_is_taken_then(self, newer: Any) -> None:
        browser = Browser(newer).open(**NEWER, prompt="login_mobile")
        assert "account" in browser.press("continue", account="asha.verma").page.fields

    @pytest.mark.parametrize("asked", [{"login_hint": "9000000001"}, {"prompt": "login", "login_hint": "9000000001"}])
    def test_without_that_prompt_nothing_is_filled_in(self, newer: Any, asked: dict[str, str]) -> None:
        assert Browser(newer).open(**NEWER, **asked).page.fields["account"] == [""]

    def test_the_older_edition_knows_no_prompt(self, browser: Browser) -> None:
        browser.open(prompt="login_mobile", login_hint="9000000001")
        assert browser.page.fields["account"] == [""]

    def test_a_fault_can_be_switched_on_for_them(self, browser: Browser) -> None:
        browser.stage.client.post("/faults", json={"digilocker": {"authorize": {"status": 503, "body": "<p>down"}}})
        answer = browser.open().answer
        assert answer is not None
        assert (answer.status_code, answer.text) == (503, "<p>down")


class TestSigningUp:
    def begin(self, stage: Any, **asked: str) -> Browser:
        browser = Browser(stage).open(dl_flow="signup", **asked).press("continue", account=SUNITA)
        return browser.press("continue", otp=stage.last_otp("919000000003"))

    def test_a_citizen_without_an_account_gets_one_with_a_pin_of_her_own(self, redirecting: Any) -> None:
        browser = self.begin(redirecting)
        code = browser.press("continue", pin="654321", again="654321").press("allow").sent_back["code"]
        token = exchange(redirecting, code).get_json()
        assert token["new_account"] == "Y"
        assert redirecting.read("2/files/issued", token["access_token"]).get_json()["items"] == []
        # The next time she signs in.
        browser = Browser(redirecting).open().press("continue", account=SUNITA)
        browser.press("continue", otp=redirecting.last_otp("919000000003"))
        assert "pin" in browser.press("continue", pin=PIN).page.fields
        code = browser.press("continue", pin="654321").press("allow").sent_back["code"]
        assert exchange(redirecting, code).get_json()["new_account"] == "N"

    @pytest.mark.parametrize(("pin", "again"), [("654321", "654322"), ("12345", "12345"), ("abcdef", "abcdef")])
    def test_the_pin_is_six_digits_twice(self, redirecting: Any, pin: str, again: str) -> None:
        browser = self.begin(redirecting).press("continue", pin=pin, again=again)
        assert "again" in browser.page.fields
        assert redirecting.verify(uid=SUNITA).get_json() == {"registered": False}

    def test_there_is_no_account_before_the_otp(self, redirecting: Any) -> None:
        Browser(redirecting).open(dl_flow="signup").press("continue", account=SUNITA)
        assert redirecting.verify(uid=SUNITA).get_json() == {"registered": False}

    def test_without_a_pin_the_account_is_there_after_the_otp(self, redirecting: Any) -> None:
        assert "allow" in self.begin(redirecting, plsignup="Y").page.buttons
        assert redirecting.verify(uid=SUNITA).get_json()["registered"] is True

    def test_the_sign_in_page_leads_to_it_too(self, browser: Browser) -> None:
        assert "Aadhaar number" in browser.open().press("sign up").page.text
        assert "ending in 0003" in browser.press("continue", account=SUNITA).page.text

    def test_who_has_an_account_signs_in(self, redirecting: Any) -> None:
        browser = Browser(redirecting).open(dl_flow="signup").sign_in()
        token = exchange(redirecting, browser.press("allow").sent_back["code"]).get_json()
        assert token["new_account"] == "N"

    @pytest.mark.parametrize("account", ["123456789012", "9000000001", "asha.verma"])
    def test_only_an_aadhaar_number_will_do(self, browser: Browser, account: str) -> None:
        assert "not an Aadhaar number" in browser.open(dl_flow="signup").press("continue", account=account).page.text


class TestConsent:
    def token(self, browser: Browser, *untick: str, **asked: str) -> Any:
        return exchange(browser.stage, browser.code(*untick, **asked)).get_json()

    def test_every_document_is_offered_and_ticked(self, browser: Browser) -> None:
        page = browser.open().sign_in().page
        assert len(page.boxes) == 10  # nine documents, and what she uploaded
        assert page.boxes == {*page.fields["document"], *page.fields["uploaded"]}

    def test_what_is_ticked_stands_in_the_scope_and_can_be_fetched(self, browser: Browser) -> None:
        token = self.token(browser)
        assert {"userdetails", "files.issueddocs", "files.uploadeddocs", f"issued/{PAN}"} <= set(token["scope"].split())
        assert browser.stage.read(f"1/file/{PAN}", token["access_token"]).status_code == 200

    def test_what_is_not_ticked_is_listed_but_not_given_out(self, browser: Browser) -> None:
        token = self.token(browser, LICENCE)
        assert f"issued/{LICENCE}" not in token["scope"].split()
        listed = browser.stage.read("2/files/issued", token["access_token"]).get_json()["items"]
        assert LICENCE in {item["uri"] for item in listed}
        for path in (f"1/file/{LICENCE}", f"1/xml/{LICENCE}"):
            assert refused(browser.stage.read(path, token["access_token"])) == (403, "insufficient_scope")
        assert browser.stage.read(f"1/file/{PAN}", token["access_token"]).status_code == 200

    def test_her_own_files_are_closed_if_she_does_not_tick_them(self, browser: Browser) -> None:
        token = self.token(browser, "Y")
        assert refused(browser.stage.read("1/files/", token["access_token"])) == (403, "insufficient_scope")

    @pytest.mark.parametrize(("untick", "status"), [((), 200), (("Y",), 403)])
    def test_one_of_her_own_files_is_as_open_as_their_list(
        self, browser: Browser, untick: tuple[str, ...], status: int
    ) -> None:
        back = browser.open().sign_in("meera_p", "919000000011").press("allow", *untick).sent_back
        token = exchange(browser.stage, back["code"]).get_json()["access_token"]
        meera = next(one for one in browser.stage.world.citizens if one.name == "MEERA PILLAI")
        assert browser.stage.read(f"1/file/{meera.uploaded[0].uri}", token).status_code == status

    def test_the_client_may_ask_for_less(self, browser: Browser) -> None:
        token = self.token(browser, scope="userdetails")
        assert token["scope"] == "userdetails"
        assert refused(browser.stage.read("2/files/issued", token["access_token"])) == (403, "insufficient_scope")
        assert browser.stage.read("1/user", token["access_token"]).status_code == 200

    def test_without_user_details_there_are_none(self, browser: Browser) -> None:
        token = self.token(browser, scope="files.issueddocs")
        assert refused(browser.stage.read("1/user", token["access_token"])) == (403, "insufficient_scope")

    @pytest.mark.parametrize(
        "asked",
        [{"req_doctype": "PANCR,VACER"}, {"scope": "files.issueddocs partners.PANCR partners.VACER"}],
    )
    def test_the_client_may_ask_for_kinds_also_such_as_are_not_there_yet(
        self, browser: Browser, asked: dict[str, str]
    ) -> None:
        assert browser.open(**asked).sign_in().page.boxes - {"Y"} == {PAN, "VACER"}
        scope = set(self.token(browser, **asked)["scope"].split())
        assert {f"issued/{PAN}", "file.partners/VACER"} <= scope
        assert f"issued/{LICENCE}" not in scope

    def test_nothing_can_be_ticked_that_was_not_offered(self, browser: Browser) -> None:
        browser.open(req_doctype="PANCR").sign_in()
        answer = browser.stage.client.post(browser.at, data={"action": "allow", "document": [LICENCE, "in.gov-X"]})
        (code,) = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
        assert "issued/" not in exchange(browser.stage, code).get_json()["scope"]

    def test_what_may_not_be_shared_is_not_offered(self, browser: Browser) -> None:
        browser.open().sign_in("meera_p", "919000000011")
        assert not [box for box in browser.page.boxes if "-ADHAR-" in box]


class TestTheCode:
    def test_it_gives_a_token_with_what_is_documented(self, browser: Browser) -> None:
        code = browser.code()
        assert browser.sent_back["state"] == REQUEST["state"]
        body = exchange(browser.stage, code).get_json()
        assert re.fullmatch("[0-9a-f]{40}", body["access_token"])
        assert re.fullmatch("[0-9a-f]{40}", body["refresh_token"])
        assert (body["expires_in"], body["token_type"], body["eaadhaar"]) == (3600, "Bearer", "Y")
        assert (body["name"], body["dob"], body["gender"]) == ("ASHA VERMA", "01011992", "F")
        assert not {"mobile", "consent_valid_till", "purpose"} & set(body)

    def test_edition_2_4_adds_mobile_purpose_and_the_end_of_the_consent(self, newer: Any) -> None:
        till = str(int(newer.world.clock.now()) + 1000)
        body = exchange(newer, Browser(newer).code(**NEWER, consent_valid_till=till)).get_json()
        assert (body["mobile"], body["purpose"]) == ("9000000001", NEWER["purpose"])
        assert body["consent_valid_till"] == int(till)

    def test_the_client_may_authenticate_in_the_form(self, browser: Browser) -> None:
        form = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        assert exchange(browser.stage, browser.code(), None, **form).status_code == 200

    @pytest.mark.parametrize("auth", [("TESTCLIENT", "wrong"), ("NOBODY", "test-secret"), None])
    def test_a_client_that_cannot_prove_itself_gets_nothing_and_spoils_nothing(
        self, browser: Browser, auth: Auth
    ) -> None:
        code = browser.code()
        assert refused(exchange(browser.stage, code, auth)) == (400, "invalid_client")
        assert refused(exchange(browser.stage, code, None, client_id="TESTCLIENT")) == (400, "invalid_client")
        assert exchange(browser.stage, code).status_code == 200

    def test_another_client_gets_nothing_for_it_and_spoils_nothing(self, browser: Browser) -> None:
        code = browser.code()
        assert refused(exchange(browser.stage, code, OTHER)) == (400, "invalid_grant")
        assert exchange(browser.stage, code).status_code == 200

    def test_it_is_good_once_and_a_second_use_ends_what_came_of_it(self, browser: Browser) -> None:
        code = browser.code()
        token = exchange(browser.stage, code).get_json()
        assert refused(exchange(browser.stage, code)) == (400, "invalid_grant")
        assert refused(browser.stage.read("1/user", token["access_token"])) == (401, "invalid_token")
        assert refused(refresh(browser.stage, token["refresh_token"])) == (400, "invalid_grant")

    def test_it_is_good_for_five_minutes(self, browser: Browser) -> None:
        early, late = browser.code(), browser.code()
        browser.stage.world.clock.advance(299)
        assert exchange(browser.stage, early).status_code == 200
        browser.stage.world.clock.advance(1)
        assert refused(exchange(browser.stage, late)) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        "changed",
        [
            {"code_verifier": VERIFIER[:-1] + "x"},
            {"code_verifier": ""},
            {"code_verifier": CHALLENGE},
            {"redirect_uri": f"{REDIRECT}/"},
            {"redirect_uri": ""},
        ],
    )
    def test_a_wrong_verifier_or_address_uses_it_up(self, browser: Browser, changed: dict[str, str]) -> None:
        code = browser.code()
        assert refused(exchange(browser.stage, code, **changed)) == (400, "invalid_grant")
        assert refused(exchange(browser.stage, code)) == (400, "invalid_grant")

    def test_a_challenge_of_the_hexadecimal_digest_is_noticed_only_here(self, browser: Browser) -> None:
        digest = hashlib.sha256(VERIFIER.encode()).hexdigest()
        mistaken = base64.urlsafe_b64encode(digest.encode()).decode()
        assert refused(exchange(browser.stage, browser.code(code_challenge=mistaken))) == (400, "invalid_grant")

    @pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, "a" * 42 + "+"])
    def test_a_verifier_has_43_to_128_unreserved_characters(self, browser: Browser, verifier: str) -> None:
        fitting = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        answer = exchange(browser.stage, browser.code(code_challenge=fitting), code_verifier=verifier)
        assert refused(answer) == (400, "invalid_grant")

    def test_an_invented_code_is_refused(self, browser: Browser) -> None:
        assert refused(exchange(browser.stage, "0" * 40)) == (400, "invalid_grant")


class TestRefreshing:
    @pytest.fixture
    def token(self, browser: Browser) -> Any:
        return exchange(browser.stage, browser.code(LICENCE)).get_json()

    def test_it_gives_new_tokens_of_the_same_scope_and_the_old_refresh_token_dies(
        self, browser: Browser, token: Any
    ) -> None:
        fresh = refresh(browser.stage, token["refresh_token"]).get_json()
        assert fresh["scope"] == token["scope"]
        assert not {fresh["access_token"], fresh["refresh_token"]} & {token["access_token"], token["refresh_token"]}
        assert browser.stage.read("1/user", fresh["access_token"]).status_code == 200
        assert refused(refresh(browser.stage, token["refresh_token"])) == (400, "invalid_grant")
        assert refresh(browser.stage, fresh["refresh_token"]).status_code == 200

    def test_it_works_after_the_access_token_has_expired(self, browser: Browser, token: Any) -> None:
        browser.stage.world.clock.advance(3600)
        assert refused(browser.stage.read("1/user", token["access_token"])) == (401, "invalid_token")
        fresh = refresh(browser.stage, token["refresh_token"]).get_json()
        assert browser.stage.read("1/user", fresh["access_token"]).status_code == 200

    def test_it_ends_after_thirty_days(self, browser: Browser, token: Any) -> None:
        browser.stage.world.clock.advance(30 * 24 * 3600)
        assert refused(refresh(browser.stage, token["refresh_token"])) == (400, "invalid_grant")

    def test_it_ends_with_the_consent(self, browser: Browser) -> None:
        till = int(browser.stage.world.clock.now()) + 4000
        token = exchange(browser.stage, browser.code(consent_valid_till=str(till))).get_json()
        browser.stage.world.clock.advance(4000)
        assert refused(refresh(browser.stage, token["refresh_token"])) == (400, "invalid_grant")

    def test_only_http_basic_will_do_here(self, browser: Browser, token: Any) -> None:
        form = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
        assert refused(refresh(browser.stage, token["refresh_token"], None, **form)) == (400, "invalid_client")
        assert refresh(browser.stage, token["refresh_token"]).status_code == 200

    def test_another_client_gets_nothing_and_spoils_nothing(self, browser: Browser, token: Any) -> None:
        assert refused(refresh(browser.stage, token["refresh_token"], OTHER)) == (400, "invalid_grant")
        assert refresh(browser.stage, token["refresh_token"]).status_code == 200

    @pytest.mark.parametrize(
        ("which", "hint"),
        [
            ("access_token", "access_token"),
            ("access_token", ""),
            ("refresh_token", "refresh_token"),
            ("refresh_token", ""),
        ],
    )
    def test_revoking_one_token_ends_the_whole_grant(self, browser: Browser, token: Any, which: str, hint: str) -> None:
        form = {"token": token[which], "token_type_hint": hint}
        answer = browser.stage.client.post("/digilocker/public/oauth2/1/revoke", data=form, auth=CLIENT)
        assert answer.status_code == 200
        assert refused(browser.stage.read("1/user", token["access_token"])) == (401, "invalid_token")
        assert refused(refresh(browser.stage, token["refresh_token"])) == (400, "invalid_grant")

    def test_a_hint_of_the_wrong_kind_finds_nothing(self, browser: Browser, token: Any) -> None:
        form = {"token": token["access_token"], "token_type_hint": "refresh_token"}
        answer = browser.stage.client.post("/digilocker/public/oauth2/1/revoke", data=form, auth=CLIENT)
        assert refused(answer) == (400, "invalid_token")
        assert browser.stage.read("1/user", token["access_token"]).status_code == 200

    def test_who_revokes_in_her_own_app_ends_it_as_well(self, redirecting: Any) -> None:
        harpreet = next(one for one in redirecting.world.citizens if one.name == "HARPREET KAUR")
        browser = Browser(redirecting).open().sign_in(harpreet.aadhaar, harpreet.mobile)
        token = exchange(redirecting, browser.press("allow").sent_back["code"]).get_json()
        uri = redirecting.uri("HARPREET KAUR", "PANCR")
        assert redirecting.read(f"1/file/{uri}", token["access_token"]).status_code == 200
        assert refused(redirecting.read(f"1/file/{uri}", token["access_token"])) == (401, "invalid_token")
        assert refused(refresh(redirecting, token["refresh_token"])) == (400, "invalid_grant")
