"""Replies of the dialogue as WhatsApp messages, in her language.

What has a limit at WhatsApp and comes from outside (names of documents and issuers) is shortened here; our own texts
are never shortened, the tests hold them to the limits.
"""

from collections.abc import Mapping
from types import MappingProxyType

from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.effects import (
    Button as ButtonOf,
)
from helpdesk.conversation.effects import (
    DeliverDocument,
    OfferForm,
    OfferLanguages,
    OfferLink,
    Option,
    Say,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    Text,
)
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.pages import DOCUMENTS as DOCUMENTS_ON_A_PAGE
from helpdesk.conversation.pages import LANGUAGES as LANGUAGES_ON_A_PAGE
from helpdesk.conversation.pages import OPTIONS as OPTIONS_ON_A_PAGE
from helpdesk.conversation.pages import pages
from helpdesk.languages.catalogue import Catalogue, catalogue, catalogues, codes
from helpdesk.service.document_names import called, line_of, marked, marks_of, row_of
from helpdesk.storage.documents import DATA, LOCKED, extension
from helpdesk.structs import Value
from helpdesk.understanding.dates import written
from helpdesk.whatsapp.messages import (
    INTERACTIVE_BODY,
    ROW_DESCRIPTION,
    ROW_TITLE,
    Button,
    ButtonsMessage,
    DocumentHeader,
    FormMessage,
    LinkMessage,
    ListMessage,
    Row,
    TextMessage,
    length,
    shorten,
)

_LINE = 96
_SHORTEST_LINE = 30
_LONGEST_LABEL = 100
_SHORTEST_LABEL = 12
_PRIVACY_PAGE = "https://department.example/privacy"
"""Where none is set, on a test stage."""
NOTHING_OPENED: Mapping[str, str] = MappingProxyType({})
_GENDERS = {"F": Choice.FEMALE, "M": Choice.MALE, "T": Choice.TRANSGENDER}


class Renderer(Value, frozen=True):
    """Writes messages. Times in seconds."""

    session_seconds: int
    link_seconds: int
    helpline: str = ""
    consent_days: int = 365
    names: Mapping[str, str] = NOTHING_OPENED
    """`department`, `grievance` and `privacy_page`; behind a dot and a language's code their forms in that language."""
    form_name: str = "sign-in"
    """Of the form in which she signs in, as it was published."""

    def say(
        self, reply: Say, conversation: Conversation, opened: Mapping[str, str] = NOTHING_OPENED
    ) -> ButtonsMessage | TextMessage:
        """Write a text with its buttons. `opened` holds the values that it shows, which were sealed until now."""
        language = catalogue(reply.language)
        values = self.facts(language) | _about(language, conversation, reply.about)
        values |= {name: _disclosed(language, name, opened[name]) for name in reply.shows}
        parts = [_text(language, part, values) for part in (reply.note, reply.text, reply.more)]
        body = _joined(*parts)
        if length(body) > INTERACTIVE_BODY:  # below a consent text there is not always room for an example
            body = _joined(*parts[:2])
        if not reply.buttons:
            return TextMessage(body)
        return ButtonsMessage(body, _buttons(language, reply.buttons))

    def link(self, reply: OfferLink, url: str) -> LinkMessage:
        """Write the message whose button opens her link to DigiLocker."""
        language = catalogue(reply.language)
        values = self.facts(language)
        body = _joined(*(_text(language, part, values) for part in (reply.note, reply.text, reply.more)))
        return LinkMessage(body, language.texts["button.open_link"], url)

    def form(self, reply: OfferForm, token: str) -> FormMessage:
        """Write the message whose button opens the form."""
        language = catalogue(reply.language)
        values = self.facts(language)
        body = _joined(*(_text(language, part, values) for part in (reply.note, reply.text, reply.more)))
        return FormMessage(body, language.texts["form.open"], self.form_name, token)

    def plain(self, text: Text | None, conversation: Conversation, about: int = 0) -> str:
        """Write a text where there is no bold type, as in the form."""
        language = catalogue(conversation.language)
        values = self.facts(language) | _about(language, conversation, about)
        return _text(language, text, values).replace("*", "")

    def languages(self, reply: OfferLanguages) -> ListMessage:
        """Write the list of languages."""
        language = catalogue(reply.language)
        values = self.facts(language)
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
        return ListMessage(body, language.texts["language.open"], tuple(rows))

    def documents(self, reply: ShowDocuments, conversation: Conversation) -> ListMessage:
        """Write one page of the list of documents, or those few that a name matched."""
        language = catalogue(reply.language)
        documents = conversation.documents
        numbers = (
            reply.only
            or tuple(range(1, len(documents) + 1))[(reply.page - 1) * DOCUMENTS_ON_A_PAGE :][:DOCUMENTS_ON_A_PAGE]
        )
        marks = marks_of(language, documents)
        rows = [row_of(language, reply.listing, number, documents[number - 1], marks[number - 1]) for number in numbers]
        values = self.facts(language)
        head = _joined(_text(language, reply.note, values), _head(language, reply, len(documents)))
        session = conversation.session
        foot = _joined(
            _counted(language, "documents.left_out", session.left_out if session else 0),
            _counted(language, "documents.uploaded", session.uploaded if session else 0),
            language.texts["documents.choose"],
            _text(language, reply.more, values),
        )
        room = INTERACTIVE_BODY - length(head) - length(foot) - 4
        lines = _fitted(
            [line_of(language, number, documents[number - 1], marks[number - 1]) for number in numbers], room
        )
        rows += _last_rows(language, reply, pages(len(documents), DOCUMENTS_ON_A_PAGE))
        return ListMessage(_joined(head, lines, foot), language.texts["documents.open"], tuple(rows))

    def options(self, reply: ShowOptions) -> ListMessage:
        """Write one page of a numbered list that is not her documents'."""
        language = catalogue(reply.language)
        values = self.facts(language)
        numbered = list(enumerate(reply.options, start=(reply.page - 1) * OPTIONS_ON_A_PAGE + 1))
        rows = [_option_row(language, reply.mark, number, option) for number, option in numbered]
        if reply.pages > 1:
            rows.append(_more_row(language, reply.mark, reply.page, reply.pages, "pull.more"))
        rows.append(Row(tap_id(Choice.BACK), language.texts["button.back"]))
        head = _joined(_text(language, reply.note, values), _text(language, reply.text, values))
        foot = _text(language, reply.more, values)
        lines = [f"{number}. {_titled(language, option)}" for number, option in numbered]
        body = _joined(head, _fitted(lines, INTERACTIVE_BODY - length(head) - length(foot) - 4), foot)
        return ListMessage(body, language.texts["documents.open"], tuple(rows))

    def details(self, reply: ShowDetails, opened: Mapping[str, str]) -> ButtonsMessage | TextMessage:
        """Write what she entered, for her to check, with every value whole. `opened` holds it, sealed until now.

        Where even short labels leave no room, it is a text, and the buttons are words to type.
        """
        language = catalogue(reply.language)
        values = self.facts(language)
        head = _joined(_text(language, reply.note, values), _text(language, reply.text, values))
        foot = _joined(language.texts["pull.send"], _text(language, reply.more, values))
        shown = [reply.shown(name, opened[name]) for name in reply.needs]
        buttons = _buttons(language, reply.buttons)
        body = ""
        for limit in (*range(_LONGEST_LABEL, _SHORTEST_LABEL, -4), _SHORTEST_LABEL):
            lines = (
                f"{number}. {shorten(label, limit)}: {value}"
                for number, (label, value) in enumerate(zip(reply.labels, shown, strict=True), start=1)
            )
            body = _joined(head, "\n".join(lines), foot)
            if length(body) <= INTERACTIVE_BODY:
                return ButtonsMessage(body, buttons)
        return TextMessage(_joined(body, " / ".join(f"*{button.title}*" for button in buttons)))

    def delivery(self, reply: DeliverDocument, conversation: Conversation, header: DocumentHeader) -> ButtonsMessage:
        """Write the message that carries the document."""
        language = catalogue(reply.language)
        values = self.facts(language) | _about(language, conversation, reply.number)
        key = "documents.as_data" if extension(reply.key) == DATA else "documents.here"
        locked = language.texts["documents.locked"] if reply.key.endswith(LOCKED) else ""
        body = _joined(_text(language, Text(key), values), locked, _text(language, reply.more, values))
        return ButtonsMessage(
            shorten(body, INTERACTIVE_BODY),
            _buttons(language, (ButtonOf(Choice.OTHER_DOCUMENTS), ButtonOf(Choice.DONE))),
            header,
        )

    def filename(self, reply: DeliverDocument, conversation: Conversation) -> str:
        """Name the file as the document is called on the list."""
        language = catalogue(reply.language)
        name = shorten(called(language, conversation.documents[reply.number - 1]), 60)
        mark = marks_of(language, conversation.documents)[reply.number - 1].strip("…")
        return f"{marked(name, mark).replace('/', '-')}{extension(reply.key)}"

    def facts(self, language: Catalogue) -> dict[str, str]:
        """Return what texts say about the desk, by the names that they call it by."""
        contact = self.helpline or language.texts["person.site"]
        return {
            "session_minutes": str(-(-self.session_seconds // 60)),
            "link_minutes": str(-(-self.link_seconds // 60)),
            "consent_days": str(self.consent_days),
            "contact": contact,
            "department": self._named("department", language) or language.texts["department.example"],
            "grievance": self._named("grievance", language) or contact,
            "privacy_page": self._named("privacy_page", language) or _PRIVACY_PAGE,
        }

    def _named(self, what: str, language: Catalogue) -> str:
        return self.names.get(f"{what}.{language.code}") or self.names.get(what, "")


def _about(language: Catalogue, conversation: Conversation, number: int) -> dict[str, str]:
    """Name the document that a text speaks of, and its issuer."""
    if 1 <= number <= len(conversation.documents):
        document = conversation.documents[number - 1]
        mark = marks_of(language, conversation.documents)[number - 1]
        name = marked(shorten(called(language, document), 120), mark)
        return {"document": name, "issuer": shorten(document.issuer, 200)}
    if conversation.wanted:
        return {"document": shorten(called(language, conversation.wanted), 120), "issuer": ""}
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


def _text(language: Catalogue, text: Text | None, values: dict[str, str]) -> str:
    if text is None:
        return ""
    values = {**values, **dict(text.values)}
    if doctype := values.get("doctype"):
        values["document"] = language.document(doctype, values["document"])
    if "kinds" in values:
        nameless = language.texts["documents.nameless"]
        values["kinds"] = " / ".join(language.document(kind, nameless) for kind in values["kinds"].split())
    if "spoken" in values:
        values["language"] = catalogue(values["spoken"]).name
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
    if pages(count, DOCUMENTS_ON_A_PAGE) == 1:
        return language.texts["documents.list"]
    return language.texts["documents.page"].format(page=reply.page, pages=pages(count, DOCUMENTS_ON_A_PAGE))


def _fitted(lines: list[str], room: int) -> str:
    """Write the numbered lines, each as long as the room allows for all."""
    for limit in range(_LINE, _SHORTEST_LINE, -2):
        text = "\n".join(shorten(line, limit) for line in lines)
        if length(text) <= room:
            return text
    return shorten("\n".join(lines), room)


def _counted(language: Catalogue, key: str, count: int) -> str:
    """Write a text that says how many there are, if there are any."""
    return _text(language, Text(key, ((key.rpartition(".")[2], str(count)),)), {}) if count else ""


def _titled(language: Catalogue, option: Option) -> str:
    return language.document(option.doctype, option.title)


def _option_row(language: Catalogue, mark: str, number: int, option: Option) -> Row:
    title = f"{number}. {_titled(language, option)}"
    about = " · ".join(part for part in (option.title if option.doctype else "", option.about) if part)
    if not about and length(title) > ROW_TITLE:
        about = option.title  # what is cut off above can be read below
    return Row(tap_id(Choice.OPTION, mark, number), shorten(title, ROW_TITLE), shorten(about, ROW_DESCRIPTION) or None)


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
