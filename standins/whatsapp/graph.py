"""The Graph API's endpoints: messages, read and typing, media; and what an operator sets up, by `BusinessApi`."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from standins.interference import switched
from standins.whatsapp import limits
from standins.whatsapp.business import BusinessApi
from standins.whatsapp.errors import GraphError, invalid, missing, no_such_object
from standins.whatsapp.flow_api import FlowApi
from standins.whatsapp.flows import Flow
from standins.whatsapp.phones import TYPING_SECONDS, Media, Message, Phone, message_id
from standins.world import World

_VERSION = re.compile(r"v\d{1,2}\.\d")
_LOOKS_LIKE_A_NUMBER = re.compile(r"\d{8,15}")
_READ_WITHIN = 30 * 24 * 3600.0
_MEDIA_LIVES = 30 * 24 * 3600.0
_URL_LIVES = 5 * 60.0
_BY_THE_APP = frozenset({"subscriptions", "debug_token"})
"""What is asked for in the app's own name, and not in a system user's."""

_SIGNED_ADDRESSES = frozenset({"flow_download"})
"""What anybody may read who has the address."""


class GraphApi:
    """The views; `blueprint()` says which path leads to which."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config
        self._business = BusinessApi(world)
        self._flows = FlowApi(world)
        self._urls: dict[str, tuple[float, str]] = {}

    def blueprint(self) -> Blueprint:
        """Return the routes, to be mounted at the Graph API's base."""
        routes = Blueprint("graph", __name__)
        for path, endpoint, view, method in (
            ("/<version>/<owner>/messages", "messages", self.messages, "POST"),
            ("/<version>/<owner>/media", "media", self.upload, "POST"),
            ("/<version>/<media_id>", "media_get", self.media, "GET"),
            ("/<version>/<media_id>", "media_delete", self.delete_media, "DELETE"),
            ("/downloads/<key>", "download", self.download, "GET"),
            ("/<version>/<owner>/settings", "settings", _as_json(self._business.settings), "GET"),
            ("/<version>/<owner>/subscribed_apps", "subscribed_apps", _as_json(self._business.subscribed_apps), "GET"),
            ("/<version>/<owner>/subscribed_apps", "subscribed_apps", _as_json(self._business.subscribe_app), "POST"),
            ("/<version>/<owner>/subscriptions", "subscriptions", _as_json(self._business.subscriptions), "GET"),
            ("/<version>/<owner>/subscriptions", "subscriptions", _as_json(self._business.subscribe), "POST"),
            *self._flow_routes(),
            ("/<version>/debug_token", "debug_token", _as_json(self._business.debug_token), "GET"),
        ):
            routes.add_url_rule(path, f"{method} {path}", self._answering(endpoint, view), methods=[method])
        return routes

    def _flow_routes(self) -> list[tuple[str, str, Callable[..., Response], str]]:
        views = self._flows
        key, flows = "/<version>/<owner>/whatsapp_business_encryption", "/<version>/<owner>/flows"
        return [
            (key, "encryption", _as_json(views.encryption), "GET"),
            (key, "encryption", _as_json(views.set_key), "POST"),
            (flows, "flows", _as_json(views.listed), "GET"),
            (flows, "flows", _as_json(views.create), "POST"),
            ("/<version>/<flow_id>", "flows", _as_json(views.update), "POST"),
            ("/<version>/<flow_id>/assets", "flows", _as_json(views.assets), "GET"),
            ("/<version>/<flow_id>/assets", "flows", _as_json(views.upload), "POST"),
            ("/downloads/flows/<flow_id>", "flow_download", _as_json(views.download), "GET"),
            ("/<version>/<flow_id>/publish", "flows", _as_json(views.publish), "POST"),
            ("/<version>/<flow_id>/deprecate", "flows", _as_json(views.deprecate), "POST"),
        ]

    def _answering(self, endpoint: str, view: Callable[..., Response]) -> Callable[..., Response]:
        """Turn refusals into error bodies, check token and version, and let the endpoint's switched faults hold."""

        def refuse(error: GraphError) -> Response:
            response = _json(error.body(), error.status)
            if error.code == 190:
                response.headers["WWW-Authenticate"] = (
                    'OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token."'
                )
            return response

        @wraps(view)
        def answer(version: str | None = None, **path: str) -> Response:
            try:
                self._check_version(version)
                if endpoint not in _SIGNED_ADDRESSES:
                    self._check_token(by_the_app=endpoint in _BY_THE_APP)
                response = view(**path)
            except GraphError as error:
                response = refuse(error)
            response.headers["facebook-api-version"] = self._served(version)
            return response

        def documented(code: str | int) -> Response:
            return refuse(GraphError(int(code)))

        faulty = switched(self._world.faults, self._world.background, "whatsapp", endpoint, documented)(answer)
        if endpoint != "messages":
            return faulty
        # Marking as read has the same path as sending, but switches of its own.
        reading = switched(self._world.faults, self._world.background, "whatsapp", "read", documented)(answer)

        def by_body(**path: str) -> Response:
            body = request.get_json(silent=True)
            return (reading if isinstance(body, Mapping) and body.get("status") == "read" else faulty)(**path)

        return by_body

    def _check_version(self, version: str | None) -> None:
        if version is None:
            return
        if not _VERSION.fullmatch(version) or _number(version) > _number(self._config.graph_version):
            raise GraphError(2500, message=f"Unknown path components: /{version}", status=400)

    def _served(self, version: str | None) -> str:
        """Return the version that answers: one that is over is answered by the oldest that is left."""
        oldest = self._config.oldest_graph_version
        if version is None or not _VERSION.fullmatch(version):
            return oldest
        return max(version, oldest, key=_number)

    def _check_token(self, *, by_the_app: bool) -> None:
        expected = self._business.app_token() if by_the_app else self._world.access_token
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), expected.encode()):
            raise GraphError(190, message="Invalid OAuth access token - Cannot parse access token")
        if not by_the_app and self._business.token_expired():
            raise GraphError(190, subcode=463)
        if not by_the_app:
            self._check_proof(token)

    def _check_proof(self, token: str) -> None:
        """Check `appsecret_proof`: where it is given, and where the app demands it of every call in a user's name."""
        proof = request.args.get("appsecret_proof")
        if proof is None and self._world.business.requires_proof:
            raise GraphError(100, message="API calls from the server require an appsecret_proof argument")
        expected = hmac.new(self._config.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if proof is not None and not secrets.compare_digest(proof.encode(), expected.encode()):
            raise GraphError(100, message="Invalid appsecret_proof provided in the API argument")

    def _check_owner(self, owner: str) -> None:
        if owner != self._config.phone_number_id:
            raise no_such_object("post", owner)

    # Messages

    def messages(self, owner: str) -> Response:
        self._check_owner(owner)
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or body.get("messaging_product") != "whatsapp":
            raise missing("messaging_product")
        if body.get("status") == "read":
            return self._read(body)
        if body.get("recipient_type", "individual") != "individual":
            raise GraphError(100, message="(#100) Param recipient_type must be one of {INDIVIDUAL}.")
        return self._send(body)

    def _send(self, body: dict[str, Any]) -> Response:
        with self._world.lock:
            number, phone, contact = self._recipient(body)
            limits.check(body, self._config.list_body_limit)
            media = self._uploaded(body)
            now = self._world.clock.now()
            self._world.rates.check_throughput(now)
            self._world.rates.take_pair(number, now)
            self._world.rates.count(now)
            self._check_window(body, phone)
            flow = self._flow_of(body)
            wamid = message_id(number, inbound=False)
            if phone is None:
                message = Message(0, "desk", wamid, now, body)
            else:
                message = phone.add("desk", wamid, now, body)
                message.media = media
                if flow is not None:
                    message.flow_id, message.form = flow.id, _version_of(flow, body)
        self._world.delivery.start(phone, message, number)
        return _json({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]})

    def _recipient(self, body: Mapping[str, Any]) -> tuple[str, Phone | None, dict[str, str]]:
        """Return the number, its phone if on WhatsApp, and the answer's line about it. A number comes first."""
        to, user_id = body.get("to"), body.get("recipient")
        if isinstance(to, str) and to:
            number = self._dialled(to)
            if number == self._config.display_phone_number:
                raise GraphError(131021)
            allowed = self._config.allowed_recipients
            if allowed is not None and number not in allowed:
                raise GraphError(131030)
            phone = self._world.phones.at(number) if self._is_on_whatsapp(number) else None
            return number, phone, {"input": to, "wa_id": number}
        if isinstance(user_id, str) and user_id and self._config.identity != "legacy":
            phone = self._world.phones.with_user_id(user_id)
            template = body.get("template")
            if isinstance(template, Mapping) and template.get("category") == "authentication":
                raise GraphError(131062)
            number = phone.number if phone is not None else user_id
            return number, phone, {"input": user_id, "user_id": user_id}
        raise missing("to")

    def _dialled(self, to: str) -> str:
        """Return the digits that are dialled: without "+" the business's own country code is put before them."""
        digits = re.sub(r"[\s().-]", "", to)
        number = digits[1:] if digits.startswith("+") else f"{self._config.country_code}{digits}"
        if not number.isascii() or not number.isdigit():
            raise invalid("Recipient is not a valid phone number")
        return number

    def _is_on_whatsapp(self, number: str) -> bool:
        if not _LOOKS_LIKE_A_NUMBER.fullmatch(number):
            return False
        # An Indian number has ten digits behind its country code: more means that the code is there twice.
        return not number.startswith("91") or len(number) == 12

    def _check_window(self, body: Mapping[str, Any], phone: Phone | None) -> None:
        if body.get("type") == "template":
            # No template is registered here: whoever needs one has to send it to the real service.
            raise GraphError(132001)
        if phone is not None and self._config.window_refusal == "call" and not self._world.window_open(phone):
            raise GraphError(131047)

    def _flow_of(self, body: Mapping[str, Any]) -> Flow | None:
        """Return the form of a message, if it has one that may be sent."""
        if body.get("type") != "interactive" or body["interactive"].get("type") != "flow":
            return None
        parameters = body["interactive"]["action"]["parameters"]
        flow = self._world.flows.find(flow_id=parameters.get("flow_id", ""), name=parameters.get("flow_name", ""))
        if flow is None:
            raise invalid("Flow not found")
        if parameters.get("mode") == "draft":
            return flow
        status = self._flows.status(flow)
        if status == "BLOCKED":
            raise GraphError(132068)
        if status == "THROTTLED":
            raise GraphError(132069)
        if not flow.published:
            raise invalid("Flow is not published: mode must be draft")
        return flow

    def _uploaded(self, body: Mapping[str, Any]) -> Media | None:
        found = limits.media_of(body)
        if found is None or "id" not in found[1]:
            return None
        kind, content = found
        media = self._stored(content["id"])
        if media is None:
            raise invalid(f"{kind}['id'] is not the id of an uploaded media")
        if media.media_type not in limits.MEDIA_TYPES[kind]:
            raise invalid(f"{kind}['id'] is of the type {media.media_type}")
        return media

    def _read(self, body: Mapping[str, Any]) -> Response:
        with self._world.lock:
            found = self._world.phones.inbound(str(body.get("message_id", "")))
            now = self._world.clock.now()
            if found is None or now - found[1].at > _READ_WITHIN:
                raise invalid("Message ID is invalid")
            phone, message = found
            indicator = body.get("typing_indicator")
            if indicator is not None:
                if not isinstance(indicator, Mapping) or indicator.get("type") != "text":
                    raise invalid("typing_indicator['type'] must be text")
                phone.typing_until = now + TYPING_SECONDS
            for earlier in phone.messages[: message.index + 1]:
                if earlier.sender == "citizen":
                    earlier.advance("read")
        return _json({"success": True})

    # Media

    def upload(self, owner: str) -> Response:
        self._check_owner(owner)
        if request.form.get("messaging_product") != "whatsapp":
            raise missing("messaging_product")
        file = request.files.get("file")
        if file is None:
            raise missing("file")
        media_type = (file.mimetype or request.form.get("type", "")).lower()
        sizes = {name: size for kind in limits.MEDIA_TYPES.values() for name, size in kind.items()}
        if media_type not in sizes:
            names = ", ".join(sorted(sizes))
            raise GraphError(
                100,
                message=f"(#100) Param file must be a file with one of the following types: {names}. "
                f"Received file of type '{media_type}'.",
            )
        with file.stream:
            content = file.read()
        if not content:
            raise GraphError(100, message="(#100) Param file must not be empty.")
        if len(content) > sizes[media_type]:
            raise GraphError(
                131053, f"Media file size too big. Max file size we currently support: {sizes[media_type]} bytes."
            )
        media_id = str(10**15 + secrets.randbelow(9 * 10**15))
        with self._world.lock:
            self._world.uploads[media_id] = Media(content, media_type, self._world.clock.now())
        return _json({"id": media_id})

    def _stored(self, media_id: str) -> Media | None:
        media = self._world.uploads.get(media_id)
        if media is None or self._world.clock.now() - media.uploaded_at > _MEDIA_LIVES:
            return None
        return media

    def media(self, media_id: str) -> Response:
        if media_id == self._config.phone_number_id:
            number = {"id": media_id, "verified_name": "Help desk", "quality_rating": "GREEN"}
            asked = request.args.get("fields", "").split(",")
            return _json(number | ({"health_status": self._business.health()} if "health_status" in asked else {}))
        if self._flows.is_known(media_id):
            return _json(self._flows.one(media_id))
        self._check_asker()
        with self._world.lock:
            media = self._stored(media_id)
            if media is None:
                raise no_such_object("get", media_id)
            key = secrets.token_urlsafe(24)
            self._urls[key] = (self._world.clock.now() + _URL_LIVES, media_id)
        return _json(
            {
                "messaging_product": "whatsapp",
                "url": f"{request.url_root.rstrip('/')}/graph/downloads/{key}",
                "mime_type": media.media_type,
                "sha256": media.sha256,
                "file_size": len(media.content),
                "id": media_id,
            }
        )

    def delete_media(self, media_id: str) -> Response:
        if self._flows.is_known(media_id):
            return _json(self._flows.delete(media_id))
        self._check_asker()
        with self._world.lock:
            if self._world.uploads.pop(media_id, None) is None:
                raise no_such_object("delete", media_id)
        return _json({"success": True})

    def _check_asker(self) -> None:
        asker = request.args.get("phone_number_id")
        if asker is not None and asker != self._config.phone_number_id:
            raise no_such_object("get", asker)

    def download(self, key: str) -> Response:
        with self._world.lock:
            expires_at, media_id = self._urls.get(key, (0.0, ""))
            media = self._stored(media_id) if self._world.clock.now() < expires_at else None
        if media is None:
            return Response("Not found", 404, content_type="text/plain")
        return Response(media.content, content_type=media.media_type)


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=UTF-8")


def _as_json(view: Callable[..., dict[str, Any]]) -> Callable[..., Response]:
    @wraps(view)
    def answer(**path: str) -> Response:
        return _json(view(**path))

    return answer


def _number(version: str) -> tuple[int, int]:
    major, minor = version.removeprefix("v").split(".")
    return int(major), int(minor)


def _version_of(flow: Flow, body: Mapping[str, Any]) -> Mapping[str, Any]:
    is_draft = body["interactive"]["action"]["parameters"].get("mode") == "draft"
    return flow.draft if is_draft else flow.published[-1]
