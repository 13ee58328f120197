"""Cookies that only this host can set and read, and the comparison of secrets.

`__Host-` (RFC 6265bis, 4.1.3) has browsers refuse the cookie unless it is `Secure`, for `/`, and for this host alone.
`SameSite=Lax` lets it come along when DigiLocker sends the citizen back; `Strict` would not.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Final

from helpdesk.structs import Value

_PREFIX: Final = "__Host-"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.-]{1,512}")
"""What base64url and signed values need, and nothing that could end a cookie or a header."""
_MAX_HEADER: Final = 8192
"""Characters of all `Cookie` headers that are looked through."""


class Cookie(Value, frozen=True):
    """A cookie for this host, its name without the prefix. Raises ValueError for letters that have no place in it."""

    hidden = ("value",)

    name: str
    value: str
    max_age: int
    """Seconds; 0 has the browser forget it."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("not a cookie's name")
        if self.max_age < 0 or (not _VALUE.fullmatch(self.value) and (self.value or self.max_age)):
            raise ValueError("not a cookie's value")

    @property
    def header(self) -> str:
        """The value of `Set-Cookie`."""
        return f"{_PREFIX}{self.name}={self.value}; Max-Age={self.max_age}; Path=/; Secure; HttpOnly; SameSite=Lax"


def forgotten(name: str) -> Cookie:
    """Return the cookie that has the browser forget one."""
    return Cookie(name, "", 0)


def read_cookie(headers: Iterable[str], name: str) -> str | None:
    """Return a cookie's value out of the `Cookie` headers; None if it is missing, malformed, or there twice."""
    whole = ";".join(headers)
    if len(whole) > _MAX_HEADER:
        return None
    pairs = (pair.strip().partition("=") for pair in whole.split(";"))
    values = [value for key, mark, value in pairs if mark and key == f"{_PREFIX}{name}"]
    return values[0] if len(values) == 1 and _VALUE.fullmatch(values[0]) else None


def is_same(one: str | None, other: str | None) -> bool:
    """Compare two secrets in a time that does not tell where they differ. What is missing or empty equals nothing."""
    if not one or not other:
        return False
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
