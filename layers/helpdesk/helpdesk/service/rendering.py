"""Replies of the dialogue as WhatsApp messages, in her language.

What has a limit at WhatsApp and comes from outside (names of documents and issuers) is shortened here; our own texts
are never shortened, the tests hold them to the limits.
"""

from collections.abc import Mapping
from types import MappingProxyType

from helpdesk.conversation.chapters.documents import PAGE_SIZE, pages
from helpdesk.conversation.chapters.language import PAGE_SIZE as LANGUAGES_ON_A_PAGE
from helpdesk.conversation.chapters.new_document import PAGE_SIZE as OPTIONS_ON_A_PAGE
from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.effects import (
    Button as ButtonOf,
)
from helpdesk.conversation.effects import (
    DeliverDocument,
    OfferLanguages,
    OfferLink,
    Option,
    Say,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    Text,
)
from helpdesk.conversation.model import Conversation, IssuedDocument, Stage, Wanted
from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues, codes
from helpdesk.languages.dates import written
from helpdesk.storage.documents import DATA, extension
from helpdesk.structs import Value
from helpdesk.whatsapp.messages import (
    Button,
    ButtonsMessage,
    DocumentHeader,
    LinkMessage,
    ListMessage,
    Row,
    Section,
    TextMessage,
    length,
    shorten,
)

_BODY = 1024
_ROW_TITLE = 24
_ROW_DESCRIPTION = 72
_LINE = 96
_SHORTEST_LINE = 30
NOTHING_OPENED: Mapping[str, str] = MappingProxyType({})
_GENDERS = {"F": Choice.FEMALE, "M": Choice.MALE, "T": Choice.TRANSGENDER}


class Renderer(Value, frozen=True):
    """Writes messages. Times in seconds."""

    session_seconds: int
    link_seconds: int
    helpline: str = ""
    consent_days: int = 365

    def say(
        self, reply: Say, conversation: Conversation, opened: Mapping[str, str] = NOTHING_OPENED
    ) -> ButtonsMessage | TextMessage:
        """Write a text with its buttons. `opened` holds the values that it shows, which were sealed until now."""
        language = catalogue(reply.language)
        values = self._values(language) | _about(language, conversation, reply.about)
        values |= {name: _disclosed(language, name, opened[name]) for name in reply.shows}
        parts = (reply.note, reply.text, reply.more)
        body = _joined(*(_text(language, part, values) for part in parts))
        if not reply.buttons:
            return TextMessage(body)
        return ButtonsMessage(body, _buttons(language, reply.buttons))

    def link(self, reply: OfferLink, url: str) -> LinkMessage:
        """Write the message whose button opens her link to DigiLocker."""
        language = catalogue(reply.language)
        values = self._values(language)
        body = _joined(*(_text(language, part, values) for part in (reply.note, reply.text, reply.more)))
        return LinkMessage(body, language.texts["button.open_link"], url)

    def languages(self, reply: OfferLanguages) -> ListMessage:
        """Write the list of languages."""
        language = catalogue(reply.language)
        values = self._values(language)
        offered = [f"{number}. {one.name}" for number, one in enumerate(catalogues(), start=1)]
        all_rows = [Row(tap_id(Choice.SPEAK, detail=code), title) for code, title in zip(codes(), offered, strict=True)]
        count = -(-len(offered) // LANGUAGES_ON_A_PAGE)
        page = min(reply.page, count)
        rows = all_rows[(page - 1) * LANGUAGES_ON_A_PAGE :][:LANGUAGES_ON_A_PAGE]
        if count > 1:
            following = page % count + 1
            title = language.texts["language.more" if following > 1 else "language.first"]
            rows.append(Row(tap_id(Choice.MORE, Stage.LANGUAGE, following), title))
        ask = _joined(
            _text(language, reply.note, values), language.texts["language.ask"], _text(language, reply.more, values)
        )
        body = _joined(ask, "\n".join(offered))
        return ListMessage(body, language.texts["language.open"], (Section(None, tuple(rows)),))

    def documents(self, reply: ShowDocuments, conversation: Conversation) -> ListMessage:
        """Write one page of the list of documents, or those few that a name matched."""
        language = catalogue(reply.language)
        documents = conversation.documents
        numbers = reply.only or tuple(range(1, len(documents) + 1))[(reply.page - 1) * PAGE_SIZE :][:PAGE_SIZE]
        rows = [self._row(language, reply.listing, number, documents[number - 1]) for number in numbers]
        values = self._values(language)
        head = _joined(_text(language, reply.note, values), _head(language, reply, len(documents)))
        uploaded = conversation.session.uploaded if conversation.session else 0
        foot = _joined(
            _text(language, Text("documents.uploaded", (("uploaded", str(uploaded)),)) if uploaded else None, {}),
            language.texts["documents.choose"],
            _text(language, reply.more, values),
        )
        room = _BODY - length(head) - length(foot) - 4
        lines = _fitted([_line(language, number, documents[number - 1]) for number in numbers], room)
        rows += _last_rows(language, reply, pages(len(documents)))
        return ListMessage(_joined(head, lines, foot), language.texts["documents.open"], (Section(None, tuple(rows)),))

    def options(self, reply: ShowOptions) -> ListMessage:
        """Write one page of a numbered list that is not her documents'."""
        language = catalogue(reply.language)
        values = self._values(language)
        numbered = list(enumerate(reply.options, start=(reply.page - 1) * OPTIONS_ON_A_PAGE + 1))
        rows = [_option_row(language, reply.mark, number, option) for number, option in numbered]
        if reply.pages > 1:
            rows.append(_more_row(language, reply.mark, reply.page, reply.pages, "pull.more"))
        rows.append(Row(tap_id(Choice.BACK), language.texts["button.back"]))
        head = _joined(_text(language, reply.note, values), _text(language, reply.text, values))
        foot = _text(language, reply.more, values)
        lines = [f"{number}. {_titled(language, option)}" for number, option in numbered]
        body = _joined(head, _fitted(lines, _BODY - length(head) - length(foot) - 4), foot)
        return ListMessage(body, language.texts["documents.open"], (Section(None, tuple(rows)),))

    def details(self, reply: ShowDetails, opened: Mapping[str, str]) -> ButtonsMessage:
        """Write what she entered, for her to check. `opened` holds it, which was sealed until now."""
        language = catalogue(reply.language)
        values = self._values(language)
        head = _joined(_text(language, reply.note, values), _text(language, reply.text, values))
        foot = _joined(language.texts["pull.send"], _text(language, reply.more, values))
        lines = [
            f"{number}. {label}: {opened[name]}"
            for number, (label, name) in enumerate(zip(reply.labels, reply.needs, strict=True), start=1)
        ]
        body = _joined(head, _fitted(lines, _BODY - length(head) - length(foot) - 4), foot)
        return ButtonsMessage(body, _buttons(language, reply.buttons))

    def delivery(self, reply: DeliverDocument, conversation: Conversation, header: DocumentHeader) -> ButtonsMessage:
        """Write the message that carries the document."""
        language = catalogue(reply.language)
        values = self._values(language) | _about(language, conversation, reply.number)
        key = "documents.as_data" if extension(reply.key) == DATA else "documents.here"
        body = _text(language, Text(key), values)
        return ButtonsMessage(
            shorten(body, _BODY), _buttons(language, (ButtonOf(Choice.OTHER_DOCUMENTS), ButtonOf(Choice.DONE))), header
        )

    def filename(self, reply: DeliverDocument, conversation: Conversation) -> str:
        """Name the file as the document is called on the list."""
        document = conversation.documents[reply.number - 1]
        name = _called(catalogue(reply.language), document)
        return f"{shorten(name.replace('/', '-'), 60)}{extension(reply.key)}"

    def _values(self, language: Catalogue) -> dict[str, str]:
        return {
            "session_minutes": str(-(-self.session_seconds // 60)),
            "link_minutes": str(-(-self.link_seconds // 60)),
            "consent_days": str(self.consent_days),
            "contact": self.helpline or language.texts["person.site"],
        }

    @staticmethod
    def _row(language: Catalogue, listing: str, number: int, document: IssuedDocument) -> Row:
        short = _called(language, document)
        about = " · ".join(part for part in (document.name.strip(), document.issuer.strip()) if part)
        if not document.has_pdf:
            about = f"{language.texts['documents.no_pdf_mark']} {about}"
        elif not document.shared:
            about = f"{language.texts['documents.not_shared_mark']} {about}"
        return Row(
            tap_id(Choice.DOCUMENT, listing, number),
            shorten(f"{number}. {short}", _ROW_TITLE),
            shorten(about, _ROW_DESCRIPTION) or None,
        )


def _about(language: Catalogue, conversation: Conversation, number: int) -> dict[str, str]:
    """Name the document that a text speaks of, and its issuer."""
    if 1 <= number <= len(conversation.documents):
        document = conversation.documents[number - 1]
        return {"document": shorten(_called(language, document), 120), "issuer": shorten(document.issuer, 200)}
    if conversation.wanted:
        return {"document": shorten(_called(language, conversation.wanted), 120), "issuer": ""}
    # A document whose list is gone: she signed out before the reply went out.
    return {"document": language.texts["documents.nameless"], "issuer": ""}


def _disclosed(language: Catalogue, name: str, value: str) -> str:
    """Write a value that she entered so that she can check it: of an Aadhaar number the last four digits only."""
    match name:
        case "aadhaar":
            return f"•••• •••• {value[-4:]}"
        case "born":
            return written(value, language.code)
        case "gender":
            return language.texts[f"button.{_GENDERS[value]}"]
    return value


def _called(language: Catalogue, document: IssuedDocument | Wanted) -> str:
    """Name a document: by our short name for its kind, else by its own name, with what tells it apart in front.

    DigiLocker writes "Insurance Policy - Life": of that, a row's title would show "Insurance Policy - L…".
    """
    kind, dash, which = document.name.partition(" - ")
    if not document.name.strip():
        return language.document(document.doctype, language.texts["documents.nameless"])
    return language.document(document.doctype, f"{which} ({kind})" if dash and which else document.name)


def _text(language: Catalogue, text: Text | None, values: dict[str, str]) -> str:
    if text is None:
        return ""
    values = {**values, **dict(text.values)}
    if doctype := values.get("doctype"):
        values["document"] = language.document(doctype, values["document"])
    return language.texts[text.key].format_map(values)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _buttons(language: Catalogue, buttons: tuple[ButtonOf, ...]) -> tuple[Button, ...]:
    return tuple(
        Button(tap_id(button.choice, button.place), language.texts[f"button.{button.choice}"]) for button in buttons
    )


def _head(language: Catalogue, reply: ShowDocuments, count: int) -> str:
    if reply.only:
        return ""
    if pages(count) == 1:
        return language.texts["documents.list"]
    return language.texts["documents.page"].format(page=reply.page, pages=pages(count))


def _fitted(lines: list[str], room: int) -> str:
    """Write the numbered lines, each as long as the room allows for all."""
    for limit in range(_LINE, _SHORTEST_LINE, -2):
        text = "\n".join(shorten(line, limit) for line in lines)
        if length(text) <= room:
            return text
    return shorten("\n".join(lines), room)


def _line(language: Catalogue, number: int, document: IssuedDocument) -> str:
    short = _called(language, document)
    mark = ""
    if not document.has_pdf:
        mark = f" {language.texts['documents.no_pdf_mark']}"
    elif not document.shared:
        mark = f" {language.texts['documents.not_shared_mark']}"
    return f"{number}. {short}{mark}" + (f" · {document.issuer}" if document.issuer else "")


def _titled(language: Catalogue, option: Option) -> str:
    return language.document(option.doctype, option.title)


def _option_row(language: Catalogue, mark: str, number: int, option: Option) -> Row:
    title = f"{number}. {_titled(language, option)}"
    about = " · ".join(part for part in (option.title if option.doctype else "", option.about) if part)
    if not about and length(title) > _ROW_TITLE:
        about = option.title  # what is cut off above can be read below
    return Row(
        tap_id(Choice.OPTION, mark, number), shorten(title, _ROW_TITLE), shorten(about, _ROW_DESCRIPTION) or None
    )


def _more_row(language: Catalogue, place: str, page: int, pages: int, title: str) -> Row:
    """Write the row that leads to the next page, on the last one to the first."""
    following = page + 1 if page < pages else 1
    about = language.texts["documents.more_about"].format(page=following, pages=pages)
    key = title if following > 1 else "documents.first"
    return Row(tap_id(Choice.MORE, place, following), language.texts[key], about)


def _last_rows(language: Catalogue, reply: ShowDocuments, count: int) -> list[Row]:
    rows = []
    if count > 1 and not reply.only:
        rows.append(_more_row(language, reply.listing, reply.page, count, "documents.more"))
    rows.append(Row(tap_id(Choice.NEW_DOCUMENT), language.texts["button.new_document"]))
    rows.append(Row(tap_id(Choice.DONE), language.texts["button.done"], language.texts["documents.done_about"]))
    return rows
