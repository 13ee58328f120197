"""Puts the switched faults between a call and its answer."""

import json
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

from flask import Response, g, make_response, request

from standins import callers
from standins.background import Background
from standins.faults import Fault, Faults
from standins.wrappings import Wrapping, wrapped

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

type Documented = Callable[[str | int], Response]
"""Makes the documented answer for an error code."""

_DROP = "standins.drop"


def switched(
    faults: Faults, background: Background, service: str, endpoint: str, documented: Documented
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Decorate a view so that the faults of its endpoint hold for it."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            fault = faults.take(service, endpoint)
            if fault is None:
                return make_response(view(*args, **kwargs))
            if fault.delay:
                background.sleep(fault.delay)
            g.flaw = fault.flaw
            response = make_response(view(*args, **kwargs)) if fault.after or not fault.answers else None
            if fault.stall:
                background.sleep(fault.stall)
            response = _answer(fault, documented) if response is None or fault.answers else response
            return _cut(wrapped(response, Wrapping(fault.wrap)) if fault.wrap else response, fault)

        return answer

    return decorate


def _answer(fault: Fault, documented: Documented) -> Response:
    if fault.kill:
        callers.kill(int(request.environ["REMOTE_PORT"]), int(request.environ["SERVER_PORT"]))
    if fault.drop or fault.kill:
        request.environ[_DROP] = True
        return Response(status=500)
    if fault.error is not None and fault.status is None and fault.body is None:
        return documented(fault.error)
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status or 500, content_type=fault.content_type or "text/html; charset=utf-8")
    body = fault.body
    if body is None:
        body = documented(fault.error).get_json() if fault.error is not None else {}
    return Response(json.dumps(body), fault.status or 500, content_type=fault.content_type or "application/json")


def _cut(response: Response, fault: Fault) -> Response:
    return response if fault.truncate is None else cut(response, fault.truncate)


def cut(response: Response, length: int) -> Response:
    """Shorten the body to `length` bytes while Content-Length still promises all of it."""
    whole = response.get_data()
    response.set_data(whole[:length])
    response.headers["Content-Length"] = str(len(whole))
    return response


def flaw() -> str | None:
    """Return the flaw that the document of this call is to have, or None for its own."""
    switched_on: str | None = g.get("flaw")
    return switched_on


def is_dropped() -> bool:
    """Return whether this call gets no answer at all."""
    return _DROP in request.environ


def dropping(app: "WSGIApplication") -> "WSGIApplication":
    """Wrap an application so that dropped calls end in a closed connection."""

    def run(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = app(environ, start_response)
        if environ.get(_DROP):
            # The server has sent nothing yet, and closes quietly on an error of the connection.
            raise ConnectionAbortedError("dropped on purpose")
        return body

    return run
