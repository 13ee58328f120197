"""Every limit at its edge and one above, in letters that count once and in those that count more."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.whatsapp import messages
from helpdesk.whatsapp.messages import (
    Button,
    ButtonsMessage,
    DocumentHeader,
    InvalidContent,
    Json,
    LinkMessage,
    ListMessage,
    Message,
    MessageTooLong,
    Recipient,
    Row,
    TextMessage,
    clusters,
    envelope,
    length,
    shorten,
)

PHONE = "919000000001"
USER = "IN.1234567890123456"
LINK = "https://example.org/x"
YES = Button("yes", "Yes")
ROW = Row("r", "Row")
ROWS = (ROW,)


def rows(count: int, prefix: str = "r") -> tuple[Row, ...]:
    return tuple(Row(f"{prefix}{n}", "Row") for n in range(count))


LIMITS: list[tuple[str, int, Callable[[str], object]]] = [
    ("text.body", 4096, TextMessage),
    ("interactive.body", 1024, lambda text: ButtonsMessage(text, (YES,))),
    ("interactive.body", 1024, lambda text: ListMessage(text, "Open", ROWS)),
    ("interactive.body", 1024, lambda text: LinkMessage(text, "Open", LINK)),
    ("button.id", 256, lambda text: Button(text, "Yes")),
    ("button.title", 20, lambda text: Button("yes", text)),
    ("list.button", 20, lambda text: ListMessage("Body", text, ROWS)),
    ("row.id", 200, lambda text: Row(text, "Row")),
    ("row.title", 24, lambda text: Row("r", text)),
    ("row.description", 72, lambda text: Row("r", "Row", text)),
    ("link.display_text", 20, lambda text: LinkMessage("Body", text, LINK)),
    ("biz_opaque_callback_data", 512, lambda text: envelope(Recipient(PHONE), TextMessage("Hi"), text)),
]
EDGES = pytest.mark.parametrize(
    ("name", "limit", "build"), LIMITS, ids=[f"{name}-{n}" for n, (name, _, _) in enumerate(LIMITS)]
)


@EDGES
@pytest.mark.parametrize("letter", ["a", "न", "🙂"])
def test_a_text_at_its_limit_passes_and_one_above_is_refused(
    name: str, limit: int, build: Callable[[str], object], letter: str
) -> None:
    fits = letter * (limit // length(letter))
    build(fits)

    with pytest.raises(MessageTooLong) as caught:
        build(fits + "x")

    assert (caught.value.field, caught.value.limit) == (name, limit)
    assert letter * 2 not in str(caught.value)
    assert str(limit) in str(caught.value)


@EDGES
@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0"])
def test_a_text_that_a_reader_would_not_see_is_refused(
    name: str, limit: int, build: Callable[[str], object], blank: str
) -> None:
    if name == "biz_opaque_callback_data" and not blank:
        return
    with pytest.raises(InvalidContent, match="is empty"):
        build(blank)


def test_refusals_are_value_errors() -> None:
    assert issubclass(MessageTooLong, InvalidContent)
    assert issubclass(InvalidContent, ValueError)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_to_three_buttons_pass(count: int) -> None:
    ButtonsMessage("Body", tuple(Button(str(n), str(n)) for n in range(count)))


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: ButtonsMessage("Body", ()), id="no button"),
        pytest.param(lambda: ButtonsMessage("Body", tuple(Button(str(n), str(n)) for n in range(4))), id="4 buttons"),
        pytest.param(lambda: ButtonsMessage("Body", (YES, Button("no", "Yes"))), id="two buttons of one title"),
        pytest.param(lambda: ButtonsMessage("Body", (YES, Button("yes", "No"))), id="two buttons of one id"),
        pytest.param(lambda: ListMessage("Body", "Open", ()), id="no row"),
        pytest.param(lambda: ListMessage("Body", "Open", rows(11)), id="11 rows"),
        pytest.param(lambda: ListMessage("Body", "Open", (ROW, ROW)), id="two rows of one id"),
        pytest.param(lambda: DocumentHeader(link=LINK, media_id="1"), id="header document from two places"),
        pytest.param(DocumentHeader, id="header document from nowhere"),
        pytest.param(lambda: DocumentHeader(media_id=" "), id="blank media id"),
        pytest.param(lambda: DocumentHeader(media_id="1", filename=""), id="blank file name"),
        pytest.param(lambda: DocumentHeader(link="file:///etc/passwd"), id="link that is no web address"),
        pytest.param(lambda: LinkMessage("Body", "Open", "javascript:x"), id="button to no web address"),
        pytest.param(Recipient, id="nobody"),
        pytest.param(lambda: Recipient("", ""), id="empty recipient"),
        pytest.param(lambda: Recipient("+91 90000"), id="number with a space"),
        pytest.param(lambda: Recipient("१२३४५६"), id="number in Devanagari"),
        pytest.param(lambda: Recipient("1" * 16), id="number too long"),
        pytest.param(lambda: Recipient("1234"), id="number too short"),
    ],
)
def test_what_whatsapp_would_refuse_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidContent):
        build()


# --- the request body


@pytest.mark.parametrize(
    ("recipient", "address"),
    [
        (Recipient(PHONE), {"to": "+919000000001"}),
        (Recipient("+" + PHONE), {"to": "+919000000001"}),
        (Recipient(None, USER), {"recipient": USER}),
        (Recipient("", USER), {"recipient": USER}),
        (Recipient(PHONE, USER), {"recipient": USER}),
    ],
)
def test_a_user_id_goes_before_a_number_and_a_number_with_a_plus(recipient: Recipient, address: dict[str, str]) -> None:
    assert envelope(recipient, TextMessage("Hi"), "c.1") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **address,
        "type": "text",
        "text": {"body": "Hi", "preview_url": False},
        "biz_opaque_callback_data": "c.1",
    }


def test_without_callback_data_the_field_is_left_out() -> None:
    assert "biz_opaque_callback_data" not in envelope(Recipient(PHONE), TextMessage("Hi"))


@pytest.mark.parametrize(
    ("message", "body"),
    [
        (
            ButtonsMessage("Body", (YES,), DocumentHeader(link=LINK, filename="PAN.pdf")),
            {
                "type": "button",
                "header": {"type": "document", "document": {"link": LINK, "filename": "PAN.pdf"}},
                "body": {"text": "Body"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]},
            },
        ),
        (
            ButtonsMessage("Body", (YES,), DocumentHeader(media_id="7")),
            {
                "type": "button",
                "header": {"type": "document", "document": {"id": "7"}},
                "body": {"text": "Body"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}]},
            },
        ),
        (
            ListMessage("Body", "Open", (Row("1", "One", "First"), Row("2", "Two"))),
            {
                "type": "list",
                "body": {"text": "Body"},
                "action": {
                    "button": "Open",
                    "sections": [
                        {
                            "rows": [{"id": "1", "title": "One", "description": "First"}, {"id": "2", "title": "Two"}],
                        }
                    ],
                },
            },
        ),
        (
            ListMessage("Body", "Open", ROWS),
            {
                "type": "list",
                "body": {"text": "Body"},
                "action": {"button": "Open", "sections": [{"rows": [{"id": "r", "title": "Row"}]}]},
            },
        ),
        (
            LinkMessage("Body", "Open", LINK),
            {
                "type": "cta_url",
                "body": {"text": "Body"},
                "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": LINK}},
            },
        ),
    ],
)
def test_an_interactive_message_has_the_documented_shape(message: Message, body: dict[str, Json]) -> None:
    assert message.to_json() == {"type": "interactive", "interactive": body}


def test_every_message_can_be_written_as_json() -> None:
    json.dumps(envelope(Recipient(PHONE), ListMessage("Body", "Open", ROWS), "c.1"))


def test_nothing_personal_shows_in_a_repr() -> None:
    shown = repr(
        [
            Recipient(PHONE, USER),
            TextMessage("secret words"),
            ButtonsMessage("secret words", (Button("x", "secret"),), DocumentHeader(link=LINK, filename="secret.pdf")),
            ListMessage("secret words", "Open", (Row("1", "secret", "secret"),)),
            LinkMessage("secret words", "Open", LINK),
        ]
    )

    for personal in (PHONE, USER, "secret", LINK):
        assert personal not in shown


# --- length and shortening


@pytest.mark.parametrize(
    ("text", "units"),
    [("", 0), ("a", 1), ("नमस्ते", 6), ("🙂", 2), ("👨‍👩‍👧‍👦", 11), ("🇮🇳", 4), ("\ud800", 1)],
)
def test_length_counts_utf_16_code_units(text: str, units: int) -> None:
    assert length(text) == units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("abc", ["a", "b", "c"], id="Latin"),
        pytest.param("नमस्ते", ["न", "म", "स्ते"], id="Hindi: conjunct and vowel sign"),
        pytest.param("क्षत्रिय", ["क्ष", "त्रि", "य"], id="Hindi: conjuncts"),
        pytest.param("क्\u200dष", ["क्\u200dष"], id="Hindi: half letter by a joiner"),
        pytest.param("क्\u200cष", ["क्\u200c", "ष"], id="Hindi: visible halant by a non-joiner"),
        pytest.param("ज़्यादा", ["ज़्या", "दा"], id="Hindi: dot below and conjunct"),
        pytest.param("ড্রাইভিং", ["ড্রা", "ই", "ভিং"], id="Bengali"),
        pytest.param("মার্কশিট", ["মা", "র্ক", "শি", "ট"], id="Bengali: reph"),
        pytest.param("கொடு", ["கொ", "டு"], id="Tamil: vowel signs"),
        pytest.param("اُردُو", ["اُ", "ر", "دُ", "و"], id="Urdu: vowel marks"),
        pytest.param("👨‍👩‍👧‍👦!", ["👨‍👩‍👧‍👦", "!"], id="a family"),
        pytest.param("👍🏽👍", ["👍🏽", "👍"], id="a skin tone"),
        pytest.param("🇮🇳🇧🇩🇮", ["🇮🇳", "🇧🇩", "🇮"], id="flags, and half of one"),
        pytest.param("1️⃣2", ["1️⃣", "2"], id="a keycap"),
        pytest.param("🏴󠁧󠁢󠁥󠁮󠁧󠁿x", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "x"], id="the flag of England"),
        pytest.param("❤️a", ["❤️", "a"], id="a variation selector"),
        pytest.param("a\r\nb", ["a", "\r\n", "b"], id="a line end"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_what_a_reader_sees_as_one_sign_stays_together(text: str, expected: list[str]) -> None:
    assert list(clusters(text)) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Driving licence", 15, "Driving licence"),
        ("Driving licence", 14, "Driving licen…"),
        ("Driving licence", 9, "Driving…"),
        ("नमस्ते जी", 6, "नम…"),
        ("नमस्ते जी", 7, "नमस्ते…"),
        ("ড্রাইভিং লাইসেন্স", 6, "ড্রাই…"),
        ("தமிழ்நாடு", 5, "தமி…"),
        ("ڈرائیونگ لائسنس", 8, "ڈرائیون…"),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 12, "👨‍👩‍👧‍👦…"),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 11, "…"),
        ("🇮🇳🇮🇳🇮🇳", 9, "🇮🇳🇮🇳…"),
        ("🇮🇳🇮🇳🇮🇳", 8, "🇮🇳…"),
        ("abc", 1, "…"),
        ("a", 1, "a"),
    ],
)
def test_a_text_is_shortened_between_signs_with_the_ellipsis_counted(text: str, limit: int, expected: str) -> None:
    assert shorten(text, limit) == expected


def test_there_must_be_room_for_the_ellipsis() -> None:
    with pytest.raises(ValueError, match="ellipsis"):
        shorten("a", 0)


_signs = st.sampled_from(list("aनक् षिं ்க🙂\u200d\u200c\ufe0f🏽🇮👩"))


@given(st.lists(_signs, max_size=30).map("".join), st.integers(1, 24))
def test_shortening_keeps_to_the_limit_and_to_the_beginning(text: str, limit: int) -> None:
    shortened = shorten(text, limit)

    assert length(shortened) <= limit
    if shortened != text:
        assert shortened.endswith("…")
        assert text.startswith(shortened[:-1])
    assert "".join(clusters(text)) == text


def test_each_limit_is_the_documented_one() -> None:
    names = {name: value for name, value in vars(messages).items() if name.isupper() and not name.startswith("_")}

    assert names == {
        "TEXT_BODY": 4096,
        "INTERACTIVE_BODY": 1024,
        "BUTTONS": 3,
        "BUTTON_ID": 256,
        "BUTTON_TITLE": 20,
        "LIST_BUTTON": 20,
        "LIST_ROWS": 10,
        "ROW_ID": 200,
        "ROW_TITLE": 24,
        "ROW_DESCRIPTION": 72,
        "LINK_TITLE": 20,
        "FORM_BUTTON": 30,
        "CALLBACK_DATA": 512,
    }
