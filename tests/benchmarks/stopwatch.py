"""The deployed function under a stopwatch: says in its log when it ran, and when each of its calls did.

Put beside `app.py` by `waterfall.py`, as the function's handler in its place; imports nothing of this project but that.
"""

import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

import boto3

FUNCTION = os.environ["POWERTOOLS_SERVICE_NAME"]
MARK = "stopwatch"

calls: list[tuple[str, float, float]] = []


def _begins(context: dict[str, Any], **_: Any) -> None:
    context[MARK] = time.time()


def _ends(model: Any, context: dict[str, Any], **_: Any) -> None:
    calls.append((f"{model.service_model.service_name} {model.name}", context[MARK], time.time()))


boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-call", _begins)
boto3.DEFAULT_SESSION.events.register("after-call", _ends)

if FUNCTION == "document":
    from requests.adapters import HTTPAdapter

    _send = HTTPAdapter.send

    def _timed(self: HTTPAdapter, request: Any, **options: Any) -> Any:
        began = time.time()
        try:
            return _send(self, request, **options)
        finally:
            path = urlsplit(request.url).path
            whose = "whatsapp" if path.startswith("/graph/") else "digilocker"
            calls.append((f"{whose} {request.method}", began, time.time()))

    HTTPAdapter.send = _timed  # type: ignore[assignment]

import app  # type: ignore[import-not-found]  # noqa: E402 - its clients are to be built under the stopwatch


def lambda_handler(event: dict[str, Any], context: object) -> Any:
    """Run the function, and say when what happened."""
    calls.clear()
    began = time.time()
    try:
        return app.lambda_handler(event, context)
    finally:
        print(json.dumps({MARK: FUNCTION, "began": began, "ended": time.time(), "calls": calls}))
