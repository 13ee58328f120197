"""What happens to a message after the 200: its link is fetched, and its statuses go out."""

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests

from standins.whatsapp import limits
from standins.whatsapp.errors import GraphError
from standins.whatsapp.phones import Media, Message, Phone, Status

if TYPE_CHECKING:
    from standins.world import World

_ORDERS: dict[str, tuple[Status, ...]] = {
    "in-order": ("sent", "delivered", "read"),
    "reversed": ("read", "delivered", "sent"),
    "duplicated": ("sent", "sent", "delivered", "delivered", "read", "read"),
    "skip-delivered": ("sent", "read"),
    "none": (),
    "early": ("read",),
}
_EARLY: tuple[Status, ...] = ("sent", "delivered")
_CHUNK = 64 * 1024
_HEADERS = {"User-Agent": "WhatsApp/2.0 facebookexternalua", "Accept": "*/*", "Accept-Encoding": "identity"}


class Delivery:
    """Delivers accepted messages in the background."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._cache: dict[str, tuple[float, Media]] = {}
        self._sent: Counter[tuple[int, ...]] = Counter()
        """Messages of each month."""

    def start(self, phone: Phone | None, message: Message, recipient: str) -> None:
        """Begin, when the call is about to be answered. No phone: the number is not on WhatsApp."""
        if phone is not None and self._world.faults.status_order == "early":
            for status in _EARLY:
                self._report(phone, message, status)
        self._world.background.start(self._run, phone, message, recipient)

    def _run(self, phone: Phone | None, message: Message, recipient: str) -> None:
        delay = self._world.config.status_delay
        if not self._world.background.sleep(delay) or self._is_unpaid():
            return
        error = self._obstacle(phone, message)
        if error is not None:
            self._fail(message, error, phone, recipient)
            return
        assert phone is not None  # noqa: S101 - a number without a phone is an obstacle
        order = _ORDERS[self._world.faults.status_order]
        if not order:
            with self._world.lock:
                message.advance("delivered")
        for status in order:
            self._report(phone, message, status)
            if not self._world.background.sleep(delay):
                return

    def _is_unpaid(self) -> bool:
        """Return whether a message was accepted and is never delivered, without a word: nobody pays for it."""
        with self._world.lock:
            month = time.gmtime(self._world.clock.now())[:2]
            self._sent[month] += 1
            is_free = self._sent[month] <= self._world.config.free_messages
            return not is_free and not self._world.faults.habit("payment_method")

    def _obstacle(self, phone: Phone | None, message: Message) -> GraphError | None:
        fault = self._world.faults.take("whatsapp", "delivery")
        if fault is not None and fault.delay:
            self._world.background.sleep(fault.delay)
        if fault is not None and isinstance(fault.error, int):
            return GraphError(fault.error)
        if phone is None:
            return GraphError(131026)
        config = self._world.config
        if config.window_refusal == "status" and message.type != "template" and not self._world.window_open(phone):
            return GraphError(131047)
        if message.form is not None and not self._world.faults.habit("form_support"):
            return GraphError(131026)
        found = limits.media_of(message.raw)
        if found is None or "link" not in found[1]:
            return None
        try:
            media = self._fetch(found[1]["link"], found[0])
        except GraphError as error:
            return error
        with self._world.lock:
            message.media = media
        return None

    def _fetch(self, url: str, kind: str) -> Media:
        """Return what the link leads to, from the cache if it was fetched less than ten minutes ago. Raises 131053."""
        now = self._world.clock.now()
        with self._world.lock:
            fetched_at, media = self._cache.get(url, (0.0, None))
        if media is not None and now - fetched_at < self._world.config.link_cache_seconds:
            return media
        fault = self._world.faults.take("whatsapp", "fetch")
        if fault is not None and fault.delay:
            self._world.background.sleep(fault.delay)
        if fault is not None and fault.status is not None:
            raise _not_fetched(f"failed with http code {fault.status}")
        media = self._download(url, limits.MEDIA_TYPES[kind], kind)
        with self._world.lock:
            self._cache[url] = (now, media)
        return media

    def _download(self, url: str, allowed: dict[str, int], kind: str) -> Media:
        """GET the link anonymously; what is not answered with 200 at once, without a redirect, has failed."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.get(
                    url, headers=_HEADERS, timeout=self._world.config.fetch_timeout, allow_redirects=False, stream=True
                ) as answer:
                    return self._read(answer, allowed, kind)
        except requests.RequestException:
            # The wording for this case is ours: what Meta says is not known.
            raise _not_fetched("failed: no answer") from None

    def _read(self, answer: requests.Response, allowed: dict[str, int], kind: str) -> Media:
        if answer.status_code != 200:
            raise _not_fetched(f"failed with http code {answer.status_code}")
        media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in allowed:
            wanted = ", ".join(allowed)
            raise GraphError(131053, f"Unsupported {kind.title()} mime type {media_type}. Please use one of: {wanted}.")
        content = bytearray()
        for chunk in answer.iter_content(_CHUNK):
            content += chunk
            if len(content) > allowed[media_type]:
                most = allowed[media_type]
                raise GraphError(131053, f"Media file size too big. Max file size supported: {most} bytes.")
        return Media(bytes(content), media_type, self._world.clock.now())

    def _report(self, phone: Phone, message: Message, status: Status) -> None:
        with self._world.lock:
            message.advance(status)
            value = self._status(phone, message, status)
        self._world.webhooks.deliver(value)

    def _fail(self, message: Message, error: GraphError, phone: Phone | None, recipient: str) -> None:
        with self._world.lock:
            message.advance("failed")
            message.error = error.in_status()
            value = self._status(phone, message, "failed", recipient)
            value["statuses"][0]["errors"] = [error.in_status()]
        self._world.webhooks.deliver(value)

    def _status(self, phone: Phone | None, message: Message, status: Status, recipient: str = "") -> dict[str, Any]:
        reported: dict[str, Any] = {"id": message.id, "status": status, "timestamp": str(int(self._world.clock.now()))}
        identity = self._world.config.identity
        wa_id = phone.number if phone is not None else recipient
        contact: dict[str, Any] = {}
        if identity in {"legacy", "2026"}:
            reported["recipient_id"] = contact["wa_id"] = wa_id
        elif identity == "username-empty":
            reported["recipient_id"] = contact["wa_id"] = ""
        if phone is not None and identity != "legacy":
            reported["recipient_user_id"] = contact["user_id"] = phone.user_id
        if "biz_opaque_callback_data" in message.raw:
            reported["biz_opaque_callback_data"] = message.raw["biz_opaque_callback_data"]
        if status in {"sent", "delivered"}:
            reported["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
        if status == "failed":
            # Documents say that failed has no contacts; in real webhooks it has this much.
            contact.pop("user_id", None)
        value: dict[str, Any] = {"statuses": [reported]}
        if contact:
            value = {"contacts": [contact], **value}
        return value


def _not_fetched(how: str) -> GraphError:
    return GraphError(131053, f"Downloading media from weblink {how}")
