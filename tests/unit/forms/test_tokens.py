"""Tokens of forms: bound to a conversation, short-lived, and nobody else's."""

import base64
import hmac
import json

import pytest

from helpdesk.forms import tokens
from helpdesk.forms.tokens import FormToken, is_signed, read_token, write_token
from tests.unit.forms.test_encryption import CASES, VECTORS

CONVERSATION, OTHER, MARK = "0123456789abcdef" * 2, "fedcba9876543210" * 2, "a1" * 12
ENDS = 1_800_000_900
KEY = "form-token-key"


def test_a_token_says_which_form_it_is() -> None:
    token = write_token(KEY, CONVERSATION, MARK, ENDS)
    assert read_token(KEY, token) == FormToken(tokens.VERSION, CONVERSATION, MARK, ENDS)
    assert len(token) < 200


@pytest.mark.parametrize(
    ("what", "token"),
    [
        ("another key", write_token("another", CONVERSATION, MARK, ENDS)),
        ("another conversation", write_token(KEY, CONVERSATION, MARK, ENDS).replace(CONVERSATION, OTHER)),
        ("another form", write_token(KEY, CONVERSATION, MARK, ENDS).replace(MARK, "b2" * 12)),
        ("a later end", write_token(KEY, CONVERSATION, MARK, ENDS).replace(str(ENDS), str(ENDS + 1000))),
        ("no MAC", write_token(KEY, CONVERSATION, MARK, ENDS).rpartition(".")[0]),
        ("cut", write_token(KEY, CONVERSATION, MARK, ENDS)[:-1]),
        ("nothing", ""),
        ("not ours", "unused"),
        ("digits of another script", write_token(KEY, CONVERSATION, MARK, ENDS).replace("1.", "१.", 1)),
    ],
)
def test_no_other_token_is_believed(what: str, token: str) -> None:
    assert read_token(KEY, token) is None, what


def test_the_last_five_versions_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    old = write_token(KEY, CONVERSATION, MARK, ENDS)
    for version, lives in ((5, True), (6, False)):
        monkeypatch.setattr(tokens, "VERSION", version)
        assert (read_token(KEY, old) is not None) is lives


def test_a_newer_version_than_ours_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "VERSION", 2)
    newer = write_token(KEY, CONVERSATION, MARK, ENDS)
    monkeypatch.setattr(tokens, "VERSION", 1)
    assert read_token(KEY, newer) is None


def test_metas_proof_that_a_form_was_sent_is_known_again() -> None:
    clear = CASES["init"]["clear"]
    assert is_signed(clear["flow_token_signature"], clear["flow_token"], ["old", VECTORS["app_secret"]])


@pytest.mark.parametrize("secrets", [[], [""], ["another"]])
def test_a_proof_by_another_secret_is_none(secrets: list[str]) -> None:
    clear = CASES["init"]["clear"]
    assert not is_signed(clear["flow_token_signature"], clear["flow_token"], secrets)


@pytest.mark.parametrize("signature", ["", "-", "a.b", "a.b.c", "..", "é.é.é", "e30.e30.e30"])
def test_what_is_no_proof_is_none(signature: str) -> None:
    assert not is_signed(signature, "token", ["secret"])


def _jwt(head: dict[str, str], claims: object, secret: str) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)]
    mac = hmac.digest(secret.encode(), ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])


def test_a_proof_for_another_form_or_by_another_algorithm_is_none() -> None:
    claims = {"flow_token": "token"}
    assert is_signed(_jwt({"alg": "HS256"}, claims, "secret"), "token", ["secret"])
    assert not is_signed(_jwt({"alg": "HS256"}, claims, "secret"), "another", ["secret"])
    assert not is_signed(_jwt({"alg": "none"}, claims, "secret"), "token", ["secret"])
    assert not is_signed(_jwt({"alg": "HS256"}, [], "secret"), "token", ["secret"])
