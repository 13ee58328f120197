"""Reading what Meta posts."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import PayloadError
from helpdesk.whatsapp.webhook import MAX_ID, MAX_TEXT, Delivery, InboundMessage, Kind, parse

PAYLOADS = Path(__file__).parent / "payloads"
PHONE = "919000000001"
USER = "IN.1234567890123456"
WAMID = "wamid.TEST0000000000000000000001"
NUMBER_ID = "106540352242922"
OURS = "wamid.TESTOURS0000000000000000001"

type Json = object


def load(name: str) -> Delivery:
    return parse((PAYLOADS / f"{name}.json").read_bytes())


def only(delivery: Delivery) -> InboundMessage:
    assert len(delivery.messages) == 1
    assert delivery.skipped == 0
    return delivery.messages[0]


def post(*messages: Json, **value: Json) -> bytes:
    whole = {"metadata": {"phone_number_id": NUMBER_ID}, "messages": list(messages)} | value
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": whole}]}]}).encode()


def text(body: Json = "Hi", **fields: Json) -> dict[str, Json]:
    return {"id": WAMID, "from": PHONE, "type": "text", "text": {"body": body}} | fields


def test_copies_of_what_another_sender_answers_are_counted_and_not_answered() -> None:
    copied = post(text()).replace(b'"field": "messages"', b'"field": "standby"')
    assert parse(copied) == Delivery(standby=1)


# --- every kind of the reference


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("text", Kind.TEXT, "Namaste"),
        ("text_reply", Kind.TEXT, "3"),
        ("text_forwarded", Kind.TEXT, "DigiLocker"),
        ("text_from_advertisement", Kind.TEXT, "Hi"),
        ("advertisement_type", Kind.TEXT, "Hi from the advertisement"),
        ("group_text", Kind.TEXT, "Hi"),
        ("flow_reply", Kind.FLOW, None),
        ("flow_reply_non_object", Kind.FLOW, None),
        ("call_permission_reply", Kind.UNKNOWN, None),
        ("payment_reply", Kind.UNKNOWN, None),
        ("image", Kind.IMAGE, None),
        ("video", Kind.VIDEO, None),
        ("audio_voice_note", Kind.AUDIO, None),
        ("document", Kind.DOCUMENT, None),
        ("sticker", Kind.STICKER, None),
        ("location", Kind.LOCATION, None),
        ("contacts", Kind.CONTACTS, None),
        ("contacts_number_shared", Kind.CONTACTS, None),
        ("reaction", Kind.REACTION, None),
        ("reaction_removed", Kind.REACTION, None),
        ("reaction_removed_empty", Kind.REACTION, None),
        ("order", Kind.ORDER, None),
        ("unsupported", Kind.UNSUPPORTED, None),
        ("unsupported_other_code", Kind.EDIT, None),
        ("unknown_legacy", Kind.UNKNOWN, None),
        ("type_of_the_future", Kind.UNKNOWN, None),
        ("edit", Kind.EDIT, "edited"),
        ("revoke", Kind.REVOKE, None),
        ("system_changed_number", Kind.SYSTEM, None),
    ],
)
def test_each_kind_of_message_is_told_with_its_sender(name: str, kind: Kind, said: str | None) -> None:
    message = only(load(name))

    assert (message.kind, message.text, message.tap, message.title) == (kind, said, None, None)
    assert (message.id, message.phone_number_id, message.timestamp) == (WAMID, NUMBER_ID, 1790000000)
    assert (message.user_id, message.phone) == (USER, PHONE)


def test_an_edit_names_the_message_that_it_changes() -> None:
    assert only(load("edit")).edited == "wamid.TEST0000000000000000000000"


def test_what_is_said_in_a_group_is_told_apart() -> None:
    assert [only(load(name)).in_group for name in ("group_text", "text")] == [True, False]


@pytest.mark.parametrize(
    ("name", "tap", "title"),
    [
        ("button_reply", "services", "DigiLocker Services"),
        ("button_reply_without_context", "account.yes", "Yes"),
        ("list_reply", "document.2", "2 Driving licence"),
        ("template_button", "start", "Start"),
    ],
)
def test_a_tap_gives_the_id_and_its_title(name: str, tap: str, title: str) -> None:
    message = only(load(name))

    assert (message.kind, message.tap, message.title, message.text) == (Kind.TAP, tap, title, None)


@pytest.mark.parametrize(
    ("interactive", "kind", "tap", "title"),
    [
        ({"type": "button_reply", "button_reply": {"title": "Yes"}}, Kind.TAP, None, "Yes"),
        ({"button_reply": {"id": "yes", "title": ""}}, Kind.TAP, "yes", None),
        ({"type": "button_reply", "button_reply": {}}, Kind.UNKNOWN, None, None),
        ({"type": "list_reply", "list_reply": "yes"}, Kind.UNKNOWN, None, None),
        ({"type": "list_reply"}, Kind.UNKNOWN, None, None),
        (None, Kind.UNKNOWN, None, None),
    ],
)
def test_an_incomplete_tap_gives_what_there_is(
    interactive: Json, kind: Kind, tap: str | None, title: str | None
) -> None:
    message = only(parse(post(text(type="interactive", interactive=interactive))))

    assert (message.kind, message.tap, message.title) == (kind, tap, title)


def test_a_withdrawn_welcome_request_is_left_aside_and_not_counted_as_broken() -> None:
    assert load("request_welcome") == Delivery()


# --- who sent it


@pytest.mark.parametrize(
    ("name", "user_id", "phone"),
    [
        ("sender_legacy_without_user_id", None, PHONE),
        ("sender_contact_without_profile", None, PHONE),
        ("sender_username_without_phone", USER, None),
        ("sender_username_empty_phone", USER, None),
        ("sender_only_in_contacts", USER, PHONE),
        ("system_changed_user_id", "IN.9999999999999999", None),
    ],
)
def test_the_sender_is_known_by_whichever_id_is_there(name: str, user_id: str | None, phone: str | None) -> None:
    message = only(load(name))

    assert (message.user_id, message.phone) == (user_id, phone)


@pytest.mark.parametrize(
    ("name", "former"), [("system_changed_number", (USER, PHONE)), ("system_changed_user_id", (USER,))]
)
def test_a_system_message_names_the_ids_that_are_hers_no_more(name: str, former: tuple[str, ...]) -> None:
    assert only(load(name)).former == former


def test_another_system_message_names_none() -> None:
    assert only(parse(post(text(type="system", system={"type": "customer_identity_changed"})))).former == ()


def test_no_id_is_completed_where_two_people_write_in_one_value() -> None:
    hers, his = text(**{"from": "", "from_user_id": USER}), text(id="wamid.2", **{"from": "919000000002"})
    messages = parse(post(hers, his, contacts=[{"user_id": USER}])).messages
    assert [(message.user_id, message.phone) for message in messages] == [(USER, None), (None, "919000000002")]


def test_a_message_without_a_sender_is_skipped_when_the_contacts_leave_a_doubt() -> None:
    assert load("sender_ambiguous") == Delivery(skipped=1)


@pytest.mark.parametrize("absent", [{}, {"from_user_id": ""}, {"from_user_id": None}, {"from_user_id": 1.5}])
def test_a_missing_and_an_empty_user_id_are_the_same(absent: dict[str, Json]) -> None:
    assert only(parse(post(text(**absent)))).user_id is None


@pytest.mark.parametrize("sender", ["", None, "not a number", "IN.1", True, [], {"a": 1}, "+", "९१"])
def test_a_phone_that_is_no_number_is_as_good_as_none(sender: Json) -> None:
    assert parse(post(text(**{"from": sender}))) == Delivery(skipped=1)
    assert only(parse(post(text(**{"from": sender, "from_user_id": USER})))).phone is None


def test_a_number_with_a_plus_and_one_written_as_a_number_are_understood() -> None:
    assert only(parse(post(text(**{"from": "+" + PHONE})))).phone == PHONE
    assert only(parse(post(text(**{"from": int(PHONE)})))).phone == PHONE


@pytest.mark.parametrize(
    ("contacts", "fields", "expected"),
    [
        pytest.param(
            [{"wa_id": PHONE, "user_id": USER}, {"wa_id": "919000000002", "user_id": "IN.2"}],
            {},
            (USER, PHONE),
            id="found by number among several",
        ),
        pytest.param(
            [{"wa_id": PHONE, "user_id": USER}, {"wa_id": "919000000002", "user_id": "IN.2"}],
            {"from": "", "from_user_id": "IN.2"},
            ("IN.2", "919000000002"),
            id="found by user id among several",
        ),
        pytest.param([{"user_id": USER}], {}, (USER, PHONE), id="the sole contact lacks the number"),
        pytest.param([{"wa_id": "919000000002", "user_id": "IN.2"}], {}, (None, PHONE), id="the sole contact is other"),
        pytest.param(
            [{"wa_id": PHONE, "user_id": "IN.1"}, {"wa_id": PHONE, "user_id": "IN.2"}],
            {},
            (None, PHONE),
            id="contacts contradict each other",
        ),
        pytest.param(
            [{"wa_id": PHONE, "user_id": f"IN.{n}"} for n in (1, 2, 1)],
            {},
            (None, PHONE),
            id="a contradiction stays one",
        ),
        pytest.param(
            [{"wa_id": PHONE}], {"from": "", "from_user_id": USER}, (USER, PHONE), id="the contact has a number"
        ),
        pytest.param("odd", {}, (None, PHONE), id="contacts are no list"),
    ],
)
def test_the_other_id_comes_from_the_contacts_only_where_there_is_no_doubt(
    contacts: Json, fields: dict[str, Json], expected: tuple[str | None, str | None]
) -> None:
    (message,) = parse(post(text(**fields), contacts=contacts)).messages

    assert (message.user_id, message.phone) == expected


def test_nothing_that_tells_who_she_is_or_what_she_wrote_shows_in_a_repr() -> None:
    shown = repr(load("messages_and_statuses_mixed")) + repr(load("button_reply")) + repr(load("text"))

    for personal in (PHONE, USER, "wamid.", "Namaste", "DigiLocker Services", "c1.s1"):
        assert personal not in shown


# --- texts and ids


@pytest.mark.parametrize("body", ["", None, 5, ["Hi"], {"a": "b"}])
def test_a_text_without_words_is_a_text_all_the_same(body: Json) -> None:
    message = only(parse(post(text(body))))

    assert (message.kind, message.text) == (Kind.TEXT, None)


@pytest.mark.parametrize("letter", ["a", "न", "🙂"])
def test_a_text_is_cut_at_its_limit_and_not_before(letter: str) -> None:
    assert only(parse(post(text(letter * MAX_TEXT)))).text == letter * MAX_TEXT
    assert only(parse(post(text(letter * (MAX_TEXT + 1))))).text == letter * MAX_TEXT


def test_half_a_surrogate_pair_does_not_survive_to_fail_later() -> None:
    body = post(text()).replace(b'"Hi"', rb'"a\ud800b \ud83d\ude42"')

    assert only(parse(body)).text == "a\ufffdb 🙂"


def test_an_id_with_half_a_surrogate_pair_or_of_impossible_length_is_broken() -> None:
    broken = post(text()).replace(WAMID.encode(), rb"wamid.\ud800")

    assert parse(broken) == Delivery(skipped=1)
    assert parse(post(text(id="w" * MAX_ID))).skipped == 0
    assert parse(post(text(id="w" * (MAX_ID + 1)))) == Delivery(skipped=1)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [("1790000000", 1790000000), (1790000000, 1790000000), ("", None), (None, None), ("soon", None), ("9" * 13, None)],
)
def test_the_time_is_read_as_text_or_number(given_: Json, expected: int | None) -> None:
    assert only(parse(post(text(timestamp=given_)))).timestamp == expected


# --- statuses and errors


@pytest.mark.parametrize("word", ["sent", "delivered", "read", "played"])
def test_each_status_is_told_with_our_own_mark(word: str) -> None:
    (status,) = load(f"status_{word}").statuses

    assert status.status == word
    assert (status.phone_number_id, status.callback_data, status.error_codes) == (NUMBER_ID, "c1.s1", ())


@pytest.mark.parametrize(("name", "code"), [("status_failed_media", 131053), ("status_failed_window_closed", 131047)])
def test_a_failure_tells_its_codes_with_a_bare_contact_or_none(name: str, code: int) -> None:
    delivery = load(name)

    assert [(s.status, s.error_codes) for s in delivery.statuses] == [("failed", (code,))]
    assert delivery.skipped == 0


def test_a_status_needs_no_more_than_an_id_and_a_word() -> None:
    (status,) = load("status_without_optional_fields").statuses

    assert (status.callback_data, status.error_codes) == (None, ())


@pytest.mark.parametrize("status", [{}, {"id": OURS}, {"status": "sent"}, {"id": "", "status": "sent"}, 5])
def test_a_broken_status_is_counted(status: Json) -> None:
    assert parse(post(statuses=[status])) == Delivery(skipped=1)


@pytest.mark.parametrize("errors", [[{"code": True}], [{"code": "131053"}], [{}], ["x"], "x", {"code": 1}])
def test_a_code_that_is_no_number_is_left_out(errors: Json) -> None:
    (status,) = parse(post(statuses=[{"id": OURS, "status": "failed", "errors": errors}])).statuses

    assert status.error_codes == ()


def test_an_error_of_the_number_is_told_apart_from_those_of_messages() -> None:
    assert load("error_of_the_number") == Delivery(errors=(130429,))
    assert load("unsupported").errors == ()


# --- the whole body


def test_other_fields_and_objects_are_left_aside_and_not_counted() -> None:
    assert load("field_account_update") == Delivery()
    assert load("object_of_another_product") == Delivery()


def test_messages_and_statuses_of_one_post_are_all_found_in_order() -> None:
    delivery = load("messages_and_statuses_mixed")

    assert [message.text for message in delivery.messages] == ["1", "2"]
    assert [status.status for status in delivery.statuses] == ["delivered"]


def test_a_broken_element_does_not_hide_its_neighbours() -> None:
    delivery = parse(post(5, text(), {"id": ""}, text(id="wamid.2"), None, []))

    assert [message.id for message in delivery.messages] == [WAMID, "wamid.2"]
    assert delivery.skipped == 4


@pytest.mark.parametrize(
    ("payload", "skipped"),
    [
        ({}, 1),
        ({"entry": None}, 0),
        ({"entry": 5}, 1),
        ({"entry": [5]}, 1),
        ({"entry": [{}]}, 0),
        ({"entry": [{"changes": {}}]}, 1),
        ({"entry": [{"changes": [{"field": "messages"}]}]}, 1),
        ({"entry": [{"changes": [{"value": []}]}]}, 1),
        ({"entry": [{"changes": [{"value": {"messages": [text()]}}]}]}, 1),
        ({"entry": [{"changes": [{"value": {"metadata": 5, "messages": [text()]}}]}]}, 1),
    ],
)
def test_a_payload_of_another_shape_is_counted_and_never_an_error(payload: Json, skipped: int) -> None:
    assert parse(json.dumps(payload).encode()) == Delivery(skipped=skipped)


def test_a_change_without_a_field_name_is_read() -> None:
    value = {"metadata": {"phone_number_id": NUMBER_ID}, "messages": [text()]}

    assert only(parse(json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode())).text == "Hi"


def test_a_post_may_hold_messages_to_several_numbers() -> None:
    changes = [{"value": {"metadata": {"phone_number_id": n}, "messages": [text()]}} for n in ("1", "2")]

    delivery = parse(json.dumps({"entry": [{"changes": [change]} for change in changes]}).encode())

    assert [message.phone_number_id for message in delivery.messages] == ["1", "2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"5",
        b"{",
        b"\xff\xfe\x00",
        b"<html>",
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"a":' * 100_000,
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_json_object_is_the_only_error_and_does_not_quote_it(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        parse(body)

    assert len(str(caught.value)) < 50
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def batch(size: int) -> tuple[bytes, list[str]]:
    """A delivery of messages of so many people, and their user ids."""
    people = range(919000000000, 919000000000 + size)
    messages = [text(str(n), **{"id": f"wamid.{n}", "from": str(n)}) for n in people]
    contacts = [{"wa_id": str(n), "user_id": f"IN.{n}"} for n in people]
    return post(*messages, contacts=contacts), [f"IN.{n}" for n in people]


def calls_to_read(body: bytes) -> int:
    """Count the calls of functions that reading a delivery makes."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        parse(body)
    finally:
        sys.setprofile(None)
    return calls


def test_the_effort_for_a_batch_grows_with_its_messages_and_no_faster() -> None:
    (ten, _), (thousand, people) = batch(10), batch(1000)
    assert [message.user_id for message in parse(thousand).messages] == people
    assert calls_to_read(thousand) <= 100 * calls_to_read(ten)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_names = ("id", "from", "from_user_id", "type", "text", "interactive", "button", "context", "system", "timestamp")
_types = st.sampled_from([*(kind.value for kind in Kind), "interactive", "button", "request_welcome"])
_message = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(_names, _json) | {"type": _types | _json, "id": st.just(WAMID), "from": st.just(PHONE)},
)
_value = st.fixed_dictionaries(
    {"metadata": st.just({"phone_number_id": NUMBER_ID}) | _json},
    optional={
        "messages": st.lists(_message | _json, max_size=3) | _json,
        "statuses": st.lists(_json, max_size=2) | _json,
        "contacts": st.lists(st.fixed_dictionaries({"wa_id": _json, "user_id": _json}) | _json, max_size=2) | _json,
        "errors": _json,
    },
)


@given(_value)
def test_whatever_a_value_holds_it_is_read_without_an_error_and_can_be_passed_on(value: Json) -> None:
    delivery = parse(json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode())

    for message in delivery.messages:
        assert message.user_id or message.phone
        for part in (message.id, message.user_id, message.phone, message.text, message.tap, message.title):
            assert part is None or part.encode()


@given(st.dictionaries(st.sampled_from(["object", "entry", "x"]), _json) | _json)
def test_arbitrary_json_is_read_or_refused_as_no_object(payload: Json) -> None:
    if isinstance(payload, dict):
        assert parse(json.dumps(payload).encode()).messages == ()
    else:
        with pytest.raises(PayloadError):
            parse(json.dumps(payload).encode())


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(PayloadError):
        parse(body)


def test_what_the_webhook_function_imports_pulls_in_nothing_heavy() -> None:
    heavy = "{'requests', 'urllib3', 'pydantic', 'boto3', 'logging', 'asyncio'}"
    code = (
        "import sys\n"
        "import helpdesk.whatsapp.errors, helpdesk.whatsapp.messages\n"
        "import helpdesk.whatsapp.signature, helpdesk.whatsapp.webhook\n"
        f"print(sorted({heavy}.intersection(sys.modules)))"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}

    seen = subprocess.run(  # noqa: S603 - the code is the one above
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )

    assert seen.stdout.strip() == b"[]"
