"""How lists, documents and details look, where they could be mistaken or cut."""

import pytest

from helpdesk.conversation.choices import Choice
from helpdesk.conversation.effects import Button, DeliverDocument, Say, ShowDetails, ShowDocuments, Text
from helpdesk.conversation.model import Conversation, IssuedDocument, Session
from helpdesk.languages.catalogue import Catalogue, catalogues, codes, parse
from helpdesk.languages.department import FORMS, forms
from helpdesk.service.renderer import Renderer
from helpdesk.storage.documents import LOCKED
from helpdesk.whatsapp.messages import ButtonsMessage, DocumentHeader, ListMessage, TextMessage, length
from tools.texts import LONGEST

RENDERER = Renderer(session_seconds=900, link_seconds=900)
every_language = pytest.mark.parametrize("language", catalogues(), ids=lambda language: language.code)


def rc(number: str, date: str = "") -> IssuedDocument:
    uri = f"in.gov.transport-RVCER-{number}"
    return IssuedDocument("Registration of Vehicles", "RVCER", "Ministry of Road Transport", uri, date=date)


def holding(*documents: IssuedDocument, left_out: int = 0) -> Conversation:
    session = Session(signed_in_at=0, expires_at=1, listing="list", left_out=left_out)
    return Conversation(session=session, documents=documents)


def listed(*documents: IssuedDocument, left_out: int = 0, language: str = "en") -> ListMessage:
    return RENDERER.documents(ShowDocuments(language, "list"), holding(*documents, left_out=left_out))


def lines(message: ListMessage) -> list[str]:
    return [line for line in message.body.splitlines() if line[:1].isdigit()]


def names(*documents: IssuedDocument) -> list[str]:
    """Return the names of the files."""
    deliveries = [DeliverDocument("en", "key", number, "list") for number in range(1, len(documents) + 1)]
    return [RENDERER.filename(delivery, holding(*documents)) for delivery in deliveries]


def test_who_runs_the_desk_is_named_as_the_language_names_it() -> None:
    names = {"department": "IT Department", "department.or": "ସୂଚନା ପ୍ରଯୁକ୍ତି ବିଭାଗ", "grievance": "1800-345"}
    renderer = Renderer(session_seconds=900, link_seconds=900, helpline="1800-1", names=names)

    def privacy(renderer: Renderer, language: str) -> str:
        return renderer.say(Say(language, Text("privacy")), Conversation()).body

    odia, english = privacy(renderer, "or"), privacy(renderer, "en")
    assert "ସୂଚନା ପ୍ରଯୁକ୍ତି ବିଭାଗ" in odia
    assert "IT Department" not in odia
    assert "IT Department" in english
    assert all("1800-345" in text and "1800-1" not in text for text in (odia, english))
    assert "Example Department" in privacy(RENDERER, "en")


def test_the_departments_own_names_fit() -> None:
    assert {name.partition(".")[2] for name in parse(FORMS.read_text(encoding="utf-8"))} == set(codes()) - {"en"}
    for name, text in forms().items():
        assert length(text) <= len(LONGEST[name.partition(".")[0]]), name
        assert not set(text) & set("*_~{}\n"), name


CAR, SCOOTER = rc("DL4CAB2345", "2019-09-12"), rc("DL4SCD6789", "2020-08-13")


def test_documents_of_one_kind_are_told_apart_by_their_dates() -> None:
    message = listed(CAR, SCOOTER)

    assert [line.partition(" · ")[0] for line in lines(message)] == [
        "1. Vehicle RC (12/09/2019)",
        "2. Vehicle RC (13/08/2020)",
    ]
    assert [(row.description or "").partition(" · ")[0] for row in message.rows[:2]] == [
        "12/09/2019",
        "13/08/2020",
    ]
    assert names(CAR, SCOOTER) == ["Vehicle RC (12-09-2019).pdf", "Vehicle RC (13-08-2020).pdf"]


@pytest.mark.parametrize("dates", [("", ""), ("2019-09-12", ""), ("2019-09-12", "2019-09-12")])
def test_without_dates_that_differ_they_are_told_apart_by_the_last_signs_of_their_numbers(
    dates: tuple[str, str],
) -> None:
    one, other = rc("DL4CAB2345", dates[0]), rc("DL4SCD6789", dates[1])

    assert [line.partition(" · ")[0] for line in lines(listed(one, other))] == [
        "1. Vehicle RC (…2345)",
        "2. Vehicle RC (…6789)",
    ]
    assert names(one, other) == ["Vehicle RC (2345).pdf", "Vehicle RC (6789).pdf"]


def test_as_many_signs_are_shown_as_it_takes() -> None:
    assert names(rc("AA112345"), rc("AA122345")) == ["Vehicle RC (112345).pdf", "Vehicle RC (122345).pdf"]
    assert names(rc("2345"), rc("2345")) == ["Vehicle RC (1).pdf", "Vehicle RC (2).pdf"]


def test_a_document_that_is_alone_of_its_kind_keeps_its_name() -> None:
    licence = IssuedDocument("Driving License", "DRVLC", "", "in.gov.transport-DRVLC-1", date="2019-09-12")

    assert names(CAR, licence) == ["Vehicle RC.pdf", "Driving licence.pdf"]


@every_language
def test_however_long_their_names_are_two_of_a_kind_stay_apart(language: Catalogue) -> None:
    uris = [f"in.gov.x-ZZZZZ-{number}" for number in range(1001, 1008)]
    documents = tuple(IssuedDocument("An endless name " * 10, "ZZZZZ", "An endless office " * 10, uri) for uri in uris)

    message = listed(*documents, left_out=9999, language=language.code)

    assert length(message.body) <= 1024
    rows = {(row.title.partition(". ")[2], row.description) for row in message.rows[:7]}
    assert len(rows) == 7


@every_language
def test_that_some_documents_cannot_be_shown_is_said_below_the_others(language: Catalogue) -> None:
    told = language.texts["documents.left_out"].format(left_out="2")

    assert told in listed(CAR, left_out=2, language=language.code).body
    assert told not in listed(CAR, language=language.code).body


def checked(labels: tuple[str, ...], *values: str, **more: object) -> ButtonsMessage | TextMessage:
    buttons = (Button(Choice.SEND), Button(Choice.CHANGE), Button(Choice.CANCEL))
    head = Text("pull.check", (("document", "Licence"), ("issuer", "Transport")))
    details = ShowDetails("en", head, labels, buttons, **more)  # type: ignore[arg-type]
    return RENDERER.details(details, dict(zip(details.needs, values, strict=True)))


@pytest.mark.parametrize("count", [1, 5, 7])
def test_no_value_that_she_is_to_check_is_cut_off(count: int) -> None:
    value = "Government Higher Secondary School for Girls, Chirayinkeezhu, Thiruvananthapuram 695304 (Kerala)"
    label = "The name of the institution as it is printed on the certificate " * 2
    message = checked((label,) * count, *[value] * count)

    assert isinstance(message, ButtonsMessage)
    assert length(message.body) <= 1024
    assert message.body.count(f": {value}") == count


def test_where_all_values_leave_no_room_for_buttons_these_are_words_to_type() -> None:
    message = checked(("Name",) * 14, *["x" * 100] * 14)

    assert isinstance(message, TextMessage)
    assert message.body.count(": " + "x" * 100) == 14
    assert message.body.endswith("*Send* / *Change* / *Cancel*")


def test_a_listed_value_is_shown_by_its_name() -> None:
    choices = (("detail_1", "KL", "Kerala"), ("detail_1", "TN", "Tamil Nadu"), ("detail_2", "KL", "another"))
    message = checked(("State", "Number"), "KL", "7", choices=choices)

    assert "1. State: Kerala" in message.body
    assert "2. Number: 7" in message.body


@every_language
def test_a_locked_pdf_comes_with_a_word_about_its_password(language: Catalogue) -> None:
    def body(key: str) -> str:
        delivery = DeliverDocument(language.code, key, 1, "list")
        return RENDERER.delivery(delivery, holding(CAR), DocumentHeader(link="https://x", filename="x.pdf")).body

    assert body(f"documents/x{LOCKED}").endswith(language.texts["documents.locked"])
    assert language.texts["documents.locked"] not in body("documents/x")
