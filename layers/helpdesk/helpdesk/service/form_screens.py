"""The screens of the form, in her language: what the dialogue answers, as the data that forms/sign_in.json declares.

All texts travel as data, so one form serves all languages; the tests hold each to the limits of its place.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from helpdesk.conversation.choices import Choice, tap_id
from helpdesk.conversation.effects import AnswerForm, Say, ShowDocuments, Text
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.screens import Screen
from helpdesk.languages.catalogue import Catalogue, catalogue
from helpdesk.service.document_names import called, marked, marks_of
from helpdesk.service.renderer import Renderer
from helpdesk.structs import Value
from helpdesk.whatsapp.messages import length, shorten

OPTION_TITLE: Final = 30
OPTION_DESCRIPTION: Final = 300

type Data = dict[str, object]

_GENDERS: Final = (("F", Choice.FEMALE), ("M", Choice.MALE), ("T", Choice.TRANSGENDER))
_OLDEST: Final = "1900-01-01"
_ASKED_AGAIN: Final = frozenset({"otp.retry", "otp.new"})
_QUESTIONS: Final = _ASKED_AGAIN | {
    "consent.ask",
    "consent.sign_up",
    "aadhaar.ask",
    "otp.ask",
    "otp.sign_up",
    "sign_up.check",
}
"""What a screen asks itself, in other words: all else is news, and shown below."""
_INDIA: Final = dt.timezone(dt.timedelta(hours=5, minutes=30))


class FormScreens(Value, frozen=True):
    """Writes screens."""

    renderer: Renderer

    def answer(self, answer: AnswerForm, conversation: Conversation, token: str, now: int) -> Data:
        """Return what the form is answered with: a screen and its data, or that it closes."""
        if answer.screen is Screen.SUCCESS or conversation.flow is None:
            return closing(token)
        write: Mapping[Screen, Callable[[AnswerForm, Conversation, int], Data]] = {
            Screen.CONSENT: self._consent,
            Screen.NUMBER: self._number,
            Screen.SIGN_UP: self._sign_up,
            Screen.OTP: self._otp,
            Screen.DOCUMENTS: self._documents,
            Screen.CLOSED: self._closed,
        }
        data = write[answer.screen](answer, conversation, now)
        carried: Data = {"title": _texts(conversation)["form.title"], "token": token}
        carried["step"] = str(conversation.flow.number)
        if answer.screen is not Screen.CLOSED and (error := self._error(answer, conversation)):
            carried["error_message"] = error
        return {"screen": answer.screen.value, "data": carried | data}

    def in_chat(self, conversation: Conversation, token: str) -> Data:
        """Return the screen that says that the answer comes in the chat."""
        return self.answer(AnswerForm(Screen.CLOSED), conversation, token, 0)

    def _error(self, answer: AnswerForm, conversation: Conversation) -> str:
        """Write what went wrong, for the bottom of a screen that is shown again."""
        reply = answer.reply
        if reply is None:
            return ""
        if reply.note or isinstance(reply, ShowDocuments):
            return self.renderer.plain(reply.note, conversation)
        is_question = reply.text.key in _QUESTIONS
        return "" if is_question else self.renderer.plain(reply.text, conversation, reply.about)

    def _consent(self, _answer: AnswerForm, conversation: Conversation, _: int) -> Data:
        texts = _texts(conversation)
        return {
            "consent": self.renderer.plain(Text("consent.ask"), conversation),
            "agree": texts["form.agree"],
            "next": texts["form.next"],
            "no_account": texts["form.no_account"],
        }

    def _number(self, _answer: AnswerForm, conversation: Conversation, _: int) -> Data:
        texts = _texts(conversation)
        return {
            "ask": texts["aadhaar.ask"],
            "label": texts["form.number"],
            "hint": texts["aadhaar.length"],
            "next": texts["form.send_otp"],
        }

    def _sign_up(self, _answer: AnswerForm, conversation: Conversation, now: int) -> Data:
        texts = _texts(conversation)
        return {
            "consent": self.renderer.plain(Text("consent.sign_up"), conversation),
            "number": texts["form.aadhaar"],
            "number_hint": texts["form.digits"],
            "name": texts["form.name"],
            "name_hint": texts["form.name_hint"],
            "born": texts["form.born"],
            "earliest": _OLDEST,
            "latest": dt.datetime.fromtimestamp(now, _INDIA).date().isoformat(),
            "gender": texts["form.gender"],
            "genders": [{"id": sign, "title": texts[f"button.{choice}"]} for sign, choice in _GENDERS],
            "mobile": texts["form.mobile"],
            "mobile_hint": texts["form.mobile_hint"],
            "agree": texts["form.agree"],
            "next": texts["form.send_otp"],
        }

    def _otp(self, answer: AnswerForm, conversation: Conversation, _: int) -> Data:
        texts = _texts(conversation)
        key = answer.reply.text.key if isinstance(answer.reply, Say) else ""
        return {
            "ask": self.renderer.plain(Text(key if key in _ASKED_AGAIN else "form.otp"), conversation),
            "label": texts["form.otp_label"],
            "hint": texts["otp.length"],
            "resend": texts["button.resend"],
            "next": texts["form.sign_in"],
        }

    def _documents(self, answer: AnswerForm, conversation: Conversation, _: int) -> Data:
        texts = _texts(conversation)
        return {
            "label": texts["form.documents"],
            "documents": _options(catalogue(conversation.language), answer.reply, conversation),
            "next": texts["form.get"],
        }

    def _closed(self, answer: AnswerForm, conversation: Conversation, _: int) -> Data:
        """Say what there is to say. Without a reply, DigiLocker is slow, and the answer comes in the chat."""
        texts, reply = _texts(conversation), answer.reply
        said = texts["form.in_chat"]
        if isinstance(reply, Say):
            parts = [self.renderer.plain(part, conversation, reply.about) for part in (reply.note, reply.text)]
            if conversation.at is Stage.FORM:
                parts.append(texts["form.go_on"])
            said = "\n\n".join(filter(None, parts))
        return {"text": said, "close": texts["form.close"]}


def closing(token: str) -> Data:
    """Return the answer by which the form closes. It comes back in the clear, so it says nothing else."""
    return {"screen": Screen.SUCCESS.value, "data": {"extension_message_response": {"params": {"flow_token": token}}}}


def _options(
    language: Catalogue, reply: Say | ShowDocuments | None, conversation: Conversation
) -> list[dict[str, str]]:
    """Write the documents that she can choose from: all, or those few that fit her wish."""
    if not isinstance(reply, ShowDocuments):
        return []
    documents = conversation.documents
    marks = marks_of(language, documents)
    return [
        _option(language, reply.listing, number, conversation, marks[number - 1])
        for number in reply.only or range(1, len(documents) + 1)
        if number <= len(documents)
    ]


def _option(language: Catalogue, listing: str, number: int, conversation: Conversation, mark: str) -> dict[str, str]:
    document = conversation.documents[number - 1]
    name, issuer = called(language, document), document.issuer.strip() or document.name.strip()
    title = marked(name, mark)
    if length(title) > OPTION_TITLE:  # what is cut off above can be read below
        title, issuer = name, " · ".join(filter(None, (mark, document.name.strip(), issuer)))
    if not document.has_pdf:
        issuer = f"{language.texts['documents.no_pdf_mark']} {issuer}"
    about = shorten(issuer, OPTION_DESCRIPTION) if issuer else title
    return {"id": tap_id(Choice.DOCUMENT, listing, number), "title": shorten(title, OPTION_TITLE), "description": about}


def _texts(conversation: Conversation) -> Mapping[str, str]:
    return catalogue(conversation.language).texts
