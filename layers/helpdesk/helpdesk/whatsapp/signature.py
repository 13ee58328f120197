"""Proof that a webhook call is Meta's: the `X-Hub-Signature-256` header, and the name in its certificate.

The header is `sha256=` and 64 hex digits: HMAC-SHA256, keyed with the app secret, over the body exactly as it came.
Meta escapes the body before it signs it, so a body that was parsed and written again has another signature.
Source: Graph API reference, "Validating payloads"; Cloud API reference, webhooks.
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from helpdesk.errors import SignatureError
from helpdesk.mac import hmac_sha256_hex

CLIENT_NAME: Final = "client.webhooks.fbclientcerts.com"
"""Whom Meta's client certificate for webhooks is made out to (Graph API, webhooks, mTLS)."""

_ATTRIBUTE: Final = re.compile(
    r"""\ *(?P<type>[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\ *=
        (?P<value>(?:\\.|"(?:\\.|[^"\\])*"|[^"\\,;+<>])*)
        (?:[,;+](?=.)|\Z)""",
    re.VERBOSE | re.DOTALL,
)
"""One attribute of a distinguished name, with the separator behind it: escapes and quotes can hold any character."""
_PREFIX: Final = "sha256="
_HEX_DIGITS: Final = frozenset("0123456789abcdef")
_DIGEST_LENGTH: Final = 64


def verify(body: bytes, header: str | None, secrets: Sequence[str]) -> None:
    """Return when `header` is the signature of `body` under one of the app secrets.

    `body` is the raw body (base64 already undone); `secrets` are the app secrets, usually one, two while one is being
    replaced. Every secret is tried whatever the others gave, so that the time taken tells nothing about which fits.

    Raises `SignatureError` for a missing or malformed header, for a signature that fits none of the secrets, and
    always when no secret is set: an empty secret would let anybody sign.
    """
    usable = [secret for secret in secrets if secret]
    if not usable:
        raise SignatureError("no app secret is set")
    given = _digest_in(header)
    if given is None:
        raise SignatureError("the signature is missing or malformed")
    matches = False
    for secret in usable:
        matches |= hmac.compare_digest(hmac_sha256_hex(secret, body), given)
    if not matches:
        raise SignatureError("the signature fits none of the app secrets")


def check_certificate(subject: str | None) -> None:
    """Return when a client certificate's subject ("CN=...,O=...") is Meta's, or none was asked for (None).

    Whoever ended the TLS connection has checked the chain. Raises `SignatureError`.
    """
    if subject is not None and _common_names(subject) != [CLIENT_NAME]:
        raise SignatureError("the client certificate is not that of Meta's webhooks")


def _common_names(subject: str) -> list[str]:
    """Return the values of CN in a distinguished name (RFC 4514), as they are written; none if it is not one.

    A value that is quoted or escaped stays so. Meta's needs neither, so another one never looks like it.
    """
    names, position = [], 0
    while position < len(subject):
        attribute = _ATTRIBUTE.match(subject, position)
        if attribute is None:
            return []
        if attribute["type"].upper() in {"CN", "2.5.4.3"}:
            names.append(attribute["value"].strip(" "))
        position = attribute.end()
    return names


def _digest_in(header: str | None) -> str | None:
    """Return the 64 lower-case hex digits in the header, or None when it has another shape."""
    if header is None or not header.startswith(_PREFIX):
        return None
    digest = header.removeprefix(_PREFIX)
    if len(digest) != _DIGEST_LENGTH or not _HEX_DIGITS.issuperset(digest):
        return None
    return digest
