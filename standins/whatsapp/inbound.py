"""What a citizen does on her phone, and the webhook that Meta makes of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from standins.whatsapp.phones import Message, Phone, message_id

if TYPE_CHECKING:
    from standins.world import World


class NothingToTap(LookupError):
    """No button and no row has that id or title; `choices` are what there is, the newest first."""

    def __init__(self, choices: list[dict[str, str]]) -> None:
        super().__init__("there is nothing of that name to tap")
        self.choices = choices


def text(body: str) -> dict[str, Any]:
    """Return the message of a citizen who types."""
    return {"type": "text", "text": {"body": body}}


def tap(world: "World", number: str, wanted: str) -> dict[str, Any]:
    """Return the message of a citizen who taps a button or a row, by its id or else its title. Raises NothingToTap."""
    with world.lock:
        taps = world.phones.at(number).taps()
    for key in ("id", "title"):
        for message, choice in taps:
            if choice[key] == wanted:
                return _tapped(world, message, choice)
    choices = list({choice["id"]: {"id": choice["id"], "title": choice["title"]} for _, choice in taps}.values())
    raise NothingToTap(choices)


def _tapped(world: "World", message: Message, choice: Mapping[str, str]) -> dict[str, Any]:
    reply = {key: value for key, value in choice.items() if value or key != "description"}
    kind = "list_reply" if "description" in choice else "button_reply"
    return {
        "context": {"from": world.config.display_phone_number, "id": message.id},
        "type": "interactive",
        "interactive": {"type": kind, kind: reply},
    }


def send(world: "World", number: str, body: Mapping[str, Any]) -> tuple[str, int | None]:
    """Put a message into the chat and deliver its webhook; return its wamid and the status of the answer.

    `body` is a message without what all have in common; where it has that, its own wins (an old timestamp, an id seen
    before).
    """
    with world.lock:
        phone = world.phones.at(number)
        now = world.clock.now()
        common = {"id": message_id(number, inbound=True), "timestamp": str(int(now))}
        raw = {**_identity(world, phone), **common, **body}
        known = world.phones.inbound(str(raw["id"]))
        message = phone.add("citizen", str(raw["id"]), now, raw) if known is None else known[1]
        world.phones.remember_inbound(phone, message)
        world.rates.count(now)
        written_at = _timestamp(raw["timestamp"], now)
        phone.last_heard = max(phone.last_heard or written_at, written_at)
        message.advance("sent")
        value: dict[str, Any] = {"messages": [raw]}
        if raw.get("type") != "system":  # those come without contacts
            value = {"contacts": [_contact(world, phone)], **value}
    field = "standby" if world.faults.habit("business_agent") else "messages"
    status = world.webhooks.deliver(value, field=field)
    if status == 200:
        with world.lock:
            message.advance("delivered")
    return message.id, status


def _timestamp(value: object, otherwise: float) -> float:
    try:
        return float(str(value))
    except ValueError:
        return otherwise


def _identity(world: "World", phone: Phone) -> dict[str, str]:
    match world.config.identity:
        case "legacy":
            return {"from": phone.number}
        case "2026":
            return {"from": phone.number, "from_user_id": phone.user_id}
        case "username":
            return {"from_user_id": phone.user_id}
        case "username-empty":
            return {"from": "", "from_user_id": phone.user_id}


def _contact(world: "World", phone: Phone) -> dict[str, Any]:
    identity = world.config.identity
    contact: dict[str, Any] = {}
    if not world.faults.habit("bare_contacts"):
        contact["profile"] = {"name": phone.name}
        if identity in {"username", "username-empty"}:
            contact["profile"]["username"] = phone.username
    if identity in {"legacy", "2026"}:
        contact["wa_id"] = phone.number
    elif identity == "username-empty":
        contact["wa_id"] = ""
    if identity != "legacy":
        contact["user_id"] = phone.user_id
    return contact
