"""The table of contents of the dialogue: for each stage, its question."""

from collections.abc import Mapping

from msgspec.structs import replace

from helpdesk.conversation.chapters import (
    account,
    consent,
    documents,
    issuer,
    language,
    line,
    menu,
    new_document,
    otp,
    privacy,
    sign_in_chat,
    sign_in_form,
    sign_in_page,
    sign_up,
)
from helpdesk.conversation.effects import Text
from helpdesk.conversation.events import CitizenEvent
from helpdesk.conversation.model import Conversation, Stage
from helpdesk.conversation.turn import Context, Question, Turn


def _to_sign_in_or_up(signing_in: Question, signing_up: Question) -> Question:
    """Return the question of a stage that both have: they differ in what is asked and what an answer leads to."""

    def ask(conversation: Conversation, context: Context, note: Text | None) -> Turn:
        return (signing_up if conversation.form else signing_in).ask(conversation, context, note)

    def answer(conversation: Conversation, event: CitizenEvent, context: Context) -> Turn:
        return (signing_up if conversation.form else signing_in).answer(conversation, event, context)

    return replace(signing_in, ask=ask, answer=answer)


STAGES: Mapping[Stage, Question] = {
    Stage.NEW: menu.AT_MENU,
    Stage.MENU: menu.AT_MENU,
    Stage.ENDED: menu.ENDED,
    Stage.STOPPED: privacy.STOPPED,
    Stage.LANGUAGE: language.LANGUAGE,
    Stage.DELETE: privacy.DELETE,
    Stage.ACCOUNT: account.ACCOUNT,
    Stage.LINE: line.LINE,
    Stage.CONSENT: consent.CONSENT,
    Stage.FORM: sign_in_form.FORM,
    Stage.AADHAAR: _to_sign_in_or_up(sign_in_chat.AADHAAR, sign_up.AADHAAR_NUMBER),
    Stage.NAME: sign_up.FULL_NAME,
    Stage.BORN: sign_up.DATE_OF_BIRTH,
    Stage.GENDER: sign_up.SEX,
    Stage.MOBILE: sign_up.MOBILE_NUMBER,
    Stage.SUMMARY: sign_up.SUMMARY,
    Stage.SENDING_OTP: otp.SENDING_OTP,
    Stage.OTP: otp.OTP,
    Stage.VERIFYING: otp.VERIFYING,
    Stage.MAKING_LINK: sign_in_page.MAKING_LINK,
    Stage.LINK: sign_in_page.LINK,
    Stage.PROOF: sign_in_page.PROOF,
    Stage.EXCHANGING: sign_in_page.EXCHANGING,
    Stage.LISTING: documents.LISTING,
    Stage.DOCUMENTS: documents.DOCUMENTS,
    Stage.FINDING: new_document.FINDING,
    Stage.SEARCHING: new_document.SEARCHING,
    Stage.DETAIL: issuer.DETAIL,
    Stage.CHECK: issuer.CHECK,
    Stage.PULLING: issuer.PULLING,
}
