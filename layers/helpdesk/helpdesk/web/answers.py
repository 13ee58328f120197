"""Answers to a browser, as API Gateway (REST, proxy integration) takes them, and the headers of each.

All headers go through one place, which takes printable ASCII only: no value can end its line and begin another.
"""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final, TypedDict

from helpdesk.web.cookies import Cookie
from helpdesk.web.pages import STYLE_HASH

_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")

_HTTPS_ONLY_SECONDS: Final = 2 * 365 * 24 * 3600
"""Two years, as hstspreload.org recommends."""

_UNUSED_FEATURES: Final = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)


class Answer(TypedDict):
    """What a function returns."""

    statusCode: int
    multiValueHeaders: dict[str, list[str]]
    body: str


def page(
    html: str, status: HTTPStatus = HTTPStatus.OK, cookies: Iterable[Cookie] = (), form_action: str = "'none'"
) -> Answer:
    """Answer with a page. `form_action`: where its form may lead. Raises ValueError as `_answer` does."""
    own = security_headers(form_action) | {"Content-Type": "text/html; charset=utf-8"}
    return _answer(html, status, own, cookies)


def see_other(address: str) -> Answer:
    """Lead a browser that posted a form on to another page. Raises ValueError as `_answer` does."""
    return _answer("", HTTPStatus.SEE_OTHER, security_headers() | {"Location": address})


def _answer(body: str, status: HTTPStatus, named: Mapping[str, str], cookies: Iterable[Cookie] = ()) -> Answer:
    """Put an answer together. Raises ValueError for a header that is not printable ASCII."""
    headers = {name: [value] for name, value in named.items()}
    if set_cookies := [cookie.header for cookie in cookies]:
        headers["Set-Cookie"] = set_cookies
    if not all(_PRINTABLE.fullmatch(value) for values in headers.values() for value in values):
        raise ValueError("a header's value must be printable ASCII")
    return {"statusCode": status.value, "multiValueHeaders": headers, "body": body}


def security_headers(form_action: str = "'none'") -> dict[str, str]:
    """Return the headers that every answer to a browser carries."""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; "
            f"base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
        # The callback's address holds the code: it must not travel on.
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": f"max-age={_HTTPS_ONLY_SECONDS}",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
