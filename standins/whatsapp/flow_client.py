"""A form on a citizen's phone: opened from a message, filled in screen by screen, closed.

Written from Meta's description of the data exchange and from what WhatsApp's own web client does: the phone waits ten
seconds for an answer; at 421 it fetches the public key again and tries again; at 427 it closes the form and shuts
the message's button; it checks what a screen is sent by the screen's schema, and where it leads by the routing model;
what went wrong it reports to the endpoint in its own request. Not documented, so ours: that the answer to INIT may
be any screen.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key

from standins.whatsapp import flow_json, inbound
from standins.whatsapp.flow_channel import NotReadable, PhoneChannel
from standins.whatsapp.flows import KEY_BITS
from standins.whatsapp.phones import Message
from standins.whatsapp.webhooks import signature

if TYPE_CHECKING:
    from standins.world import World

_PATIENCE_SECONDS = 10.0
_RETRY_AFTER_SECONDS = 0.5
_SUCCESS = "SUCCESS"

WENT_WRONG = "Something went wrong. Try again later."
NO_LONGER = "This form can no longer be opened."
CANNOT_OPEN = "Update WhatsApp to open this form."


class FormRefused(Exception):
    """The form, or what is done with it, is not there; the message says why."""


@dataclass
class OpenForm:
    """A form on the screen of a phone."""

    id: str
    number: str
    message: Message
    form: Mapping[str, Any]
    endpoint: str
    token: str
    screen: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was entered, by screen."""
    before: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """The screens that *back* leads to, with their data."""
    is_open: bool = True
    snackbar: str = ""
    dialog: str = ""
    """What WhatsApp says in its own window."""

    def to_json(self) -> dict[str, Any]:
        """Return what is seen, as the HTTP face shows it."""
        return {
            "id": self.id,
            "message": self.message.index,
            "open": self.is_open,
            "screen": self._screen() if self.is_open and self.screen else None,
            "snackbar": self.snackbar,
            "dialog": self.dialog,
        }

    def _screen(self) -> dict[str, Any]:
        screen = flow_json.screen_of(self.form, self.screen)
        values = self.values.get(self.screen, {})
        return {
            "id": self.screen,
            "title": flow_json.filled(screen.get("title", ""), self.data, values),
            "components": [
                {"index": index, **flow_json.filled(_shown(one), self.data, values)}
                for index, one in enumerate(screen["layout"]["children"])
            ],
            "values": {name: value for name, value in values.items() if name not in screen.get("sensitive", ())},
            "back": bool(self.before),
        }


def _shown(component: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in component.items() if not name.startswith("on-")}


class OpenForms:
    """All forms that are open on phones, and what they send."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._open: dict[str, OpenForm] = {}
        self._another_key: RSAPublicKey | None = None

    def open(self, number: str, index: int) -> OpenForm:
        """Open the form of a message. Raises FormRefused where there is none, or where its button is shut."""
        with self._world.lock:
            chat = self._world.phones.at(number).messages
            message = chat[index] if 0 <= index < len(chat) else None
            if message is None or message.form is None:
                raise FormRefused("that message has no form")
            parameters = message.interactive["action"]["parameters"]
            flow = self._world.flows.by_id[message.flow_id]
            opened = OpenForm(
                secrets.token_hex(8), number, message, message.form, flow.endpoint_uri, parameters["flow_token"]
            )
            is_alive = message.form in flow.published or parameters.get("mode") == "draft"
            if message.form_is_over or not is_alive or flow.status == "BLOCKED":
                opened.is_open, opened.dialog = False, NO_LONGER
                return opened
            self._open[opened.id] = opened
        if parameters.get("flow_action") == "data_exchange":
            self._ask(opened, {"action": "INIT"})
        else:
            payload = parameters["flow_action_payload"]
            self._show(opened, payload["screen"], payload.get("data", {}))
        return opened

    def at(self, number: str, form_id: str) -> OpenForm:
        """Return a form that was opened on that phone. Raises FormRefused."""
        found = self._open.get(form_id)
        if found is None or found.number != number:
            raise FormRefused("there is no such form on this phone")
        return found

    def act(self, opened: OpenForm, component: int, values: Mapping[str, Any]) -> None:
        """Tap a component (a footer or a link), after these values were entered. Raises FormRefused."""
        if not opened.is_open:
            raise FormRefused("the form is closed")
        screen = flow_json.screen_of(opened.form, opened.screen)
        children = screen["layout"]["children"]
        if not 0 <= component < len(children) or "on-click-action" not in children[component]:
            raise FormRefused("nothing there can be tapped")
        opened.values[opened.screen] = dict(values)
        wanting = flow_json.missing_inputs(screen, opened.data, values)
        if children[component]["type"] == "Footer" and wanting:
            raise FormRefused(f"the button stays grey until these are filled in: {', '.join(wanting)}")
        action = children[component]["on-click-action"]
        payload = flow_json.filled(action.get("payload", {}), opened.data, values)
        match action["name"]:
            case "data_exchange":
                self._ask(opened, {"action": "data_exchange", "screen": opened.screen, "data": payload})
            case "navigate":
                self._go(opened, action["next"]["name"], payload)
            case "complete":
                self._complete(opened, payload)

    def back(self, opened: OpenForm) -> None:
        """Go back a screen, or leave the form from its first one."""
        if not opened.before:
            self.close(opened)
        elif flow_json.screen_of(opened.form, opened.screen).get("refresh_on_back"):
            self._ask(opened, {"action": "BACK", "screen": opened.screen, "data": {}})
        else:
            opened.screen, opened.data = opened.before.pop()

    def close(self, opened: OpenForm) -> None:
        """Leave the form; nobody is told."""
        opened.is_open = False

    # --- what is sent, and its outcome -------------------------------------------------------------------------------

    def _ask(self, opened: OpenForm, request: Mapping[str, Any]) -> None:
        opened.snackbar = opened.dialog = ""
        try:
            answer = self._exchange(opened, request)
        except _Failed as failed:
            opened.dialog = failed.told or WENT_WRONG
            if failed.closes or not opened.screen:
                opened.is_open = False
            if failed.closes:
                opened.message.form_is_over = True
            if failed.reported:
                self._report(opened, request, failed.reported)
            return
        screen, data = answer.get("screen"), answer.get("data", {})
        if not isinstance(screen, str) or not isinstance(data, dict):
            self._unusable(opened, request, "payload-schema-error")
        elif screen == _SUCCESS:
            self._complete(opened, data.get("extension_message_response", {}).get("params", {}))
        elif not self._is_allowed(opened, request, screen):
            self._unusable(opened, request, "invalid-screen-transition")
        elif flow_json.data_faults(flow_json.screen_of(opened.form, screen), data):
            self._unusable(opened, request, "payload-schema-error")
        else:
            self._arrive(opened, request, screen, data)

    def _is_allowed(self, opened: OpenForm, request: Mapping[str, Any], screen: str) -> bool:
        routes = opened.form.get("routing_model", {})
        match request["action"]:
            case "INIT":
                return screen in routes
            case "BACK":
                return screen in {opened.screen, *(name for name, _ in opened.before)}
        return screen == opened.screen or screen in routes.get(opened.screen, ())

    def _arrive(self, opened: OpenForm, request: Mapping[str, Any], screen: str, data: dict[str, Any]) -> None:
        opened.snackbar = str(data.pop("error_message", ""))
        if request["action"] == "BACK":
            while opened.before and opened.before[-1][0] != screen:
                opened.before.pop()
            if opened.before:
                opened.before.pop()
            self._show(opened, screen, data)
        elif screen == opened.screen:
            self._show(opened, screen, data)
        else:
            self._go(opened, screen, data)

    def _go(self, opened: OpenForm, screen: str, data: Mapping[str, Any]) -> None:
        if opened.screen:
            opened.before.append((opened.screen, opened.data))
        self._show(opened, screen, data)

    def _show(self, opened: OpenForm, screen: str, data: Mapping[str, Any]) -> None:
        opened.screen, opened.data = screen, data

    def _unusable(self, opened: OpenForm, request: Mapping[str, Any], kind: str) -> None:
        opened.dialog = WENT_WRONG
        opened.is_open = bool(opened.screen)
        self._report(opened, request, kind)

    def _complete(self, opened: OpenForm, parameters: Mapping[str, Any]) -> None:
        """Close the form and send what it ends with, in the clear, as WhatsApp does."""
        opened.is_open = False
        response = {"flow_token": opened.token, **parameters}
        if not self._world.faults.habit("form_token"):
            response.pop("flow_token")
        reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(response)}
        context = {"from": self._world.config.display_phone_number, "id": opened.message.id}
        body = {
            "context": context,
            "type": "interactive",
            "interactive": {"type": "nfm_reply", "nfm_reply": reply},
        }
        inbound.send(self._world, opened.number, body)

    def _exchange(self, opened: OpenForm, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the endpoint's answer, in the clear. Raises _Failed."""
        clear = self._clear(opened, request)
        key = self._cached_key()
        for is_last in (False, True):
            if key is None:
                raise _Failed("public-key-missing")
            channel = PhoneChannel()
            status, body = self._post(opened.endpoint, channel.request(clear, key))
            if status == 421 and not is_last:
                self._world.background.sleep(_RETRY_AFTER_SECONDS)
                with self._world.lock:
                    key = self._world.flows.key()
                continue
            return _understood(channel, status, body)
        raise AssertionError  # the second round always returns or raises

    def _cached_key(self) -> RSAPublicKey | None:
        """Return the key that the phone has; an older one, where the number's was changed since it asked."""
        if not self._world.faults.habit("form_key_current"):
            self._another_key = self._another_key or generate_private_key(65537, KEY_BITS).public_key()
            return self._another_key
        with self._world.lock:
            return self._world.flows.key()

    def _clear(self, opened: OpenForm, request: Mapping[str, Any]) -> dict[str, Any]:
        version = opened.form.get("data_api_version", "3.0")
        clear: dict[str, Any] = {"version": version, "flow_token": opened.token, **request}
        if version == "4.0":
            clear["flow_token_signature"] = token_signature(self._world.webhooks.app_secret, opened.token)
        if not self._world.faults.habit("form_token"):
            clear.pop("flow_token")
            clear.pop("flow_token_signature", None)
        return clear

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of an answer. Raises _Failed."""
        fault = self._world.faults.take("whatsapp", "form")
        if fault is not None and fault.delay:
            self._world.background.sleep(min(fault.delay, _PATIENCE_SECONDS))
            if fault.delay >= _PATIENCE_SECONDS:
                raise _Failed("timeout_error")
        if fault is not None and (fault.drop or fault.lost):
            raise _Failed("no_http_response_error")
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": signature(self._world.webhooks.app_secret, body),
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(url, body, headers=headers, timeout=_PATIENCE_SECONDS, allow_redirects=False)
        except requests.Timeout:
            raise _Failed("timeout_error") from None
        except requests.RequestException:
            raise _Failed("no_http_response_error") from None
        return answer.status_code, answer.content

    def _report(self, opened: OpenForm, request: Mapping[str, Any], kind: str) -> None:
        """Tell the endpoint what went wrong, in a request that nobody waits for."""
        report = {
            "action": request["action"],
            "screen": opened.screen,
            "data": {"error": kind, "error_message": f"the phone met {kind}"},
        }
        self._world.background.start(self._send_report, opened, report)

    def _send_report(self, opened: OpenForm, report: Mapping[str, Any]) -> None:
        with self._world.lock:
            key = self._world.flows.key()
        if key is None:
            return
        channel = PhoneChannel()
        try:
            self._post(opened.endpoint, channel.request(self._clear(opened, report), key))
        except _Failed:
            return

    def ping(self, url: str) -> bool:
        """Return whether an endpoint answers the health check, as Meta asks it before it publishes a form."""
        with self._world.lock:
            key = self._world.flows.key()
        if key is None:
            return False
        channel = PhoneChannel()
        try:
            status, body = self._post(url, channel.request({"version": "3.0", "action": "ping"}, key))
            answer = channel.answer(body)
        except (_Failed, NotReadable):
            return False
        return status == 200 and answer == {"data": {"status": "active"}}


class _Failed(Exception):
    """The endpoint gave no answer that a screen can be made of."""

    def __init__(self, reported: str = "", *, told: str = "", closes: bool = False) -> None:
        super().__init__(reported)
        self.reported = reported
        self.told = told
        self.closes = closes


def _understood(channel: PhoneChannel, status: int, body: bytes) -> dict[str, Any]:
    match status:
        case 200:
            try:
                return channel.answer(body)
            except NotReadable:
                raise _Failed("response-decryption-error") from None
        case 421:
            raise _Failed("business-decryption-error")
        case 427:
            try:
                told = channel.answer(body).get("error_msg", "") if body else ""
            except NotReadable:
                told = ""
            raise _Failed(told=str(told) or NO_LONGER, closes=True)
    raise _Failed("unexpected_http_status_code")


def token_signature(app_secret: str, token: str) -> str:
    """Return the proof that a request is about the message with that token: a JWT, by the app's secret."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"flow_token": token}]
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_base64url(hmac.new(app_secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
