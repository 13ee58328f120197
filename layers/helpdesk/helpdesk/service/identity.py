"""The ids used in logs, queues and keys instead of anything that names a citizen."""

import hashlib

from helpdesk.conversation.numbers import MOBILE_DIGITS, mobile_fault
from helpdesk.mac import hmac_sha256_hex
from helpdesk.storage.documents import DATA, LOCKED, PREFIX

_LENGTH = 32
_STEP_LENGTH = 24
_URI_LENGTH = 12
_KEY_LENGTH = 64
_HEX = frozenset("0123456789abcdef")


def conversation_id(pepper: str, phone_number_id: str, person: str) -> str:
    """Return the id of the chat between one of our numbers and a person (business-scoped user id, or phone number).

    A keyed hash: without the pepper nobody can find the id of a phone number by trying all numbers.
    """
    return _keyed(pepper, f"conversation\n{phone_number_id}\n{person}")[:_LENGTH]


def step_id(pepper: str, message_id: str) -> str:
    """Return the id of the step that a message causes. The message's own id holds the phone number in base64."""
    return _keyed(pepper, f"step\n{message_id}")[:_STEP_LENGTH]


def number_mark(pepper: str, digits: str) -> str:
    """Return the keyed hash under which attempts for an Aadhaar number or VID are counted. It is kept for a day."""
    return _keyed(pepper, f"number\n{digits}")[:16]


def text_mark(pepper: str, text: str) -> str:
    """Return what stands for a text that she typed, where it is only compared with the next one."""
    return _keyed(pepper, f"text\n{text}")[:12]


def own_mobile(phone: str | None) -> str:
    """Return the ten digits of the number that she writes from, if it is an Indian mobile.

    WhatsApp gives a number as digits, the country code first.
    """
    code, mobile = (phone or "")[:-MOBILE_DIGITS], (phone or "")[-MOBILE_DIGITS:]
    return mobile if code == "91" and not mobile_fault(mobile) else ""


def following(cause: str) -> str:
    """Return the id of the step that follows from a cause: always the same, so that it is not taken twice."""
    return hashlib.sha256(f"following\n{cause}".encode()).hexdigest()[:_STEP_LENGTH]


def link_mark(state: str) -> str:
    """Return what stands for a link where it is kept: its `state` cannot be found from it."""
    return hashlib.sha256(f"link\n{state}".encode()).hexdigest()[:_LENGTH]


def code_mark(code: str) -> str:
    """Return the hash by which one of DigiLocker's codes is recognised."""
    return hashlib.sha256(f"code\n{code}".encode()).hexdigest()[:_LENGTH]


def uri_mark(uri: str) -> str:
    """Return what stands for a document among those that she has ticked. Short, as there is little room in a seal."""
    return hashlib.sha256(f"uri\n{uri}".encode()).hexdigest()[:_URI_LENGTH]


def document_key(secret: str, conversation: str, step: str) -> str:
    """Return the key that a step's PDF is kept under, below its conversation.

    Nobody can guess it from what the logs say; and a step that is done twice overwrites its PDF instead of leaving a
    second one behind.
    """
    return f"{PREFIX}{conversation}/{_keyed(secret, f'document\n{conversation}\n{step}')}"


def is_document_of(key: str, conversation: str, step: str = "") -> bool:
    """Return whether a PDF is a conversation's own.

    `step`: by which it may have been fetched before keys named the conversation. Such a key is known again.
    """
    name = key.removesuffix(LOCKED).removesuffix(DATA)
    folder, _, last = name.rpartition("/")
    if folder == f"{PREFIX}{conversation}":
        return len(last) == _KEY_LENGTH and set(last) <= _HEX
    return bool(step) and name == PREFIX + hashlib.sha256(f"document\n{conversation}\n{step}".encode()).hexdigest()


def _keyed(key: str, value: str) -> str:
    return hmac_sha256_hex(key, value.encode())
