"""What is in the address with which DigiLocker sends the citizen back (RFC 6749, 4.1.2; "Requester" 2.4).

Anybody can call that address with anything: whatever is repeated, too long or of another form is refused whole.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from helpdesk.errors import InboundError
from helpdesk.structs import Value
from helpdesk.web.pages import ANSWER

type Parameters = Mapping[str, Sequence[str]] | None
"""API Gateway's `multiValueQueryStringParameters`, decoded; None: there is no query."""

STATE: Final = re.compile(r"[0-9a-f]{32}\.[A-Za-z0-9_-]{22}")
"""What `consent_page.new_state` makes."""

_CODE: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
"""The form of a code is not documented; examples are 40 hexadecimal digits."""
_ERROR: Final = re.compile(r"[a-z]+(_[a-z]+){0,6}")
_OTHER_ERROR: Final = "(other)"
_DENIED: Final = "access_denied"

_MOST: Final = 16
_LONGEST: Final = 4096
_LONGEST_FORM: Final = 100
"""Parameters, and characters of all of them together, known or not."""


class CallbackRefused(InboundError):
    """The query is not one that DigiLocker would send. The message names the parameter, never a value."""


class Consented(Value, frozen=True):
    """She has agreed."""

    hidden = ("state", "code")

    state: str
    code: str


class Declined(Value, frozen=True):
    """She has not, or something went wrong at DigiLocker."""

    hidden = ("state",)

    state: str
    error: str
    """DigiLocker's code, safe to log: letters and underscores, at most 64 of them; else `(other)`."""

    @property
    def by_citizen(self) -> bool:
        """Whether it was her own decision."""
        return self.error == _DENIED


def read_callback(parameters: Parameters) -> Consented | Declined:
    """Read the query of the redirect. Raises CallbackRefused."""
    query = _single(parameters)
    state = _fitting(query, "state", STATE)
    if ("code" in query) == ("error" in query):
        raise CallbackRefused("either code or error is needed")
    if "code" in query:
        return Consented(state, _fitting(query, "code", _CODE))
    error = query["error"]
    if not error:
        raise CallbackRefused("error is empty")
    return Declined(state, error if len(error) <= 64 and _ERROR.fullmatch(error) else _OTHER_ERROR)


def read_parameter(parameters: Parameters, name: str, form: re.Pattern[str]) -> str:
    """Read the one parameter of a link of our own; unknown ones are let pass. Raises CallbackRefused."""
    return _fitting(_single(parameters), name, form)


def read_answer(body: str | None, allowed: Collection[str]) -> str:
    """Read what the form of our own page was answered with. Raises CallbackRefused."""
    form = parse_qs(body or "", keep_blank_values=True) if len(body or "") <= _LONGEST_FORM else {}
    answer = form.get(ANSWER, [""])
    if len(form) != 1 or len(answer) != 1 or answer[0] not in allowed:
        raise CallbackRefused("the form is not our own")
    return answer[0]


def _single(parameters: Parameters) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, values in (parameters or {}).items():
        if len(values) != 1:
            raise CallbackRefused("a parameter is repeated")
        query[name] = values[0]
    if len(query) > _MOST or sum(len(name) + len(value) for name, value in query.items()) > _LONGEST:
        raise CallbackRefused("the query is too long")
    return query


def _fitting(query: Mapping[str, str], name: str, form: re.Pattern[str]) -> str:
    value = query.get(name, "")
    if not form.fullmatch(value):
        raise CallbackRefused(f"{name} is missing or malformed")
    return value
