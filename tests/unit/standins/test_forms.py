"""WhatsApp's forms on the stand-in: set up by Graph API, opened on a phone, answered by an endpoint of these tests."""

import base64
import copy
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from standins.whatsapp import flow_json
from tests.form_endpoint import Endpoint, answering, pem

ASHA = "919000000001"
WABA, NUMBER, APP = "100000000000002", "100000000000001", "100000000000003"
USER = {"Authorization": "Bearer access-token"}
FORM = json.loads((Path(__file__).parents[3] / "forms" / "sign_in.json").read_text(encoding="utf-8"))
DATA = {
    screen["id"]: {name: schema["__example__"] for name, schema in screen["data"].items()} for screen in FORM["screens"]
}
CONSENT_FOOTER, OTP_LINK = 3, 2


@pytest.fixture
def endpoint(socket_enabled: None) -> Iterator[Endpoint]:
    with answering() as told:
        yield told


class Account:
    """What an operator does with forms at Meta."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage

    def post(self, path: str, **form: Any) -> Any:
        return self.stage.client.post(f"/graph/v26.0/{path}", data=form, headers=USER)

    def get(self, path: str, **query: str) -> Any:
        return self.stage.client.get(f"/graph/v26.0/{path}", query_string=query, headers=USER).get_json()

    def set_key(self) -> Any:
        return self.post(f"{NUMBER}/whatsapp_business_encryption", business_public_key=pem())

    def create(self, endpoint: str, name: str = "sign-in") -> str:
        body = {"name": name, "categories": ["SIGN_IN"], "endpoint_uri": endpoint, "application_id": APP}
        answer = self.stage.client.post(f"/graph/v26.0/{WABA}/flows", json=body, headers=USER)
        return str(answer.get_json()["id"])

    def upload(self, flow: str, form: Any = FORM) -> Any:
        content = form if isinstance(form, bytes) else json.dumps(form).encode()
        file = (io.BytesIO(content), "flow.json", "application/json")
        return self.post(f"{flow}/assets", name="flow.json", asset_type="FLOW_JSON", file=file).get_json()

    def publish(self, flow: str) -> Any:
        return self.post(f"{flow}/publish")

    def set_up(self, endpoint: str) -> str:
        self.set_key()
        flow = self.create(endpoint)
        assert self.upload(flow)["success"]
        assert self.publish(flow).status_code == 200
        return flow

    def send(self, **changed: Any) -> Any:
        self.stage.says()
        parameters = {
            "flow_message_version": "3",
            "flow_name": "sign-in",
            "flow_token": "a token",
            "flow_cta": "Sign in",
            "flow_action": "data_exchange",
        } | changed
        action = {
            "name": "flow",
            "parameters": {name: value for name, value in parameters.items() if value is not None},
        }
        return self.stage.send(
            type="interactive", interactive={"type": "flow", "body": {"text": "Sign in"}, "action": action}
        )

    def open(self) -> Any:
        message = self.stage.chat()[-1]
        assert message["form"] == {"text": "Sign in", "over": False}
        return self.stage.client.post(f"/phones/{ASHA}/forms", json={"message": message["index"]}).get_json()

    def tap(self, form: Any, component: int, **values: Any) -> Any:
        body = {"component": component, "values": values}
        return self.stage.client.post(f"/phones/{ASHA}/forms/{form['id']}/taps", json=body).get_json()

    def back(self, form: Any) -> Any:
        return self.stage.client.post(f"/phones/{ASHA}/forms/{form['id']}/back", json={}).get_json()


@pytest.fixture
def account(stage: Any) -> Account:
    return Account(stage)


@pytest.fixture
def ready(account: Account, endpoint: Endpoint) -> Account:
    """A published form, and a message that opens it."""
    account.set_up(endpoint.url)
    endpoint.asked.clear()
    assert account.send().status_code == 200
    return account


def code(answer: Any) -> int:
    return int(answer.get_json()["error"]["code"])


# --- set up at Meta ---------------------------------------------------------------------------------------------------


def test_a_key_is_kept_with_the_state_of_its_signature(account: Account) -> None:
    path = f"{NUMBER}/whatsapp_business_encryption"
    assert account.get(path) == {"data": []}
    assert account.set_key().get_json() == {"success": True}
    (kept,) = account.get(path)["data"]
    assert kept == {"business_public_key": pem(), "business_public_key_signature_status": "VALID"}
    account.stage.world.flows.key_signed = False
    assert account.get(path)["data"][0]["business_public_key_signature_status"] == "MISMATCH"


@pytest.mark.parametrize("key", ["", "no PEM", pem(generate_private_key(65537, 1024 + 2048))])
def test_what_is_no_key_of_2048_bits_is_refused(account: Account, key: str) -> None:
    assert code(account.post(f"{NUMBER}/whatsapp_business_encryption", business_public_key=key)) == 100


def test_a_form_is_published_once_key_endpoint_and_app_are_there(account: Account, endpoint: Endpoint) -> None:
    flow = account.create(endpoint.url)
    assert code(account.publish(flow)) == 139002  # no draft
    account.upload(flow)
    assert code(account.publish(flow)) == 139002  # no key
    account.set_key()
    account.stage.world.flows.by_id[flow].application_id = ""
    assert code(account.publish(flow)) == 139002  # no app
    account.post(flow, application_id=APP, endpoint_uri="http://127.0.0.1:9/")
    assert code(account.publish(flow)) == 139002  # nobody answers the ping
    account.post(flow, endpoint_uri=endpoint.url)
    assert account.publish(flow).get_json() == {"success": True}
    assert endpoint.asked == [{"version": "3.0", "action": "ping"}]
    shown = account.get(flow, fields="id,name,status,json_version,data_api_version,endpoint_uri,health_status")
    assert shown.pop("health_status")["can_send_message"] == "AVAILABLE"
    assert shown == {
        "id": flow,
        "name": "sign-in",
        "status": "PUBLISHED",
        "json_version": "7.3",
        "data_api_version": "4.0",
        "endpoint_uri": endpoint.url,
    }


def test_a_name_is_taken_once_and_a_published_form_is_deprecated_not_deleted(
    account: Account, endpoint: Endpoint
) -> None:
    flow = account.set_up(endpoint.url)
    body = {"name": "sign-in", "categories": ["SIGN_IN"]}
    assert code(account.stage.client.post(f"/graph/v26.0/{WABA}/flows", json=body, headers=USER)) == 100
    assert code(account.stage.client.delete(f"/graph/v26.0/{flow}", headers=USER)) == 139004
    assert account.post(f"{flow}/deprecate").get_json() == {"success": True}
    assert code(account.send()) == 131009
    draft = account.create(endpoint.url)  # the name is free again
    assert account.stage.client.delete(f"/graph/v26.0/{draft}", headers=USER).get_json() == {"success": True}


def changed(change: Callable[[Any], Any]) -> bytes:
    form = copy.deepcopy(FORM)
    change(form)
    return json.dumps(form).encode()


@pytest.mark.parametrize(
    "form",
    [
        b"{",
        b"[]",
        changed(lambda form: form.update(version="4.0")),
        changed(lambda form: form.update(data_api_version="2.0")),
        changed(lambda form: form.pop("routing_model")),
        changed(lambda form: form["routing_model"].pop("OTP")),
        changed(lambda form: form["routing_model"].update(OTP=[])),
        changed(lambda form: form["routing_model"]["OTP"].append("NUMBER")),
        changed(lambda form: form["screens"].append(form["screens"][0])),
        changed(lambda form: form["screens"][0].update(id="SCREEN 1")),
        changed(lambda form: form["screens"][0].update(color="green")),
        changed(lambda form: form["screens"][0]["data"]["title"].pop("__example__")),
        changed(lambda form: form["screens"][0]["layout"]["children"].append({"type": "Blink"})),
        changed(lambda form: form["screens"][-1]["layout"]["children"].pop()),
        changed(lambda form: form["screens"][0]["layout"]["children"][CONSENT_FOOTER].pop("on-click-action")),
        changed(lambda form: form["screens"][0]["layout"]["children"][0].update(text="${data.nothing}")),
        changed(lambda form: form["screens"][1]["layout"]["children"][1].update(label="x" * 21)),
    ],
)
def test_a_form_that_breaks_a_rule_is_told_of_and_not_published(
    account: Account, endpoint: Endpoint, form: bytes
) -> None:
    account.set_key()
    flow = account.create(endpoint.url)
    answer = account.upload(flow, form)
    assert not answer["success"]
    assert answer["validation_errors"][0]["message"]
    assert code(account.publish(flow)) == 139002


def test_what_is_published_can_be_changed_and_five_versions_stay_alive(ready: Account, endpoint: Endpoint) -> None:
    (flow,) = ready.stage.world.flows.by_id
    for number in range(5):
        endpoint.answers.append({"screen": "CONSENT", "data": DATA["CONSENT"]})
        assert ready.open()["screen"]["id"] == "CONSENT"
        form = copy.deepcopy(FORM)
        form["screens"][0]["title"] = f"version {number}"
        ready.upload(flow, form)
        assert ready.get(flow, fields="status")["status"] == "DRAFT"
        ready.publish(flow)
    assert ready.open()["dialog"] == "This form can no longer be opened."


# --- sent -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habit", "refusal"), [({"form_blocked": True}, 132068), ({"form_throttled": True}, 132069), ({}, None)]
)
def test_a_form_that_meta_holds_back_is_not_sent_and_its_health_says_so(
    ready: Account, habit: dict[str, bool], refusal: int | None
) -> None:
    ready.stage.client.post("/faults", json={"whatsapp": habit})
    answer = ready.send()
    assert (None if answer.status_code == 200 else code(answer)) == refusal
    (flow,) = ready.stage.world.flows.by_id
    state = ready.get(flow, fields="health_status")["health_status"]["can_send_message"]
    assert state == {132068: "BLOCKED", 132069: "LIMITED", None: "AVAILABLE"}[refusal]


def test_a_draft_is_sent_as_a_draft_only_and_an_unknown_form_not_at_all(account: Account, endpoint: Endpoint) -> None:
    account.upload(account.create(endpoint.url))
    assert code(account.send()) == 131009
    assert account.send(mode="draft").status_code == 200
    assert code(account.send(flow_name="another")) == 131009


def test_a_phone_that_is_too_old_gets_no_form(ready: Account) -> None:
    ready.stage.client.post("/faults", json={"whatsapp": {"form_support": False}})
    ready.send()
    message = ready.stage.chat()[-1]
    assert (message["status"], message["error"]["code"]) == ("failed", 131026)


# --- on the phone -----------------------------------------------------------------------------------------------------


def test_a_form_is_filled_in_and_ends_with_what_the_webhook_is_told(ready: Account, endpoint: Endpoint) -> None:
    endpoint.answers = [
        {"screen": "CONSENT", "data": DATA["CONSENT"]},
        {"screen": "NUMBER", "data": DATA["NUMBER"]},
        {"screen": "NUMBER", "data": DATA["NUMBER"] | {"error_message": "Please look at the number again."}},
        {"screen": "CLOSED", "data": DATA["CLOSED"]},
    ]
    form = ready.open()
    assert [one["type"] for one in form["screen"]["components"]] == ["TextBody", "OptIn", "EmbeddedLink", "Footer"]
    assert "agree" in ready.tap(form, CONSENT_FOOTER)["error"]  # the footer is grey
    assert ready.tap(form, CONSENT_FOOTER, agree=True)["screen"]["id"] == "NUMBER"
    shown = ready.tap(form, 2, number="999999990019")
    assert (shown["screen"]["id"], shown["snackbar"]) == ("NUMBER", "Please look at the number again.")
    assert shown["screen"]["values"] == {}  # sensitive
    assert ready.tap(form, 2, number="999999990019")["screen"]["id"] == "CLOSED"
    over = ready.tap(form, 1)
    assert (over["open"], over["screen"]) == (False, None)

    first, second, third, _ = endpoint.asked
    assert (first["action"], first["version"], first["flow_token"]) == ("INIT", "4.0", "a token")
    head, payload, signature = first["flow_token_signature"].split(".")
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {"flow_token": "a token"}
    expected = hmac.new(b"app-secret", f"{head}.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert (second["action"], second["screen"], second["data"]["agree"]) == ("data_exchange", "CONSENT", True)
    assert third["data"]["number"] == "999999990019"
    message = ready.stage.chat()[-1]
    reply = message["raw"]["interactive"]["nfm_reply"]
    assert (reply["name"], reply["body"]) == ("flow", "Sent")
    assert json.loads(reply["response_json"])["flow_token"] == "a token"
    assert message["raw"]["context"]["id"] == ready.stage.chat()[-2]["id"]


def test_an_endpoint_can_end_a_form_itself(ready: Account, endpoint: Endpoint) -> None:
    params = {"extension_message_response": {"params": {"flow_token": "a token", "result": "done"}}}
    endpoint.answers = [{"screen": "CONSENT", "data": DATA["CONSENT"]}, {"screen": "SUCCESS", "data": params}]
    assert not ready.tap(ready.open(), CONSENT_FOOTER, agree=True)["open"]
    reply = ready.stage.chat()[-1]["raw"]["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "a token", "result": "done"}


def test_a_phone_with_an_older_key_fetches_the_new_one_and_asks_once_more(ready: Account, endpoint: Endpoint) -> None:
    ready.stage.client.post("/faults", json={"whatsapp": {"form_key_current": False}})
    endpoint.answers = [{"screen": "CONSENT", "data": DATA["CONSENT"]}]
    assert ready.open()["screen"]["id"] == "CONSENT"
    assert [one.get("action") for one in endpoint.asked] == [None, "INIT"]


def test_a_form_that_is_over_says_so_and_its_button_is_shut(ready: Account, endpoint: Endpoint) -> None:
    endpoint.answers, endpoint.statuses = [{"error_msg": "Please ask for a new form."}], [427]
    assert (form := ready.open())["dialog"] == "Please ask for a new form."
    assert not form["open"]
    message = ready.stage.chat()[-1]
    assert message["form"]["over"]
    again = ready.stage.client.post(f"/phones/{ASHA}/forms", json={"message": message["index"]}).get_json()
    assert again["dialog"] == "This form can no longer be opened."
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("answer", "status", "reported"),
    [
        ({"screen": "CONSENT", "data": {}}, 200, "payload-schema-error"),
        ({"data": DATA["CONSENT"]}, 200, "payload-schema-error"),
        ({"screen": "NOWHERE", "data": {}}, 200, "invalid-screen-transition"),
        (b"not encrypted", 200, "response-decryption-error"),
        ({}, 503, "unexpected_http_status_code"),
    ],
)
def test_what_a_phone_cannot_use_is_reported_in_a_request_of_its_own(
    ready: Account, endpoint: Endpoint, answer: Any, status: int, reported: str
) -> None:
    endpoint.answers, endpoint.statuses = [answer], [status]
    assert ready.open()["dialog"] == "Something went wrong. Try again later."
    ready.stage.settle()
    assert [one["data"]["error"] for one in endpoint.asked[1:]] == [reported]


def test_no_way_leads_past_the_routing_model_and_back_leads_to_the_screen_before(
    ready: Account, endpoint: Endpoint
) -> None:
    endpoint.answers = [
        {"screen": "CONSENT", "data": DATA["CONSENT"]},
        {"screen": "DOCUMENTS", "data": DATA["DOCUMENTS"]},
        {"screen": "NUMBER", "data": DATA["NUMBER"]},
        {"screen": "CONSENT", "data": DATA["CONSENT"]},
    ]
    form = ready.open()
    assert ready.tap(form, CONSENT_FOOTER, agree=True)["dialog"]  # not from CONSENT to DOCUMENTS
    assert ready.tap(form, CONSENT_FOOTER, agree=True)["screen"]["back"]
    assert ready.back(form)["screen"]["id"] == "CONSENT"
    ready.stage.settle()
    assert endpoint.asked[-1]["action"] == "BACK"
    assert not ready.back(form)["open"]  # from the first screen, out of the form


def test_a_phone_can_leave_out_the_token_and_lose_the_connection(ready: Account, endpoint: Endpoint) -> None:
    endpoint.answers = [{"screen": "CONSENT", "data": DATA["CONSENT"]}]
    ready.stage.client.post("/faults", json={"whatsapp": {"form_token": False, "form": {"drop": True}}})
    assert ready.open()["dialog"]
    assert ready.open()["screen"]["id"] == "CONSENT"
    assert not {"flow_token", "flow_token_signature"} & endpoint.asked[-1].keys()


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("forms", {"message": 0}),
        ("forms", {"message": 99}),
        ("forms", {}),
        ("forms/abc/taps", {"component": 0}),
        ("forms/abc/back", {}),
    ],
)
def test_what_is_not_there_cannot_be_opened(stage: Any, call: str, body: Any) -> None:
    stage.says()
    answer = stage.client.post(f"/phones/{ASHA}/{call}", json=body)
    assert answer.status_code == 404
    assert answer.get_json()["error"]


def test_inputs_hold_to_their_limits() -> None:
    screen = flow_json.screen_of(FORM, "SIGN_UP")
    good = {
        "number": "999999990019",
        "name": "Sunita Devi",
        "born": "1990-01-31",
        "gender": "F",
        "mobile": "9000000003",
        "agree": True,
    }
    assert flow_json.missing_inputs(screen, DATA["SIGN_UP"], good) == []
    for name, value in {"number": "1", "born": "2999-01-01", "gender": "X", "agree": False, "name": ""}.items():
        assert flow_json.missing_inputs(screen, DATA["SIGN_UP"], good | {name: value}) == [name]
