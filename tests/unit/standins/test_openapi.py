"""The HTTP face is as /openapi.json describes it: no route is missing, and each answers so."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from standins.server import create_app

ASHA = "919000000001"
FORM = json.loads((Path(__file__).parents[3] / "forms" / "sign_in.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def described(lasting: Any) -> Any:
    return lasting.client.get("/openapi.json").get_json()


@pytest.fixture
def chatting(stage: Any) -> Any:
    """A stage with one message of every kind that the description tells of."""
    stage.says()
    wamid = stage.chat()[0]["id"]
    stage.graph({"messaging_product": "whatsapp", "status": "read", "message_id": wamid})
    stage.text()
    rows = [{"id": "d1", "title": "1 PAN", "description": "PAN card"}]
    listed = {"button": "Open", "sections": [{"title": "Issued", "rows": rows}]}
    linked = {"name": "cta_url", "parameters": {"display_text": "Sign in", "url": "https://example.org/"}}
    buttons = {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]}
    for kind, action in (("list", listed), ("cta_url", linked), ("button", buttons)):
        interactive = {"type": kind, "body": {"text": "Choose"}, "action": action, "footer": {"text": "Page 1"}}
        assert stage.send(type="interactive", interactive=interactive).status_code == 200
    send_form(stage)
    citizen = stage.world.citizens[0]
    upload = {"messaging_product": "whatsapp", "type": "application/pdf"}
    url = f"/graph/v26.0/{stage.world.config.phone_number_id}/media"
    file = (io.BytesIO(citizen.issued[0].content()), "pan.pdf", "application/pdf")
    headers = {"Authorization": "Bearer access-token"}
    media = stage.client.post(url, data={**upload, "file": file}, headers=headers).get_json()["id"]
    assert stage.send(type="document", document={"id": media, "filename": "PAN.pdf"}).status_code == 200
    stage.ask_code(dl_username=citizen.aadhaar)
    stage.settle()
    return stage


def send_form(stage: Any) -> None:
    """Send a form that needs no endpoint to open."""
    flow = stage.world.flows.add("sign-in", ("SIGN_IN",))
    flow.published.append(FORM)
    screen = next(one for one in FORM["screens"] if one.get("terminal"))
    data = {name: schema["__example__"] for name, schema in screen["data"].items()}
    parameters = {
        "flow_message_version": "3",
        "flow_name": "sign-in",
        "flow_token": "a token",
        "flow_cta": "Sign in",
        "flow_action": "navigate",
        "flow_action_payload": {"screen": screen["id"], "data": data},
    }
    action = {"name": "flow", "parameters": parameters}
    interactive = {"type": "flow", "body": {"text": "Sign in"}, "action": action}
    assert stage.send(type="interactive", interactive=interactive).status_code == 200


def operations(described: Any) -> list[tuple[str, str]]:
    return [(path, verb) for path, item in described["paths"].items() for verb in item if verb != "parameters"]


def resolved(described: Any, value: Any) -> Any:
    if "$ref" not in value:
        return value
    found = described
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def holds_to(described: Any, path: str, verb: str, answer: Any) -> None:
    """Check an answer against what is described for its status."""
    responses = described["paths"][path][verb]["responses"]
    assert str(answer.status_code) in responses, answer.text
    content = resolved(described, responses[str(answer.status_code)])["content"]
    assert answer.mimetype in content
    schema = content[answer.mimetype].get("schema")
    if schema is not None:
        whole = {**schema, "components": described["components"]}
        assert [error.message for error in Draft202012Validator(whole).iter_errors(answer.get_json())] == []


def address(described: Any, path: str, verb: str) -> str:
    item = described["paths"][path]
    for one in [*item.get("parameters", []), *item[verb].get("parameters", [])]:
        parameter = resolved(described, one)
        path = path.replace(f"{{{parameter['name']}}}", str(parameter.get("example", "")))
    return path


def test_it_is_a_valid_description(described: Any) -> None:
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_of_the_face_is_in_it_and_nothing_else(stage: Any, described: Any) -> None:
    rules = create_app(stage.world).url_map.iter_rules()
    routes = {
        (rule.rule.replace("<int:", "<").replace("<", "{").replace(">", "}"), method.lower())
        for rule in rules
        if not rule.rule.startswith(("/graph/", "/digilocker/", "/consent"))
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert routes == set(operations(described))


def test_every_operation_answers_as_described(chatting: Any, described: Any) -> None:
    document = next(one for one in chatting.chat() if one["document"])
    with_form = next(one for one in chatting.chat() if one["form"])["index"]
    opened = chatting.client.post(f"/phones/{ASHA}/forms", json={"message": with_form}).get_json()["id"]
    for path, verb in operations(described):
        url = address(described, path, verb).replace("/documents/1", f"/documents/{document['index']}")
        url = url.replace("form-id", opened)
        body = described["paths"][path][verb].get("requestBody")
        example = body and body["content"]["application/json"]["example"]
        with getattr(chatting.client, verb)(url, json=example, buffered=False) as answer:
            assert answer.status_code < 300, f"{verb} {url}: {answer.status_code}"
            if answer.mimetype != "text/event-stream":
                holds_to(described, path, verb, answer)


def test_every_kind_of_message_is_as_described(chatting: Any, described: Any) -> None:
    shown = chatting.client.get(f"/phones/{ASHA}/messages")
    holds_to(described, "/phones/{number}/messages", "get", shown)
    messages = shown.get_json()
    assert {one["type"] for one in messages} == {"text", "interactive", "document"}
    for part in ("list", "link", "form", "document"):
        assert [one for one in messages if one[part]], part


@pytest.mark.parametrize(
    ("path", "verb", "url", "body"),
    [
        ("/page/{name}", "get", "/page/secret.js", None),
        ("/conversations/{name}", "get", "/conversations/none", None),
        ("/phones/{number}", "get", "/phones/12", None),
        ("/phones/{number}/messages", "get", f"/phones/{ASHA}/messages?after=x", None),
        ("/phones/{number}/messages", "post", f"/phones/{ASHA}/messages", {"text": ""}),
        ("/phones/{number}/messages", "post", f"/phones/{ASHA}/messages", {"tap": "nothing"}),
        ("/phones/{number}/documents/{index}", "get", f"/phones/{ASHA}/documents/0", None),
        ("/phones/{number}/documents/{index}/preview", "get", f"/phones/{ASHA}/documents/0/preview", None),
        ("/phones/{number}/forms", "post", f"/phones/{ASHA}/forms", {"message": 0}),
        ("/phones/{number}/forms/{form}", "get", f"/phones/{ASHA}/forms/none", None),
        ("/phones/{number}/forms/{form}/taps", "post", f"/phones/{ASHA}/forms/none/taps", {"component": 0}),
        ("/phones/{number}/sms", "get", "/phones/x/sms", None),
        ("/phones/{number}/events", "get", "/phones/x/events", None),
        ("/phones/{number}/journal", "get", f"/phones/{ASHA}/journal?after=x", None),
        ("/switches", "post", "/switches", {"sabotage": True}),
        ("/switches", "post", "/switches", {"crash": True}),
        ("/faults", "post", "/faults", {"uidai": {}}),
        ("/clock", "post", "/clock", {"advance": -1}),
    ],
)
def test_what_makes_no_sense_is_refused_as_described(
    lasting: Any, described: Any, path: str, verb: str, url: str, body: Any
) -> None:
    answer = getattr(lasting.client, verb)(url, json=body)
    assert answer.status_code in {400, 404}
    holds_to(described, path, verb, answer)


def test_events_tell_everything_first_and_then_what_changes(stage: Any) -> None:
    stage.says("one")
    with stage.client.get(f"/phones/{ASHA}/events?sms={ASHA}", buffered=False) as stream:
        events = _events(stream.response)
        first = dict(next(events) for _ in range(5))
        assert [message["text"] for message in first["messages"]] == ["one"]
        assert (first["phone"]["typing"], first["sms"]) == (False, [])
        stage.says("two")
        stage.ask_code(dl_username="999999990019")
        told: dict[str, Any] = {}
        while not {"messages", "sms"} <= told.keys():
            name, value = next(events)
            told[name] = value
        assert [message["text"] for message in told["messages"]] == ["two"]
        assert told["sms"][0]["otp"] in told["sms"][0]["text"]


def test_a_phone_shows_the_sms_to_its_own_number_and_to_its_holders_mobile(stage: Any) -> None:
    phone, another = "919000000099", "919000000098"
    for mobile, text in ((phone, "one"), (ASHA, "two"), (phone, "three"), (another, "four")):
        stage.world.sms.receive(mobile, text)
    with stage.client.get(f"/phones/{phone}/events?sms={ASHA}", buffered=False) as stream:
        events = _events(stream.response)
        first = dict(next(events) for _ in range(5))
        assert [sms["text"] for sms in first["sms"]] == ["one", "two", "three"]


def _events(stream: Any) -> Any:
    for text in stream:
        name, data = (text if isinstance(text, str) else text.decode()).strip().split("\n")
        yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))
