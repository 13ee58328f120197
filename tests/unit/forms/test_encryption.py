"""Requests of forms are opened and answered as published test vectors say."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from helpdesk.errors import PayloadError, SignatureError, StorageError, Undecryptable
from helpdesk.forms.encryption import Channel, channel, read_envelope
from helpdesk.storage.form_key import FormKey
from helpdesk.whatsapp.signature import verify
from tests.world.form_keys import FormKms, Phone, rsa_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in VECTORS["cases"]}
CLEAR = [name for name, case in CASES.items() if "clear" in case]


def form_key(pem: str, password: bytes | None = None) -> FormKey:
    """Return our side of a private key that lies open here."""
    key = cast("RSAPrivateKey", load_pem_private_key(pem.encode(), password))
    return FormKey(cast("Any", FormKms(key)), "arn:form-key")


def opened(body: str, key: FormKey) -> tuple[Any, Channel]:
    """Return what a request says, and what it is answered with."""
    envelope = read_envelope(body.encode())
    opens = channel(key.unwrap(envelope.wrapped_key), envelope)
    return json.loads(opens.open(envelope.content)), opens


OURS = form_key(VECTORS["private_key_pkcs8_pem"])


@pytest.mark.parametrize("name", CLEAR)
def test_a_request_is_opened_and_answered_as_the_vector_says(name: str) -> None:
    case = CASES[name]
    verify(case["body"].encode(), case["x_hub_signature_256"], [VECTORS["app_secret"]])
    request, opens = opened(case["body"], OURS)
    assert request == case["clear"]
    phone = AESGCM(bytes.fromhex(VECTORS["aes_key_hex"]))
    nonce = bytes(255 - byte for byte in bytes.fromhex(VECTORS["iv_hex"]))
    answered = phone.decrypt(nonce, base64.b64decode(case["answer_body"]), None)
    assert json.loads(answered) == case["answer_clear"]
    assert opens.seal(answered) == case["answer_body"]


def test_all_ten_vectors_are_looked_at() -> None:
    assert len(CLEAR) == 7
    assert sorted(CASES.keys() - CLEAR) == ["damaged_tag", "other_public_key", "wrong_signature"]


@pytest.mark.parametrize("name", ["other_public_key", "damaged_tag"])
def test_what_another_key_or_a_damaged_tag_would_need_is_undecryptable(name: str) -> None:
    with pytest.raises(Undecryptable):
        opened(CASES[name]["body"], OURS)


def test_a_wrong_signature_is_refused() -> None:
    case = CASES["wrong_signature"]
    with pytest.raises(SignatureError):
        verify(case["body"].encode(), case["x_hub_signature_256"], [VECTORS["app_secret"]])


def test_the_vector_of_pywa_comes_out_byte_for_byte() -> None:
    theirs = VECTORS["pywa"]
    key = form_key(theirs["private_key_encrypted_pem"], theirs["password"].encode())
    request, opens = opened(theirs["body"], key)
    assert request == theirs["clear"]
    assert opens.seal(json.dumps(theirs["answer_clear"]).encode()) == theirs["answer_body"]


def test_what_kms_cannot_do_now_is_not_taken_for_another_key() -> None:
    kms = FormKms()
    kms.fails_with = "ThrottlingException"
    with pytest.raises(StorageError) as failure:
        FormKey(cast("Any", kms), "arn").unwrap(b"x" * 256)
    assert failure.value.code == "ThrottlingException"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"encrypted_flow_data": 1, "encrypted_aes_key": 2, "initial_vector": 3}',
        b'{"encrypted_flow_data": "?", "encrypted_aes_key": "?", "initial_vector": "?"}',
    ],
)
def test_what_is_no_request_of_a_form_is_told_apart(body: bytes) -> None:
    with pytest.raises(PayloadError):
        read_envelope(body)


@pytest.mark.parametrize("part", ["encrypted_flow_data", "encrypted_aes_key", "initial_vector"])
def test_a_part_of_an_impossible_length_is_undecryptable(part: str) -> None:
    body = json.loads(Phone(rsa_key().public_key()).body({"action": "ping"}))
    body[part] = base64.b64encode(b"short").decode()
    with pytest.raises(Undecryptable):
        read_envelope(json.dumps(body).encode())


def test_a_key_that_is_none_of_aes_128_is_undecryptable() -> None:
    envelope = read_envelope(Phone(rsa_key().public_key()).body({"action": "ping"}).encode())
    with pytest.raises(Undecryptable):
        channel(bytes(32), envelope)


def test_nothing_of_a_request_is_in_a_repr() -> None:
    envelope = read_envelope(Phone(rsa_key().public_key()).body({"action": "ping"}).encode())
    assert repr(envelope) == "Envelope()"
    assert repr(Channel(b"key", b"nonce")) == "Channel()"
