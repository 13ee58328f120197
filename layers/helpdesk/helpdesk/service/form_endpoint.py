"""The form's endpoint: what WhatsApp asks on behalf of a phone advances the conversation, and is answered by a screen.

A request is a step like a message: it is stored and queued before it is answered, and counts once, however often the
phone sends it. The function holds no credential for anybody outside and never calls DigiLocker. Where DigiLocker is
asked, the screen waits a little for the document function's answer; else that comes in the chat.

    200  answered            400  unreadable                   413  larger than our forms can be
    421  not decryptable: the phone fetches our public key again and repeats the request, so nothing else may say so
    427  the form is over: the phone closes it and shows why
    432  not signed by Meta
    503  storage or a secret fails: the phone says that something went wrong, and she can try again
"""

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from helpdesk.conversation.effects import AnswerForm
from helpdesk.conversation.screens import Screen
from helpdesk.errors import (
    AccessDenied,
    ConversationError,
    PayloadError,
    SecretError,
    SignatureError,
    StorageError,
    Undecryptable,
    code_of,
)
from helpdesk.forms.encryption import LARGEST_BODY, Channel, channel, read_envelope
from helpdesk.forms.requests import Action, FormRequest, read_request
from helpdesk.forms.tokens import FormToken, is_signed, read_token
from helpdesk.languages.catalogue import catalogue
from helpdesk.service.form_screens import Data, FormScreens
from helpdesk.service.form_steps import FormOver, FormSteps
from helpdesk.storage.form_key import FormKey
from helpdesk.storage.secrets import Secret
from helpdesk.structs import Value
from helpdesk.telemetry import count, logger
from helpdesk.whatsapp.signature import verify

NOT_DECRYPTABLE: Final = 421
TOKEN_INVALID: Final = 427
NOT_SIGNED: Final = 432

_REPORTED: Final = frozenset(
    {
        "timeout_error",
        "no_http_response_error",
        "unexpected_http_status_code",
        "missing_capability",
        "cannot_be_served",
        "public-key-missing",
        "public-key-signiture-verification",
        "response-decryption-error",
        "invalid-screen-transition",
        "payload-schema-error",
        "business-decryption-error",
    }
)
"""What a phone can report (Flows, error codes); their spelling."""


class Response(Value, frozen=True):
    """What a request is answered with. `body`: encrypted, or empty."""

    status: int
    body: str = ""


class FormEndpoint:
    """Answers requests of forms."""

    def __init__(
        self,
        *,
        steps: FormSteps,
        screens: FormScreens,
        key: FormKey,
        secret: Secret,
        identity: Secret,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._steps = steps
        self._screens = screens
        self._key = key
        self._secret = secret
        self._identity = identity
        self._clock = clock

    def respond(self, body: bytes | None, signature: str | None) -> Response:
        """Answer one request. `body`: as it came; None if it could not be read."""
        try:
            if body is None or len(body) > LARGEST_BODY:
                return _refused(HTTPStatus.CONTENT_TOO_LARGE if body else HTTPStatus.BAD_REQUEST, "size")
            self._prove(body, signature)
            envelope = read_envelope(body)
            opened = channel(self._key.unwrap(envelope.wrapped_key), envelope)
            clear = opened.open(envelope.content)
            return self._answered(read_request(clear), opened)
        except SignatureError:
            count("FormsUnsigned")
            return _refused(NOT_SIGNED, "signature")
        except Undecryptable:
            count("FormsUnreadable")
            return _refused(NOT_DECRYPTABLE, "encryption")
        except PayloadError:
            return _refused(HTTPStatus.BAD_REQUEST, "unreadable")
        except SecretError as error:
            count("SecretsEmpty")
            logger.error("a secret is missing", extra={"reason": str(error)})
        except (ConversationError, StorageError) as error:
            count("AwsDenied", isinstance(error, AccessDenied))
            logger.error(
                "a form's request could not be stored or queued",
                extra={"error": type(error).__name__, "code": code_of(error)},
            )
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")

    def _prove(self, body: bytes, signature: str | None) -> None:
        """See to it that Meta signed the body, with a secret that may just have been rotated."""
        try:
            verify(body, signature, self._secret.texts("app_secrets"))
        except SignatureError:
            if not self._secret.refresh():
                raise
            verify(body, signature, self._secret.texts("app_secrets"))

    def _answered(self, request: FormRequest, opened: Channel) -> Response:
        try:
            answer = self._answer(request)
        except FormOver as over:
            count("FormsEnded")
            text = catalogue(over.language).texts["form.over"]
            return Response(TOKEN_INVALID, opened.seal(_json({"error_msg": text})))
        return Response(HTTPStatus.OK, opened.seal(_json(answer)))

    def _answer(self, request: FormRequest) -> Data:
        match request.action:
            case Action.PING:
                return {"data": {"status": "active"}}
            case Action.ERROR:
                kind = request.fields["error"]
                count("FormErrorsReported")
                logger.warning("a phone could not use an answer", extra={"reason": kind if kind in _REPORTED else ""})
                return {"data": {"acknowledged": True}}
        token = self._token(request)
        with logger.append_context_keys(conversation=token.conversation_id):
            return self._screen(request, token)

    def _token(self, request: FormRequest) -> FormToken:
        """Return which form it is. Raises FormOver for one that is not ours."""
        token = read_token(self._identity.text("form_token_key"), request.token)
        if token is None:
            raise FormOver
        if request.signature and not is_signed(request.signature, request.token, self._secret.texts("app_secrets")):
            logger.warning("a form's token is not signed by Meta")
            raise FormOver
        return token

    def _screen(self, request: FormRequest, token: FormToken) -> Data:
        taken = self._steps.take(request, token)
        shown = taken.answer or AnswerForm(Screen.CLOSED)
        count("FormsOpened", request.action is Action.INIT)
        count(f"FormScreen_{shown.screen.lower()}")
        logger.info("screen", extra={"step": taken.step, "screen": shown.screen, "action": request.action})
        return self._screens.answer(shown, taken.stored.conversation, request.token, int(self._clock()))


def _refused(status: int, reason: str) -> Response:
    logger.warning("a form's request was refused", extra={"status": status, "reason": reason})
    return Response(status)


def _json(answer: Data) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
