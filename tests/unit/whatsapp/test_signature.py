"""Whether a call is Meta's."""

import pytest

from helpdesk.errors import SignatureError
from helpdesk.whatsapp.signature import verify
from operations.webhook import signature as sign

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
HEADER = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_the_published_vector_is_accepted() -> None:
    verify(BODY, HEADER, [SECRET])


@pytest.mark.parametrize("secrets", [[SECRET, "old"], ["new", SECRET], ["new", "", SECRET]])
def test_while_a_secret_is_replaced_both_are_accepted(secrets: list[str]) -> None:
    verify(BODY, HEADER, secrets)


def test_the_signature_is_over_the_raw_bytes_and_not_over_what_they_mean() -> None:
    escaped, readable = rb'{"text":"\u0928\u092e\u0938\u094d\u0924\u0947 \/ \u0040"}', '{"text":"नमस्ते / @"}'.encode()

    verify(escaped, sign(escaped, SECRET), [SECRET])
    with pytest.raises(SignatureError):
        verify(readable, sign(escaped, SECRET), [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha1=" + HEADER[7:],
        HEADER[7:],
        HEADER[:-1],
        HEADER + "0",
        HEADER[:-1] + "g",
        "SHA256=" + HEADER[7:],
        " " + HEADER,
        "sha256=" + "é" * 64,
        "sha256=" + "٣" * 64,
        "sha256=" + "0" * 64,
    ],
)
def test_a_missing_malformed_or_wrong_signature_is_refused(header: str | None) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, header, [SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_without_a_secret_every_call_is_refused_even_one_signed_with_the_empty_secret(secrets: list[str]) -> None:
    with pytest.raises(SignatureError, match="no app secret"):
        verify(BODY, sign(BODY, ""), secrets)


def test_one_changed_byte_is_refused_and_the_error_tells_nothing() -> None:
    with pytest.raises(SignatureError) as caught:
        verify(b"Hello, world!", HEADER, [SECRET])

    assert SECRET not in str(caught.value)
    assert HEADER[7:] not in str(caught.value)


def test_every_secret_is_tried_even_after_one_has_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac  # noqa: PLC0415

    compared: list[str] = []
    real = hmac.compare_digest

    def counting(a: str, b: str) -> bool:
        compared.append(a)
        return real(a, b)

    monkeypatch.setattr("helpdesk.whatsapp.signature.hmac.compare_digest", counting)
    verify(BODY, HEADER, [SECRET, "old", "older"])

    assert len(compared) == 3
