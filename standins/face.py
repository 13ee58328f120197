"""The HTTP face for people and tests: phones, SMS, faults, calls, chat page. The package's docstring lists it."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Response, jsonify, request

from standins import transcripts
from standins.events import Events
from standins.faults import UnknownFault
from standins.preview import first_page
from standins.switches import UnknownSwitch
from standins.whatsapp import inbound
from standins.whatsapp.limits import TEXT_BODY
from standins.whatsapp.phones import Media
from standins.world import World

_PAGE = Path(__file__).parent / "page"
_DESCRIPTION = Path(__file__).parent / "openapi" / "openapi.yaml"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ASSETS = {path.name: _TYPES[path.suffix] for path in _PAGE.iterdir() if path.suffix in _TYPES}
_NUMBER = re.compile(r"\+?(\d{8,15})", re.ASCII)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class BadRequest(Exception):
    """The caller asked for something that makes no sense; the message says what."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Face:
    """The views; `blueprint()` says which path leads to which."""

    def __init__(self, world: World) -> None:
        self._world = world

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the root."""
        routes = Blueprint("face", __name__)
        for path, view, method in (
            ("/", self.page, "GET"),
            ("/page/<name>", self.asset, "GET"),
            ("/openapi.json", self.description, "GET"),
            ("/citizens", self.citizens, "GET"),
            ("/conversations", self.conversations, "GET"),
            ("/conversations/<name>", self.conversation, "GET"),
            ("/phones/<number>", self.phone, "GET"),
            ("/phones/<number>/messages", self.messages, "GET"),
            ("/phones/<number>/messages", self.send, "POST"),
            ("/phones/<number>/documents/<int:index>", self.document, "GET"),
            ("/phones/<number>/documents/<int:index>/preview", self.preview, "GET"),
            ("/phones/<number>/sms", self.sms, "GET"),
            ("/phones/<number>/events", self.events, "GET"),
            ("/phones/<number>/journal", self.journal, "GET"),
            ("/phones/<number>/backstage", self.backstage, "GET"),
            ("/faults", self.faults, "GET"),
            ("/faults", self.set_faults, "POST"),
            ("/faults", self.reset_faults, "DELETE"),
            ("/switches", self.switches, "GET"),
            ("/switches", self.set_switches, "POST"),
            ("/calls", self.calls, "GET"),
            ("/calls", self.forget_calls, "DELETE"),
            ("/clock", self.move_clock, "POST"),
        ):
            routes.add_url_rule(path, view.__name__, view, methods=[method])
        routes.register_error_handler(BadRequest, lambda error: (jsonify(error=str(error)), error.status))
        return routes

    # The page

    def page(self) -> Response:
        return self.asset("page.html")

    def asset(self, name: str) -> Response:
        if name not in _ASSETS:
            raise BadRequest("the page has no such part", 404)
        response = Response((_PAGE / name).read_bytes(), content_type=_ASSETS[name])
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-cache"
        return response

    def description(self) -> Response:
        return jsonify(yaml.safe_load(_DESCRIPTION.read_text(encoding="utf-8")))

    def conversations(self) -> Response:
        return jsonify(transcripts.listed())

    def conversation(self, name: str) -> Response:
        found = transcripts.transcript(name)
        if found is None:
            raise BadRequest("there is no conversation of that name", 404)
        return jsonify(found)

    # People

    def citizens(self) -> Response:
        return jsonify(
            [
                {
                    "phone": one.phone,
                    "mobile": one.mobile,
                    "name": one.name,
                    "aadhaar": one.aadhaar,
                    "vid": one.vid,
                    "on_aadhaar": {"name": one.aadhaar_name or one.name, "born": one.born, "gender": one.gender},
                    "username": one.username,
                    "good_for": one.good_for,
                    "documents": [document.name for document in one.issued],
                }
                for one in self._world.citizens
            ]
        )

    def phone(self, number: str) -> Response:
        number = _digits(number)
        with self._world.lock:
            phone = self._world.phones.at(number)
            typing = phone.typing_until > self._world.clock.now()
            return jsonify(number=number, typing=typing, window_open=self._world.window_open(phone))

    def messages(self, number: str) -> Response:
        number = _digits(number)
        first = max(_after("the index of a message") + 1, 0)
        with self._world.lock:
            chat = self._world.phones.at(number).messages
            return jsonify([message.to_json(number) for message in chat[first:]])

    def send(self, number: str) -> tuple[Response, int]:
        number = _digits(number)
        given = _body()
        try:
            body = self._message(number, given)
        except inbound.NothingToTap as nothing:
            return jsonify(error=str(nothing), taps=nothing.choices), 404
        wamid, status = inbound.send(self._world, number, body)
        return jsonify(id=wamid, delivered=status), 200 if status == 200 else 202

    def _message(self, number: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        match given:
            case {"text": str(text)} if text.strip() and len(text) <= TEXT_BODY:
                return inbound.text(text)
            case {"tap": str(wanted)}:
                return inbound.tap(self._world, number, wanted)
            case {"send": {"type": str()} as raw}:
                return dict(raw)
            case _:
                raise BadRequest('expected {"text": "..."}, {"tap": "id or title"} or {"send": {"type": "...", ...}}')

    def document(self, number: str, index: int) -> Response:
        media, shown = self._fetched(number, index)
        response = Response(media.content, content_type=media.media_type)
        response.headers.set("Content-Disposition", "inline", filename=shown["filename"])
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def preview(self, number: str, index: int) -> Response:
        media, _ = self._fetched(number, index)
        picture = first_page(media.content) if media.media_type == "application/pdf" else None
        if picture is None:
            raise BadRequest("that document is no PDF, or a damaged one", 404)
        return Response(picture, content_type="image/png", headers={"Cache-Control": "max-age=600"})

    def _fetched(self, number: str, index: int) -> tuple[Media, Mapping[str, Any]]:
        number = _digits(number)
        with self._world.lock:
            chat = self._world.phones.at(number).messages
            message = chat[index] if index < len(chat) else None
            shown = message.to_json(number)["document"] if message is not None else None
            media = message.media if message is not None else None
        if media is None or shown is None:
            raise BadRequest("that message has no document, or it was not fetched", 404)
        return media, shown

    def sms(self, number: str) -> Response:
        with self._world.lock:
            return jsonify([sms.to_json() for sms in self._world.sms.of(_digits(number))])

    def events(self, number: str) -> Response:
        number = _digits(number)
        mobile = request.args.get("sms")
        events = Events(self._world, number, _digits(mobile) if mobile else None)

        def written() -> Iterator[str]:
            for name, value in events:
                yield f"event: {name}\ndata: {json.dumps(value)}\n\n"

        return Response(written(), content_type="text/event-stream", headers={"Cache-Control": "no-store"})

    # Behind the scenes

    def journal(self, number: str) -> Response:
        return jsonify(self._world.journal.of(_digits(number), _after("the id of an entry")))

    def backstage(self, number: str) -> Response:
        number = _digits(number)
        backstage = self._world.backstage
        if backstage is None:
            return jsonify(None)
        since = request.args.get("since", "0")
        if not re.fullmatch(r"\d{1,12}(\.\d{1,9})?", since):
            raise BadRequest("since is a time in seconds since 1970")
        with self._world.lock:
            phone = self._world.phones.at(number)
        person = phone.number if self._world.config.identity == "legacy" else phone.user_id
        return jsonify(backstage.look(person, float(since)))

    # Switches and records

    def switches(self) -> Response:
        return jsonify(self._world.switches.to_json())

    def set_switches(self) -> Response:
        for name, on in _body().items():
            try:
                self._world.switches.set(name, on=on is True)
            except UnknownSwitch as unknown:
                raise BadRequest(str(unknown)) from None
        return self.switches()

    def faults(self) -> Response:
        return jsonify(self._world.faults.to_json())

    def set_faults(self) -> Response:
        try:
            self._world.faults.set(_body())
        except UnknownFault as unknown:
            raise BadRequest(str(unknown)) from None
        return self.faults()

    def reset_faults(self) -> Response:
        self._world.faults.reset()
        self._world.switches.reset()
        with self._world.lock:
            self._world.accounts.otps.forget_flooding()
        return self.faults()

    def calls(self) -> Response:
        with self._world.lock:
            return jsonify([call.to_json() for call in self._world.calls])

    def forget_calls(self) -> Response:
        with self._world.lock:
            self._world.calls.clear()
        return jsonify([])

    def move_clock(self) -> Response:
        seconds = _body().get("advance")
        if not isinstance(seconds, int | float) or not 0 <= seconds < 1e9:
            raise BadRequest("advance is a number of seconds, not negative")
        self._world.clock.advance(seconds)
        return jsonify(now=self._world.clock.now())


def _digits(number: str) -> str:
    match = _NUMBER.fullmatch(number)
    if match is None:
        raise BadRequest("a phone number is 8 to 15 digits with its country code, such as 919000000001", 404)
    return match[1]


def _after(what: str) -> int:
    after = request.args.get("after", "-1")
    if not re.fullmatch(r"-?\d{1,9}", after):
        raise BadRequest(f"after is {what}")
    return int(after)


def _body() -> Mapping[str, Any]:
    """Return the JSON object of the call. Only application/json: no other web page may send that here unasked."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest("expected a JSON object, sent as application/json")
    return body
