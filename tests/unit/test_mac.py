"""HMAC-SHA256, against the cases of RFC 4231 whose keys are text."""

import pytest

from helpdesk.mac import hmac_sha256_hex

CASES = [
    ("\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    ("Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
]


@pytest.mark.parametrize(("key", "message", "expected"), CASES)
def test_as_the_rfc_has_it(key: str, message: bytes, expected: str) -> None:
    assert hmac_sha256_hex(key, message) == expected


def test_what_went_before_leaves_nothing_behind() -> None:
    for key, message, expected in CASES * 2:
        hmac_sha256_hex(key, b"another message")
        assert hmac_sha256_hex(key, message) == expected


def test_a_key_that_was_forgotten_is_taken_in_again() -> None:
    key, message, expected = CASES[1]
    for other in range(20):
        hmac_sha256_hex(f"key {other}", message)
    assert hmac_sha256_hex(key, message) == expected
