"""The dialogue, from above: what happens next, for every event."""

from msgspec.structs import replace

from helpdesk.conversation.chapters import (
    account,
    consent,
    documents,
    language,
    menu,
    new_document,
    privacy,
    sign_in_chat,
    sign_in_page,
    sign_up,
)
from helpdesk.conversation.choices import Choice, Tap
from helpdesk.conversation.effects import (
    REFRESH,
    TOKEN,
    AskParameters,
    DeletePdf,
    Effect,
    ExchangeCode,
    FetchDocument,
    FindOffers,
    ListDocuments,
    MakeLink,
    OfferLanguages,
    OfferLink,
    PullDocument,
    Request,
    Revoke,
    Say,
    SendOtp,
    SetTimer,
    ShowDetails,
    ShowDocuments,
    ShowOptions,
    SignUp,
    Text,
    VerifyOtp,
    VerifySignUp,
)
from helpdesk.conversation.ends import idle_end
from helpdesk.conversation.events import (
    Answer,
    CameBack,
    CameLate,
    DeliveryFailed,
    DocumentFetched,
    DocumentsListed,
    Ended,
    Entered,
    Event,
    Failed,
    FromHer,
    LinkMade,
    OffersFound,
    OtpSent,
    ParametersTold,
    Pulled,
    Refreshed,
    Said,
    SentProof,
    SentSomethingElse,
    SessionClosed,
    SignedIn,
    Tapped,
    TimeRanOut,
)
from helpdesk.conversation.model import Conversation, Repeated, Rules, Stage
from helpdesk.conversation.problems import Problem
from helpdesk.conversation.turn import CANCEL, MENU, MISSED, Turn, left, say, signed_out, text

# What means the same everywhere, in the order in which it is looked for in what she said.
_EVERYWHERE = (
    Choice.GREETING,
    Choice.MENU,
    Choice.SERVICES,
    Choice.LANGUAGE,
    Choice.HELP,
    Choice.PERSON,
    Choice.PRIVACY,
    Choice.DELETE,
    Choice.DELETE_DATA,
    Choice.STOP,
    Choice.BACK,
    Choice.CANCEL,
    Choice.SIGN_UP,
    Choice.ANOTHER_PERSON,
    Choice.DONE,
    Choice.NEW_DOCUMENT,
    Choice.OTHER_DOCUMENTS,
    Choice.MORE,
)
_TOLD = (Say, OfferLink, ShowDocuments, ShowOptions, ShowDetails, OfferLanguages)
_BURST_SECONDS = 60
_MINUTE = 60
_TIMER_SLACK_SECONDS = 5
_TAKES_NUMBERS = {
    *(Stage.AADHAAR, Stage.BORN, Stage.GENDER, Stage.MOBILE, Stage.OTP),
    *(Stage.DOCUMENTS, Stage.DETAIL, Stage.ENDED),
}
_WAITING: dict[Stage, Request] = {
    Stage.SENDING_OTP: SendOtp(),
    Stage.VERIFYING: VerifyOtp(),
    Stage.LISTING: ListDocuments(),
    Stage.SEARCHING: FindOffers(),
    Stage.MAKING_LINK: MakeLink(),
    Stage.EXCHANGING: ExchangeCode(),
}
_WAITING_TO_SIGN_UP: dict[Stage, Request] = {Stage.SENDING_OTP: SignUp(), Stage.VERIFYING: VerifySignUp()}


def advance(conversation: Conversation, event: Event, now: int, rules: Rules) -> Turn:
    """Give the next conversation and the effects to carry out.

    `now` is in seconds since the epoch. An answer to a step that nobody waits for any more leaves the conversation
    as it is; the effects then undo what the step brought.
    """
    match event:
        case Said() | Entered() | Tapped() | SentSomethingElse() | SentProof() | CameLate():
            return _she_wrote(conversation, event, now, rules)
        case CameBack():
            return sign_in_page.came_back(conversation, event, now, rules)
        case DeliveryFailed():
            return documents.not_delivered(conversation, event)
        case TimeRanOut():
            return _time_ran_out(conversation, now, rules)
        case SessionClosed():
            return _closed(conversation)
    if not conversation.waits_for(event.id):
        return conversation, undo(event)
    if now >= idle_end(conversation, rules):
        conversation = replace(conversation, active_at=now)  # she was not silent: she was waiting for us
    return _answered(conversation, event, now, rules)


def wanted(conversation: Conversation, step: str, request: Request) -> bool:
    """Tell whether somebody still waits for what `request` would bring."""
    if isinstance(request, FetchDocument):
        session = conversation.session
        # A session whose list has ended by itself has no listing: she is told.
        return conversation.waits_for(step) and session is not None and session.listing in {request.listing, ""}
    return conversation.waits_for(step)


def undo(answer: Answer) -> tuple[Effect, ...]:
    """Give back what an answer brought that nobody wants any more."""
    match answer:
        case SignedIn() | Refreshed():
            return (Revoke(tuple(name for name in answer.keeps if name in {TOKEN, REFRESH})),)
        case DocumentFetched(key=key):
            return (DeletePdf(key),)
    return ()


def _she_wrote(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    if conversation.stage is Stage.STOPPED and not _is_greeting(event):
        return conversation, ()
    conversation, leaving = _expired(conversation, now, rules)
    same = conversation.minute == now // 60
    messages = conversation.messages + 1 if same else 1
    repeated = _repeated(conversation.repeated, event, now)
    conversation = replace(conversation, active_at=now, minute=now // 60, messages=messages, repeated=repeated)
    if messages > rules.messages_a_minute:
        once = messages == rules.messages_a_minute + 1
        return conversation, (*((say(conversation, "slowly", MENU),) if once else ()), *leaving)
    if repeated and repeated.times >= rules.same_texts_a_minute:
        return conversation, leaving
    if not _is_hers(conversation, event):
        conversation = language.follow(conversation, event, rules)
    conversation, effects = _helped(*_reply(conversation, event, now, rules))
    return conversation, (*effects, *leaving)


def _helped(conversation: Conversation, effects: tuple[Effect, ...]) -> Turn:
    """Count answers that were not understood; the second in a row gets an example, the third the way to a person."""
    told = [effect for effect in effects if isinstance(effect, _TOLD)]
    if not any(reply.note and reply.note.key in MISSED for reply in told):
        return (replace(conversation, misses=0) if told and conversation.misses else conversation), effects
    misses = conversation.misses + 1
    more = None
    if misses > 2:
        more = text("person")
    elif misses == 2:
        at = Stage.MENU if conversation.stage in {Stage.NEW, Stage.ENDED} else conversation.stage
        more = text(f"example.{at}")
    helped = (replace(effect, more=more or effect.more) if effect in told else effect for effect in effects)
    return replace(conversation, misses=misses), tuple(helped)


def _is_greeting(event: FromHer) -> bool:
    said = event.event if isinstance(event, CameLate) else event
    return said is not None and _everywhere(said) is Choice.GREETING


def _repeated(before: Repeated | None, event: FromHer, now: int) -> Repeated | None:
    """Count how often she typed the same text in a row, within a minute of the first time."""
    if not isinstance(event, Said) or not event.typed:
        return None
    if before and before.mark == event.typed and now - before.since < _MINUTE:
        return replace(before, times=before.times + 1)
    return Repeated(event.typed, now)


def _reply(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    if isinstance(event, CameLate):
        return _late(conversation, event, now, rules)
    if _is_hers(conversation, event):
        return _answer(conversation, event, now, rules)
    if isinstance(event, SentProof):
        return sign_in_page.proved(conversation, event, now) or _ask_again(
            conversation, now, rules, note=text("proof.elsewhere")
        )
    match _everywhere(event):
        case Choice.GREETING:
            return menu.ask(replace(conversation, greeted_at=now))
        case Choice.MENU:
            return menu.ask(conversation)
        case Choice.SERVICES:
            return menu.services(conversation, event.id, now, rules)
        case Choice.ANOTHER_PERSON:
            return menu.another_person(conversation)
        case Choice.LANGUAGE:
            return language.ask(conversation)
        case Choice.HELP:
            return menu.explain(conversation)
        case Choice.PERSON:
            return privacy.person(conversation)
        case Choice.PRIVACY:
            return privacy.privacy(conversation, rules)
        case Choice.DELETE if isinstance(event, Tapped) or conversation.stage is Stage.DELETE:
            return privacy.delete(conversation)
        case Choice.DELETE_DATA | Choice.DELETE:
            return privacy.ask_to_delete(conversation)
        case Choice.STOP:
            return privacy.stop(conversation)
        case Choice.BACK:
            return _back(conversation, now, rules)
        case Choice.CANCEL:
            return menu.ask(conversation, note=text("cancelled.signed_in" if conversation.session else "cancelled"))
        case Choice.SIGN_UP if conversation.session is None:
            return account.sign_up(conversation, rules)
        case Choice.SIGN_UP:
            return menu.services(conversation, event.id, now, rules)
        case Choice.DONE:
            return documents.done(conversation)
        case Choice.NEW_DOCUMENT:
            return new_document.begin(conversation)
        case Choice.OTHER_DOCUMENTS if conversation.pull:
            return documents.again(left(conversation, Stage.DOCUMENTS), event.id, now, rules)
        case Choice.OTHER_DOCUMENTS:
            return documents.again(conversation, event.id, now, rules)
        case Choice.MORE:
            return _more(conversation, event, now)
    if spoken := _language(conversation, event, rules):
        return _ask_again(language.speak(conversation, spoken), now, rules, note=text("language.changed"))
    if isinstance(event, SentSomethingElse):
        return _ask_again(conversation, now, rules, note=text("only_text"))
    if isinstance(event, Entered) and conversation.stage not in _TAKES_NUMBERS:
        return _ask_again(conversation, now, rules, note=text("number_not_now"))
    if isinstance(event, Tapped) and event.tap and event.tap.choice is Choice.DOCUMENT:
        return documents.tapped(conversation, event.tap, event.id, now, rules)
    if isinstance(event, Tapped) and event.tap and event.tap.choice is Choice.OPTION:
        return _option(conversation, event.tap, event.id, now, rules)
    if isinstance(event, Tapped) and _is_old(event, conversation):
        return _ask_again(conversation, now, rules, note=text("old_button"))
    return _answer(conversation, event, now, rules)


def _late(conversation: Conversation, late: CameLate, now: int, rules: Rules) -> Turn:
    """A message from long ago: only *Hi* and *Menu* are still acted on. She is told once for a burst of them."""
    if late.event and _everywhere(late.event) in {Choice.GREETING, Choice.MENU}:
        return _reply(language.follow(conversation, late.event, rules), late.event, now, rules)
    if now - conversation.late_at < _BURST_SECONDS:
        return conversation, ()
    return _ask_again(replace(conversation, late_at=now), now, rules, note=text("late"))


def _answer(conversation: Conversation, event: FromHer, now: int, rules: Rules) -> Turn:
    """Let the open question deal with it."""
    match conversation.stage:
        case Stage.NEW | Stage.MENU:
            return menu.answer(conversation, event, now, rules)
        case Stage.ENDED:
            return menu.ended(conversation)
        case Stage.STOPPED:
            return menu.ask(conversation)
        case Stage.LANGUAGE:
            return language.answer(conversation)
        case Stage.DELETE:
            return privacy.answer(conversation, event)
        case Stage.ACCOUNT:
            return account.answer(conversation, event, rules)
        case Stage.CONSENT:
            return consent.answer(conversation, event, now, rules)
        case Stage.AADHAAR if conversation.form:
            return sign_up.answer_number(conversation, event, now, rules)
        case Stage.AADHAAR:
            return sign_in_chat.answer_number(conversation, event, now, rules)
        case Stage.NAME:
            return sign_up.answer_name(conversation, event, now, rules)
        case Stage.BORN:
            return sign_up.answer_born(conversation, event, now, rules)
        case Stage.GENDER:
            return sign_up.answer_gender(conversation, event, now, rules)
        case Stage.MOBILE:
            return sign_up.answer_mobile(conversation, event, now, rules)
        case Stage.SUMMARY:
            return sign_up.answer_summary(conversation, event, now, rules)
        case Stage.OTP if conversation.form:
            return sign_up.answer_otp(conversation, event, now, rules)
        case Stage.OTP:
            return sign_in_chat.answer_otp(conversation, event, now, rules)
        case Stage.LINK:
            return sign_in_page.answer(conversation, event, now)
        case Stage.PROOF:
            return sign_in_page.answer_proof(conversation, event, now)
        case Stage.DOCUMENTS:
            return documents.answer(conversation, event, now, rules)
        case Stage.LISTING if not conversation.waiting:
            return documents.answer_listing(conversation, event, now)
        case Stage.FINDING:
            return new_document.answer_what(conversation, event, now)
        case Stage.DETAIL:
            return new_document.answer_detail(conversation, event)
        case Stage.CHECK:
            return new_document.answer_check(conversation, event, now)
        case (
            Stage.SENDING_OTP
            | Stage.VERIFYING
            | Stage.MAKING_LINK
            | Stage.EXCHANGING
            | Stage.LISTING
            | Stage.SEARCHING
            | Stage.PULLING
        ):
            return _still_waiting(conversation, now, rules)


def _back(conversation: Conversation, now: int, rules: Rules) -> Turn:
    """*Back*: one step back."""
    match conversation.stage:
        case Stage.LANGUAGE:
            return _ask_again(replace(conversation, stage=conversation.at, previous=None), now, rules)
        case Stage.CONSENT | Stage.MAKING_LINK | Stage.LINK | Stage.PROOF | Stage.EXCHANGING:
            return account.ask(conversation)
        case Stage.AADHAAR:
            return consent.ask(conversation, rules)
        case Stage.NAME | Stage.BORN | Stage.GENDER | Stage.MOBILE | Stage.SUMMARY:
            return sign_up.back(conversation)
        case Stage.SENDING_OTP | Stage.OTP | Stage.VERIFYING if conversation.form:
            return sign_up.ask(conversation)
        case Stage.SENDING_OTP | Stage.OTP | Stage.VERIFYING:
            return sign_in_chat.ask_number(conversation)
        case Stage.FINDING | Stage.DETAIL | Stage.CHECK:
            return new_document.back(conversation)
        case Stage.SEARCHING:
            return new_document.begin(conversation)
        case Stage.DOCUMENTS if conversation.session:
            session = conversation.session
            if not session.at_list:
                return documents.show(conversation, session.page)
            if session.page > 1:
                return documents.show(conversation, session.page - 1)
    return menu.ask(conversation)


def _ask_again(conversation: Conversation, now: int, rules: Rules, note: Text | None = None) -> Turn:
    """Put the open question once more, after a word on what she sent."""
    match conversation.stage:
        case Stage.NEW | Stage.MENU | Stage.ENDED | Stage.STOPPED:
            return menu.ask(conversation, note)
        case Stage.LANGUAGE:
            return language.ask(conversation, note)
        case Stage.DELETE:
            return privacy.ask_to_delete(conversation, note)
        case Stage.ACCOUNT:
            return account.ask(conversation, note)
        case Stage.CONSENT:
            return consent.ask(conversation, rules, note)
        case Stage.AADHAAR if conversation.form is None:
            return sign_in_chat.ask_number(conversation, note)
        case Stage.AADHAAR | Stage.NAME | Stage.BORN | Stage.GENDER | Stage.MOBILE | Stage.SUMMARY:
            return sign_up.ask(conversation, note)
        case Stage.OTP:
            return sign_in_chat.ask_otp(conversation, note)
        case Stage.LINK | Stage.PROOF:
            return sign_in_page.ask(conversation, now, note)
        case Stage.DOCUMENTS:
            return documents.show(conversation, conversation.session.page if conversation.session else 1, note)
        case Stage.LISTING if not conversation.waiting:
            return documents.show(conversation, note=note)
        case Stage.FINDING | Stage.DETAIL | Stage.CHECK:
            return new_document.ask(conversation, note)
        case (
            Stage.SENDING_OTP
            | Stage.VERIFYING
            | Stage.MAKING_LINK
            | Stage.EXCHANGING
            | Stage.LISTING
            | Stage.SEARCHING
            | Stage.PULLING
        ):
            return _still_waiting(conversation, now, rules)


def _still_waiting(conversation: Conversation, now: int, rules: Rules) -> Turn:
    """She writes while DigiLocker is at work. A step that should have been answered long ago counts as failed."""
    step = conversation.waiting[0] if conversation.waiting else None
    if step and now - step.at < 2 * rules.job_expiry_seconds:
        return conversation, (say(conversation, "wait", CANCEL),)
    if conversation.stage is Stage.PULLING:
        return new_document.unsure(conversation)
    request = (_WAITING if conversation.form is None else _WAITING_TO_SIGN_UP)[conversation.stage]
    return _failed(conversation, Failed(step.id if step else "", Problem.HELD_UP, request), now)


def _is_hers(conversation: Conversation, event: FromHer) -> bool:
    """Tell whether her words answer the open question, though one of them means something elsewhere."""
    match conversation.stage, event:
        case Stage.NAME | Stage.DETAIL, Said(is_clear=False):
            return True
        case Stage.DETAIL, Said(fits=True):
            asked = new_document.asked_for(conversation)
            return bool(asked and asked.values)
        case Stage.FINDING, Said(is_clear=False, named=named):
            return bool(named)  # "home insurance"
    return False


def _everywhere(event: FromHer) -> Choice | None:
    """Say which choice that means the same everywhere was made, if one was."""
    match event:
        case Tapped(tap=tap) if tap and tap.choice in _EVERYWHERE:
            return tap.choice
        case Said(choices=choices):
            return next((choice for choice in _EVERYWHERE if choice in choices), None)
    return None


def _language(conversation: Conversation, event: FromHer, rules: Rules) -> str | None:
    """Say which language was asked for, if one was."""
    match event:
        case Tapped(tap=tap) if not tap or tap.choice is not Choice.SPEAK:
            return None
        case Said(choices=choices, number=number) if Choice.SPEAK not in choices and number is None:
            return None
        case Entered() | SentSomethingElse() | SentProof() | CameLate():
            return None
    return language.chosen(event, rules, listed=conversation.stage is Stage.LANGUAGE)


def _is_old(event: Tapped, conversation: Conversation) -> bool:
    """Tell whether the tapped button belongs to a question that is not open any more."""
    tap = event.tap
    return tap is None or (bool(tap.place) and tap.place != conversation.stage.value)


def _more(conversation: Conversation, event: FromHer, now: int) -> Turn:
    """*More*: the page that the row names, or the next one."""
    tap = event.tap if isinstance(event, Tapped) else None
    if conversation.stage is Stage.LANGUAGE if tap is None else tap.place == Stage.LANGUAGE:
        return language.ask(conversation, page=(tap.number if tap else None) or 2)
    session = conversation.session
    if session is None:
        return documents.no_session(conversation)
    if conversation.stage in {Stage.FINDING, Stage.DETAIL} and (tap is None or tap.place != session.listing):
        return new_document.more(conversation, tap, event.id, now)
    if isinstance(event, Tapped) and event.tap and event.tap.number and event.tap.place == session.listing:
        return documents.show(conversation, event.tap.number)
    return documents.show(conversation, session.page + 1)


def _option(conversation: Conversation, tap: Tap, event_id: str, now: int, rules: Rules) -> Turn:
    """She tapped a row of what can be brought in, or of what an issuer can be told."""
    if conversation.stage in {Stage.FINDING, Stage.DETAIL}:
        return new_document.tapped(conversation, tap, event_id, now)
    return _ask_again(conversation, now, rules, note=text("old_button"))


def _answered(conversation: Conversation, event: Answer, now: int, rules: Rules) -> Turn:
    match event:
        case OtpSent():
            return sign_in_chat.sent(conversation, event, now, rules)
        case SignedIn():
            return sign_in_chat.verified(conversation, event, now, rules)
        case DocumentsListed() if conversation.pull:
            return new_document.listed(conversation, event, now, rules)
        case Refreshed():
            return sign_in_chat.refreshed(conversation, event, now)
        case LinkMade():
            return sign_in_page.made(conversation, event, now, rules)
        case DocumentsListed():
            wanted = conversation.wanted
            if wanted and wanted.offer and now - wanted.at < rules.session_seconds:
                return new_document.resumed(conversation, event, wanted.offer, now, rules)
            return documents.listed(conversation, event, now, rules)
        case DocumentFetched():
            return documents.fetched(conversation, event)
        case OffersFound():
            return new_document.found(conversation, event, now)
        case ParametersTold():
            return new_document.told(conversation, event)
        case Pulled():
            return new_document.pulled(conversation, event, now, rules)
        case Failed():
            return _failed(conversation, event, now)
        case Ended():
            out, leaving = signed_out(conversation, Stage.ENDED)
            told, replies = menu.ended(replace(out, was_closed=True))
            return told, (*replies, *leaving)


def _failed(conversation: Conversation, event: Failed, now: int) -> Turn:
    match event.request:
        case SendOtp() as request:
            return sign_in_chat.not_sent(conversation, event, request)
        case SignUp() as request:
            return sign_up.not_sent(conversation, event, request, now)
        case VerifyOtp() | VerifySignUp():
            return sign_in_chat.not_verified(conversation, event)
        case ListDocuments() if conversation.pull:
            return new_document.not_listed(conversation, event, conversation.pull, now)
        case MakeLink(sign_up=signs_up) | ExchangeCode(sign_up=signs_up):
            return sign_in_page.not_signed_in(conversation, event, sign_up=signs_up)
        case ListDocuments():
            return documents.not_listed(conversation, event)
        case FindOffers() | AskParameters():
            return new_document.not_found(conversation, event)
        case PullDocument(offer=offer):
            return new_document.not_pulled(conversation, event, offer, now)
        case FetchDocument(number=number, listing=listing):
            return documents.not_fetched(conversation, event, number, listing, now)


def _expired(conversation: Conversation, now: int, rules: Rules) -> Turn:
    """End a session, or a half-done sign-in, that lay still for too long; otherwise leave all as it is."""
    if not is_entrusted(conversation) or now < idle_end(conversation, rules):
        session = conversation.session
        if session is None or now < session.expires_at:
            return conversation, ()
    return signed_out(conversation, Stage.ENDED)


def _time_ran_out(conversation: Conversation, now: int, rules: Rules) -> Turn:
    """The timer fired: end what lay still, or wait for the rest of the time."""
    if conversation.timer_at > now + _TIMER_SLACK_SECONDS:
        return conversation, ()  # an older timer: a newer one is set
    conversation, leaving = _expired(replace(conversation, timer_at=0), now, rules)
    if not is_entrusted(conversation):
        return conversation, leaving
    rest = max(1, idle_end(conversation, rules) - now)
    return replace(conversation, timer_at=now + rest), (SetTimer(rest),)


def _closed(conversation: Conversation) -> Turn:
    """End whatever she entrusted, at once. Her next message is told so: it may not be safe to write to her now."""
    if not is_entrusted(conversation):
        return conversation, ()
    out, leaving = signed_out(conversation, Stage.ENDED)
    return replace(out, was_closed=True), leaving


def is_entrusted(conversation: Conversation) -> bool:
    """Tell whether anything is kept that must be forgotten in time."""
    return bool(conversation.keeps or conversation.documents)
