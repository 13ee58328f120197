"""The way to DigiLocker's page and back: what a browser is shown, and what its return does to the conversation.

The first page says where the documents will go and asks for her consent; opening it changes nothing, so it may be
opened again and by link previews. Her answer, and DigiLocker's redirect later, are steps: each is stored before a
browser is answered, under the same rules as what WhatsApp delivers. Only a citizen who has agreed is led on to
DigiLocker, and can come back.
Whatever does not belong to an open link gets the same page and learns nothing.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import urlsplit

from helpdesk.conversation.advance import Outcome
from helpdesk.conversation.chapters.sign_in_page import open_link
from helpdesk.conversation.effects import CODE
from helpdesk.conversation.events import ConsentAnswered, ConsentReturned
from helpdesk.conversation.model import Conversation, Link, Rules
from helpdesk.digilocker.consent_page import indian_mobile, taken_up
from helpdesk.errors import HelpdeskError, code_of
from helpdesk.languages.catalogue import Catalogue, catalogue, codes
from helpdesk.service.identity import code_mark, following, link_mark
from helpdesk.service.proof_code import proof_mark, proof_of
from helpdesk.service.turn import Draft, Turns
from helpdesk.storage.conversations import ConversationStore, Stored
from helpdesk.storage.sealing import Seal
from helpdesk.storage.work import Job, WorkQueue
from helpdesk.telemetry import count, logger
from helpdesk.web import answers
from helpdesk.web.answers import Answer
from helpdesk.web.callback import (
    STATE,
    CallbackRefused,
    Consented,
    Declined,
    Parameters,
    read_answer,
    read_callback,
    read_parameter,
)
from helpdesk.web.cookies import Cookie, forgotten, is_same, read_cookie
from helpdesk.web.pages import (
    AGREE,
    DECLINE,
    Language,
    PageTexts,
    done_page,
    expired_page,
    proof_page,
    refused_page,
    start_page,
    whatsapp_link,
)

COOKIE: Final = "link"

_DIGITS: Final = 4
"""Of her number, that the page names."""

type Kind = Literal["start", "done", "declined", "failed", "expired", "proof", "again"]


class ConsentPages:
    """Answers browsers."""

    def __init__(
        self,
        *,
        store: ConversationStore,
        work: WorkQueue,
        seal: Seal,
        rules: Rules,
        number: str,
        digilocker_url: str,
        asks_for_proof: bool,
        facts: Callable[[Catalogue], Mapping[str, str]],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`facts` gives what the consent text says about the desk: who asks, and how long things are kept."""
        self._store = store
        self._turns = Turns(store, seal, rules, clock, sleep)
        self._work = work
        self._number = number
        self._digilocker_url = digilocker_url
        self._asks_for_proof = asks_for_proof
        self._facts = facts
        self._clock = clock

    def start(self, query: Parameters, accepted: str) -> Answer:
        """Answer when a link is opened. `accepted`: the browser's `Accept-Language`, where she is not known."""
        try:
            state = read_parameter(query, "s", STATE)
            stored = self._store.load(_conversation(state))
            now = int(self._clock())
            link = self._open_link(stored.conversation, state, now)
        except CallbackRefused as refused:
            return self._refused(accepted, str(refused))
        except HelpdeskError as error:
            return self._stuck(error, accepted)
        count("LinksOpened")
        phone = stored.person.phone or ""
        language = catalogue(stored.conversation.language)
        html = start_page(
            self._texts(language, "start"),
            _tag(language),
            recipient=language.texts["page.start.recipient" if phone else "page.start.unknown"],
            digits=phone[-_DIGITS:],
            consent=language.texts["page.consent"].format_map(self._facts(language)),
            agree=language.texts["page.start.action"],
            decline=language.texts["button.decline"],
        )
        cookie = Cookie(COOKIE, _cookie(state), link.expires_at - now)
        address = urlsplit(self._digilocker_url)
        # A browser also asks whether the form may lead to where the answer to it redirects.
        return answers.page(html, cookies=[cookie], form_action=f"'self' {address.scheme}://{address.netloc}")

    def answer(self, query: Parameters, body: str | None, cookies: Iterable[str], site: str, accepted: str) -> Answer:
        """Answer who agrees on the first page, or does not. `site`: the browser's `Sec-Fetch-Site`, if it sends one.

        Only the browser that opened the link can answer: it has the cookie, and sends it with our own form alone.
        """
        try:
            state = read_parameter(query, "s", STATE)
            agreed = read_answer(body, (AGREE, DECLINE)) == AGREE
            if site not in {"", "same-origin"} or not is_same(read_cookie(cookies, COOKIE), _cookie(state)):
                count("CallbacksOfOthers")
                raise CallbackRefused("another browser's link")  # noqa: TRY301 - all refusals are answered alike
            with logger.append_context_keys(conversation=_conversation(state)):
                return self._answered(state, agreed=agreed)
        except CallbackRefused as refused:
            return self._refused(accepted, str(refused))
        except HelpdeskError as error:
            return self._stuck(error, accepted)

    def _answered(self, state: str, *, agreed: bool) -> Answer:
        """Store her answer, and lead to DigiLocker or back. Repeating the same answer changes nothing.

        Raises CallbackRefused, and what storing and queueing raise.
        """
        step = following(f"{link_mark(state)} {agreed}")

        def decide(draft: Draft) -> Link | None:
            """Fill in the draft. Return the link, if there still is one."""
            is_known = step in draft.before.seen
            if is_known and not agreed:
                return None
            link = self._open_link(draft.conversation, state, draft.now)
            if not is_known:
                draft.enter(step, draft.advance(ConsentAnswered(step, agreed)))
            return link

        stored, link = self._turns.take(_conversation(state), decide)
        logger.info("her answer", extra={"step": step, "agreed": agreed})
        self._queue(stored, step)
        if link is None or not agreed:
            language = catalogue(stored.conversation.language)
            back = whatsapp_link(self._number)
            html = refused_page(self._texts(language, "declined"), _tag(language), whatsapp_url=back)
            return answers.page(html, cookies=[forgotten(COOKIE)])
        return answers.see_other(taken_up(link.address, state, indian_mobile(stored.person.phone or "") or ""))

    def _open_link(self, conversation: Conversation, state: str, now: int) -> Link:
        """Return the link that a `state` belongs to. Raises CallbackRefused if it is not open, or leads elsewhere."""
        link = open_link(conversation, link_mark(state), now)
        if link is None:
            raise CallbackRefused("not open")
        if not link.address.startswith(f"{self._digilocker_url}/"):
            # The table says where it leads, and other functions write the table.
            count("ForeignLinks")
            logger.error("a link leads elsewhere than to DigiLocker")
            raise CallbackRefused("not open")
        return link

    def callback(self, query: Parameters, cookies: Iterable[str], accepted: str) -> Answer:
        """Answer who comes back from DigiLocker, and have done what follows."""
        try:
            came = read_callback(query)
            conversation_id = _conversation(came.state)
            with logger.append_context_keys(conversation=conversation_id):
                return self._returned(conversation_id, came, read_cookie(cookies, COOKIE), accepted)
        except CallbackRefused as refused:
            return self._refused(accepted, str(refused))
        except HelpdeskError as error:
            return self._stuck(error, accepted)

    def _returned(self, conversation_id: str, came: Consented | Declined, cookie: str | None, accepted: str) -> Answer:
        """Store the step and have it worked on. Repeating the same call resumes what is still there.

        Raises what storing and queueing raise: then nothing is lost, and the call can be made again.
        """
        mark = link_mark(came.state)
        code = code_mark(came.code) if isinstance(came, Consented) else ""
        # Another code with the same state is another step, and comes too late.
        step = following(f"{mark} {code}")
        if cookie is not None and not is_same(cookie, _cookie(came.state)):
            count("CallbacksOfOthers")
            return self._refused(accepted, "another browser's link")

        def decide(draft: Draft) -> Outcome | str:
            """Fill in the draft. Return what happens, or why the call is refused; "" if it happened before."""
            if step in draft.before.seen:
                return "" if self._is_open(draft.before, step, code) else "done before"
            link = open_link(draft.conversation, mark, draft.now)
            if link is None or not link.agreed:
                return "not open"
            outcome = draft.advance(self._event(step, came, code))
            draft.enter(step, outcome, {CODE: came.code} if isinstance(came, Consented) else {})
            return outcome

        stored, decided = self._turns.take(conversation_id, decide)
        if isinstance(decided, tuple):
            count("Callbacks")
            logger.info(
                "came back",
                extra={
                    "step": step,
                    "is_at": decided[0].stage.value,
                    "effects": [type(effect).__name__ for effect in decided[1]],
                    **({"code": came.error} if isinstance(came, Declined) else {}),
                },
            )
        elif decided:
            return self._refused(accepted, decided)
        self._queue(stored, step)
        return self._page(stored, came)

    def _queue(self, stored: Stored, step: str) -> None:
        self._work.send([Job(stored.id, entry.step, entry.lane) for entry in stored.to_queue((step,))])

    def _event(self, step: str, came: Consented | Declined, code: str) -> ConsentReturned:
        proof = ""
        if self._asks_for_proof and isinstance(came, Consented):
            proof = proof_mark(proof_of(came.state, came.code))
        return ConsentReturned(step, code, proof, declined=isinstance(came, Declined) and came.by_citizen)

    @staticmethod
    def _is_open(stored: Stored, step: str, code: str) -> bool:
        """Return whether a step that was stored is still to be worked on, or waits for the one-time code."""
        link = stored.conversation.link
        return stored.entry(step) is not None or (link is not None and bool(code) and link.returned == code)

    # Pages

    def _page(self, stored: Stored, came: Consented | Declined) -> Answer:
        language = catalogue(stored.conversation.language)
        tag, back = _tag(language), whatsapp_link(self._number)
        match came:
            case Declined(by_citizen=True):
                html = refused_page(self._texts(language, "declined"), tag, whatsapp_url=back)
            case Declined():
                html = expired_page(self._texts(language, "failed"), tag, whatsapp_url=back)
            case Consented(state=state, code=code) if self._asks_for_proof:
                html = proof_page(
                    self._texts(language, "proof"),
                    tag,
                    number=self._number,
                    code_label=language.texts["page.proof.label"],
                    code=proof_of(state, code),
                )
                return answers.page(html)
            case _:
                html = done_page(self._texts(language, "done"), tag, whatsapp_url=back)
        return answers.page(html, cookies=[forgotten(COOKIE)])

    def _refused(self, accepted: str, reason: str) -> Answer:
        """Answer whoever has no link, or no longer has one: always the same, so that it reveals nothing."""
        count("CallbacksRefused")
        logger.info("a call was refused", extra={"reason": reason})
        return self._notice(accepted, "expired", HTTPStatus.GONE)

    def _stuck(self, error: Exception, accepted: str) -> Answer:
        count("CallbacksFailed")
        logger.error(
            "a call could not be stored or queued",
            extra={"error": type(error).__name__, "code": code_of(error)},
        )
        return self._notice(accepted, "again", HTTPStatus.SERVICE_UNAVAILABLE)

    def _notice(self, accepted: str, kind: Kind, status: HTTPStatus) -> Answer:
        language = catalogue(_preferred(accepted))
        page = expired_page(self._texts(language, kind), _tag(language), whatsapp_url=whatsapp_link(self._number))
        return answers.page(page, status)

    @staticmethod
    def _texts(language: Catalogue, kind: Kind) -> PageTexts:
        texts = language.texts
        return PageTexts(
            service=texts["page.service"],
            heading=texts[f"page.{kind}.heading"],
            paragraphs=tuple(texts[f"page.{kind}"].split("\n\n")),
            action=texts.get(f"page.{kind}.action", texts["page.back"]),
        )


def _conversation(state: str) -> str:
    return state.partition(".")[0]


def _cookie(state: str) -> str:
    """Return what a browser keeps of a link that it opened. The link itself cannot be found from it."""
    return sha256(f"cookie\n{state}".encode()).hexdigest()


def _tag(language: Catalogue) -> Language:
    return Language(language.code, "rtl" if language.texts["language.direction"] == "rtl" else "ltr")


def _preferred(accepted: str) -> str:
    """Return the first language of a browser's list that the desk speaks, else English."""
    wanted = (part.partition(";")[0].strip().lower()[:2] for part in accepted[:200].split(","))
    return next((code for code in wanted if code in codes()), "en")
