"""Answers to a browser, as API Gateway (REST, proxy integration) takes them, and the headers of each.

All headers go through one place, which takes printable ASCII only: no value can end its line and begin another.
"""

import re
from collections.abc import Iterable
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


def page(html: str, status: HTTPStatus = HTTPStatus.OK, cookies: Iterable[Cookie] = ()) -> Answer:
    """Answer with a page. Raises ValueError for a header that is not printable ASCII."""
    own = {"Content-Type": "text/html; charset=utf-8"}
    headers = {name: [value] for name, value in (security_headers() | own).items()}
    if set_cookies := [cookie.header for cookie in cookies]:
        headers["Set-Cookie"] = set_cookies
    if not all(_PRINTABLE.fullmatch(value) for values in headers.values() for value in values):
        raise ValueError("a header's value must be printable ASCII")
    return {"statusCode": status.value, "multiValueHeaders": headers, "body": html}


def security_headers() -> dict[str, str]:
    """Give the headers that every answer to a browser carries."""
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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
