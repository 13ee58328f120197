"""Conversations in DynamoDB: the state, the outbox, the list of documents.

The table's key is `conversation` + `part`:

    state        version, what the dialogue remembers, what is sealed, fingerprints of messages seen, and the outbox
    documents    the list of documents; deleted when she signs out, or expires soon after she falls silent

The state is written under a condition on its version. The outbox is a map in the same item, step -> entry, so that an
entry can be taken out without touching anything else. State, outbox and list change together or not at all.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from helpdesk.conversation.effects import FollowUp, Request, is_request
from helpdesk.conversation.model import Conversation, IssuedDocument, Stage
from helpdesk.errors import ConversationError, StorageError, VersionConflict
from helpdesk.storage.aws import DynamoDbClient, call
from helpdesk.storage.work import Lane
from helpdesk.structs import Value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef, UpdateTypeDef

KEPT_SECONDS = 8 * 24 * 3600
"""How long a silent conversation is remembered: a day longer than WhatsApp repeats a webhook."""
MOST_SEEN = 300
"""Fingerprints kept, of messages that were acted on: three times what the limits allow in a day. Older messages are too
late to be acted on anyway."""
LARGEST_LIST = 320_000
"""Bytes of a list of documents that are kept, some 1,500 documents. The rest of the 400 kB that an item may have is for
those that are brought in later."""
_BEING_QUEUED_SECONDS = 60
"""Longer than a call takes that writes an entry and then queues its job. SQS drops what is queued twice meanwhile."""
_TRIES = 5
"""How often a change of the outbox is tried that a transaction is in the way of."""
_DAY = 24 * 3600


class Entry(Value, frozen=True):
    """A step in the outbox: what DigiLocker is still to be asked, what else is to be done, and what both need."""

    step: str
    at: int
    order: int
    then: tuple[FollowUp, ...] = ()
    """What needs no answer. It is done once the request is answered, behind what follows from the answer."""
    sealed: Mapping[str, str] = msgspec.field(default_factory=dict)
    request: Request | None = None
    unsure: bool = False
    """The first of `then` may be done already: a reply that was sent and got no answer."""
    lane: Lane = Lane.WORK
    """Decided once, when the entry is made: whoever queues it again queues it there."""
    announced: bool = False
    """She has been told that it takes longer than usual."""

    @property
    def effects(self) -> tuple[Request | FollowUp, ...]:
        """All that is still to be done."""
        return (self.request, *self.then) if self.request else self.then

    def sealed_for(self, effects: Iterable[Request | FollowUp]) -> dict[str, str]:
        """Return the sealed values that some of the effects need."""
        return {name: self.sealed[name] for effect in effects for name in effect.needs}


class _StoredEntry(Value, frozen=True):
    """An entry as it is stored, under its step. Its request comes first among its effects."""

    at: int
    order: int
    effects: tuple[Request | FollowUp, ...]
    sealed: dict[str, str]
    unsure: bool = False
    lane: Lane = Lane.WORK
    announced: bool = False


class Person(Value, frozen=True):
    """Where replies go. Personal data: shown in no repr."""

    hidden = ("phone", "user_id", "message")

    phone: str | None = None
    user_id: str | None = None
    message: str | None = None
    """The id of her newest message, on which "typing" is shown. It holds her number, in base64."""


class Stored(Value, frozen=True):
    """A conversation as it was read, at `version`. Version 0 is one that was never written."""

    hidden = ("sealed",)

    id: str
    version: int = 0
    conversation: Conversation = msgspec.field(default_factory=Conversation)
    person: Person = msgspec.field(default_factory=Person)
    sealed: Mapping[str, str] = msgspec.field(default_factory=dict)
    seen: Mapping[str, int] = msgspec.field(default_factory=dict)
    outbox: tuple[Entry, ...] = ()
    fresh: bool = True
    """There is no item yet, or it is past its time: the outbox map has to be made."""
    written_at: int = 0
    """When the state was last written, in seconds since the epoch."""
    list_end: int = 0
    """When the list of documents ends, unless she writes again before."""

    def entry(self, step: str) -> Entry | None:
        """Return the outbox entry of a step, if it is still there."""
        return next((entry for entry in self.outbox if entry.step == step), None)

    def to_queue(self, steps: Collection[str]) -> tuple[Entry, ...]:
        """Return the entries of `steps`, and the oldest one before them: its job may never have got to the queue.

        Those of the last minute too: whoever wrote them may not have queued them yet, and they come first.
        """
        return tuple(
            entry
            for place, entry in enumerate(self.outbox)
            if place == 0 or entry.step in steps or self.written_at - entry.at < _BEING_QUEUED_SECONDS
        )


def pause_after_lost_race(attempt: int) -> float:
    """Return the seconds to wait before a lost race is run again: up to 0.05, 0.1, 0.2, 0.4, drawn by chance."""
    return random.uniform(0, min(0.05 * 2**attempt, 0.4))  # noqa: S311 - nobody need be unable to guess it


_CONVERSATION = msgspec.json.Decoder(Conversation)
_DOCUMENTS = msgspec.json.Decoder(tuple[IssuedDocument, ...])
_PERSON = msgspec.json.Decoder(Person)
_SEALED = msgspec.json.Decoder(dict[str, str])
_SEEN = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_ENTRY = msgspec.json.Decoder(_StoredEntry)


class ConversationStore:
    """Reads and writes conversations."""

    def __init__(
        self,
        dynamodb: DynamoDbClient,
        table: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        *,
        idle_seconds: int = 900,
    ) -> None:
        """Take what is needed. `idle_seconds`: a list of documents is kept for up to twice as long without a word."""
        self._dynamodb = dynamodb
        self._table = table
        self._clock = clock
        self._sleep = sleep
        self._list_seconds = 2 * idle_seconds

    def load(self, conversation_id: str) -> Stored:
        """Read a conversation with its list of documents, in one query.

        A query may see one half of a transaction: then the list is not the one that the state speaks of, and both are
        read again. A list that has ended is not given: the session then has none.
        """
        stored, is_listed = self._read(conversation_id)
        for _ in range(2):
            if _belong_together(stored.conversation):
                return stored
            stored, is_listed = self._read(conversation_id)
        if _belong_together(stored.conversation):
            return stored
        if is_listed:
            raise ConversationError("state and list do not belong together")
        return replace(stored, conversation=_without_list(stored.conversation))

    def _read(self, conversation_id: str) -> tuple[Stored, bool]:
        """Return what one query gives, and whether there is a list that has not ended."""
        answer = call(
            self._dynamodb.query,
            TableName=self._table,
            KeyConditionExpression="#c = :c AND part BETWEEN :documents AND :state",
            ExpressionAttributeNames={"#c": "conversation"},
            ExpressionAttributeValues={
                ":c": {"S": conversation_id},
                ":documents": {"S": "documents"},
                ":state": {"S": "state"},
            },
            ConsistentRead=True,
        )
        now = self._clock()
        parts = {item["part"]["S"]: item for item in answer["Items"]}
        # DynamoDB deletes what is past its time only some days later.
        alive = {name: item for name, item in parts.items() if int(item["expires_at"]["N"]) > now}
        version = int(parts["state"]["version"]["N"]) if "state" in parts else 0
        state = alive.get("state")
        if state is None:
            return Stored(conversation_id, version), False
        documents = alive.get("documents")
        list_end = _list_end(documents) if documents else 0
        if list_end <= now:
            documents = None
        conversation = _read_state(state["state"]["S"])
        if documents is not None:
            session = conversation.session
            listing = documents["listing"]["S"]
            if session is not None and session.listing == listing:
                conversation = replace(conversation, documents=_DOCUMENTS.decode(documents["documents"]["S"]))
        stored = Stored(
            id=conversation_id,
            version=version,
            conversation=conversation,
            person=_PERSON.decode(state["person"]["S"]),
            sealed=_SEALED.decode(state["sealed"]["S"]),
            seen=dict(_SEEN.decode(state["seen"]["S"])),
            outbox=_outbox(state["outbox"]["M"]),
            fresh=False,
            written_at=int(state["expires_at"]["N"]) - KEPT_SECONDS,
            list_end=list_end,
        )
        return stored, documents is not None

    def save(self, before: Stored, after: Stored, put: Sequence[Entry] = (), drop: Sequence[str] = ()) -> Stored:
        """Write `after` if the conversation still is at the version of `before`.

        `put` adds or replaces outbox entries, `drop` takes out the entries of steps; all of it happens or none.
        Returns what is now there. Raises VersionConflict if somebody else was faster.
        """
        now = int(self._clock())
        version = before.version + 1
        outbox = {entry.step: entry for entry in before.outbox} | {entry.step: entry for entry in put}
        outbox = {step: entry for step, entry in outbox.items() if step not in drop}
        update = self._update(before, after, version, now, put, drop, outbox)
        change, list_end = self._list_change(before, after, now)
        try:
            if change is None:
                call(self._dynamodb.update_item, **update)
            else:
                call(self._dynamodb.transact_write_items, TransactItems=[{"Update": update}, change])
        except StorageError as error:
            if _lost_race(error):
                raise VersionConflict(f"version {before.version} is no longer the newest") from None
            raise
        in_order = tuple(sorted(outbox.values(), key=_order))
        return replace(after, version=version, outbox=in_order, fresh=False, written_at=now, list_end=list_end)

    def done(self, conversation_id: str, step: str) -> None:
        """Take a step out of the outbox. One that is out already is no error. Raises VersionConflict."""
        self._change_entry(conversation_id, step, UpdateExpression="REMOVE outbox.#step")

    def rewrite(self, conversation_id: str, entry: Entry) -> None:
        """Put an entry in the place of the one that its step has. If that is out already, nothing happens.

        Raises VersionConflict.
        """
        self._change_entry(
            conversation_id,
            entry.step,
            UpdateExpression="SET outbox.#step = :entry",
            ExpressionAttributeValues={":entry": {"S": _written_entry(entry)}},
        )

    def exchange(self, conversation_id: str, before: Entry, after: Entry | None) -> None:
        """Put an entry in the place of another, or nothing, if that still is as it was. Raises VersionConflict."""
        values = {":before": {"S": _written_entry(before)}}
        self._change_entry(
            conversation_id,
            before.step,
            ConditionExpression="outbox.#step = :before",
            UpdateExpression="SET outbox.#step = :after" if after else "REMOVE outbox.#step",
            ExpressionAttributeValues=values | ({":after": {"S": _written_entry(after)}} if after else {}),
        )

    def _change_entry(self, conversation_id: str, step: str, **change: Any) -> None:
        """Change one entry, if it is still there. Another writer's transaction is waited for, a few times."""
        change = {"ConditionExpression": "attribute_exists(outbox.#step)", **change}
        for attempt in range(_TRIES):
            try:
                call(
                    self._dynamodb.update_item,
                    TableName=self._table,
                    Key=_key(conversation_id, "state"),
                    ExpressionAttributeNames={"#step": step},
                    **change,
                )
            except StorageError as error:
                match error.code:
                    case "ConditionalCheckFailedException":
                        return
                    case "TransactionConflictException":
                        self._sleep(pause_after_lost_race(attempt))
                    case _:
                        raise
            else:
                return
        raise VersionConflict(f"lost {_TRIES} races")

    def erase(self, stored: Stored, *, told: bool = True) -> None:
        """Forget where to reach her, unless she has written meanwhile: then this is a new conversation.

        The dialogue has forgotten the rest before. What stays: fingerprints and counts, for eight days at most.
        `told`: whether every earlier reply has been sent. Else she has not been told that she is left without answers.
        """
        if stored.conversation.stage is not Stage.NEW:
            return
        used = stored.conversation.used
        left = replace(stored.conversation, used=used if told else replace(used, paused_until=0))
        try:
            call(
                self._dynamodb.update_item,
                TableName=self._table,
                Key=_key(stored.id, "state"),
                UpdateExpression="SET person = :nobody, #state = :left",
                ConditionExpression="#v = :before",
                ExpressionAttributeNames={"#v": "version", "#state": "state"},
                ExpressionAttributeValues={
                    ":nobody": {"S": "{}"},
                    ":left": {"S": _written_state(left)},
                    ":before": {"N": str(stored.version)},
                },
            )
        except StorageError as error:
            if not _lost_race(error):
                raise

    def _update(
        self,
        before: Stored,
        after: Stored,
        version: int,
        now: int,
        put: Sequence[Entry],
        drop: Sequence[str],
        outbox: Mapping[str, Entry],
    ) -> "UpdateTypeDef":
        names = {"#v": "version", "#state": "state"}
        values: dict[str, Any] = {
            ":v": {"N": str(version)},
            ":state": {"S": _written_state(after.conversation)},
            ":person": {"S": _json(after.person)},
            ":sealed": {"S": _json(after.sealed)},
            ":seen": {"S": _json(_newest(after.seen, now))},
            ":expires": {"N": str(now + KEPT_SECONDS)},
        }
        sets = [
            "#v = :v",
            "#state = :state",
            "person = :person",
            "sealed = :sealed",
            "seen = :seen",
            "expires_at = :expires",
        ]
        removes = []
        if before.fresh:
            sets.append("outbox = :outbox")
            values[":outbox"] = {"M": {step: {"S": _written_entry(entry)} for step, entry in outbox.items()}}
        else:
            for index, entry in enumerate(put):
                names[f"#p{index}"] = entry.step
                values[f":p{index}"] = {"S": _written_entry(entry)}
                sets.append(f"outbox.#p{index} = :p{index}")
            for index, step in enumerate(drop):
                names[f"#d{index}"] = step
                removes.append(f"outbox.#d{index}")
        condition = "attribute_not_exists(#v)"
        if before.version:
            condition = "#v = :before"
            values[":before"] = {"N": str(before.version)}
        return {
            "TableName": self._table,
            "Key": _key(before.id, "state"),
            "UpdateExpression": f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _list_change(self, before: Stored, after: Stored, now: int) -> tuple["TransactWriteItemTypeDef | None", int]:
        """Return what has to be done about the list, if anything, and when it ends from here on.

        It is put off while she writes, but not with every message: only when its end has come near.
        """
        listing, documents = _list_of(after.conversation)
        key = _key(before.id, "documents")
        end = now + self._list_seconds
        ends = {":end": {"N": str(end)}}
        if (listing, documents) == _list_of(before.conversation):
            has_written = after.conversation.active_at > before.conversation.active_at
            if not documents or not has_written or now + self._list_seconds // 2 < before.list_end:
                return None, before.list_end
            put_off: TransactWriteItemTypeDef = {
                "Update": {
                    "TableName": self._table,
                    "Key": key,
                    "UpdateExpression": "SET expires_at = :end, ends_at = :end",
                    "ConditionExpression": "attribute_exists(listing)",
                    "ExpressionAttributeValues": ends,
                }
            }
            return put_off, end
        if not documents:
            return {"Delete": {"TableName": self._table, "Key": key}}, 0
        item = {
            **key,
            "listing": {"S": listing},
            "documents": {"S": _json(documents)},
            "expires_at": ends[":end"],
            "ends_at": ends[":end"],
        }
        return {"Put": {"TableName": self._table, "Item": item}}, end


def that_fit(documents: tuple[IssuedDocument, ...]) -> tuple[IssuedDocument, ...]:
    """Return the documents that their item has room for: usually all, else those that can be delivered first."""
    sizes = {document: len(_json(document).encode()) + 1 for document in documents}
    if sum(sizes[document] for document in documents) <= LARGEST_LIST:
        return documents
    kept, size = [], 0
    for document in sorted(documents, key=lambda one: not (one.has_pdf and one.shared)):
        size += sizes[document]
        if size > LARGEST_LIST:
            break
        kept.append(document)
    return tuple(kept)


def _list_of(conversation: Conversation) -> tuple[str, tuple[IssuedDocument, ...]]:
    """Return the list and its name: one that was fetched again has another name even if it has not changed."""
    listing = conversation.session.listing if conversation.session and conversation.documents else ""
    return listing, conversation.documents


def _without_list(conversation: Conversation) -> Conversation:
    session = conversation.session
    if session is None:
        return replace(conversation, documents=())
    return replace(conversation, documents=(), session=replace(session, listing="", count=0, page=1, listed_at=0))


def _list_end(item: Mapping[str, Any]) -> int:
    """Return when a list ends. Versions before this one let it lie for eight days: a day is the most it is read."""
    if "ends_at" in item:
        return int(item["ends_at"]["N"])
    return int(item["expires_at"]["N"]) - KEPT_SECONDS + _DAY


def _belong_together(conversation: Conversation) -> bool:
    return len(conversation.documents) == (conversation.session.count if conversation.session else 0)


def _key(conversation_id: str, part: str) -> dict[str, Any]:
    return {"conversation": {"S": conversation_id}, "part": {"S": part}}


def _outbox(entries: Mapping[str, Any]) -> tuple[Entry, ...]:
    return tuple(sorted((_read_entry(step, value["S"]) for step, value in entries.items()), key=_order))


def _read_entry(step: str, text: str) -> Entry:
    stored = _ENTRY.decode(text)
    request = next(filter(is_request, stored.effects), None)
    then = tuple(effect for effect in stored.effects if not is_request(effect))
    marks = (stored.unsure, stored.lane, stored.announced)
    return Entry(step, stored.at, stored.order, then, stored.sealed, request, *marks)


def _written_entry(entry: Entry) -> str:
    marks = (entry.unsure, entry.lane, entry.announced)
    fields = msgspec.to_builtins(_StoredEntry(entry.at, entry.order, entry.effects, dict(entry.sealed), *marks))
    # An entry is exchanged by its text: one that the previous version wrote must come out unchanged.
    usual = {"lane": Lane.WORK, "announced": False}
    return _json({name: value for name, value in fields.items() if name not in usual or value != usual[name]})


def _written_state(conversation: Conversation) -> str:
    """Return the conversation as JSON, without the documents: those have their own item."""
    fields = msgspec.to_builtins(replace(conversation, documents=()))
    for name in ("stage", "previous"):  # Release 0.1 knows no line: there she is asked whether she has an account.
        if fields[name] == Stage.LINE:
            fields[name] = Stage.ACCOUNT.value
    if fields["previous"] is None:  # Release 0.1 cannot read a null here. It may be written once no 0.1 runs any more.
        del fields["previous"]
    return _json(fields)


def _read_state(written: str) -> Conversation:
    """Return the conversation that was written. Whoever has a place waits in the line."""
    read = _CONVERSATION.decode(written)
    if read.place is None:
        return read
    stage, previous = (Stage.LINE if one is Stage.ACCOUNT else one for one in (read.stage, read.previous))
    return replace(read, stage=stage or read.stage, previous=previous)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _order(entry: Entry) -> int:
    return entry.order


def _newest(seen: Mapping[str, int], now: int) -> list[tuple[str, int]]:
    return [(fingerprint, at) for fingerprint, at in seen.items() if now - at < KEPT_SECONDS][-MOST_SEEN:]


def _lost_race(error: StorageError) -> bool:
    if error.code == "TransactionCanceledException":
        return not {"ConditionalCheckFailed", "TransactionConflict"}.isdisjoint(error.reasons)
    return error.code in {"ConditionalCheckFailedException", "TransactionConflictException"}
