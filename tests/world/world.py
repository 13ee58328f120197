"""One deterministic world in one process: the real handlers, a model of the cloud, one DigiLocker, one WhatsApp.

One clock, one source of chance, no threads, no sockets, no waiting. Whoever drives it posts messages, lets time pass,
and has faults strike; what happened stands in `record`.
"""

import hashlib
import hmac
import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from functools import cache, partial
from heapq import heappop, heappush
from http import HTTPStatus
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Self
from unittest import mock

from helpdesk import telemetry
from helpdesk.bootstrap import consent, document, form, webhook
from tests.handlers import ROOT, Context
from tests.world.calls import Calls, Died
from tests.world.chance import Clock, seeded
from tests.world.cloud import APP_SECRET, ENVIRONMENT, PHONE_NUMBER_ID, Cloud, Kms, invocation
from tests.world.digilocker import DigiLocker
from tests.world.faults import Fault, failure
from tests.world.queues import Message, Queue, StaleReceipt
from tests.world.record import (
    Broke,
    Browsed,
    Event,
    Faulted,
    Opened,
    Posted,
    Received,
    Rested,
    Returned,
    Worked,
    Wrote,
)
from tests.world.whatsapp import Line, WhatsApp

AGAIN_SECONDS = (0, 5, 45, 120, 600)
"""After how long WhatsApp delivers again what was not answered with 200; the last one holds for all that follow."""
STATUS_SECONDS = 1
_MOST_TURNS = 5_000


class Endless(AssertionError):
    """Something goes round in circles."""


class _Calls(Calls):
    """Every call of a function goes through here, where faults strike."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def through[T](self, name: str, effect: Callable[[], T]) -> T:
        world = self._world
        fault = world.struck(name) if world.faults else None
        if fault is None:
            world.hurry()
            return effect()
        world.note(
            Faulted(
                at=world.clock(),
                function=world.function,
                call=name,
                kind=fault.kind,
                conversation=world.conversation,
                step=world.step,
                error=type(failure(fault, name)).__name__ if fault.kind in {"fails", "silent"} else "",
                after=fault.after,
            )
        )
        if fault.after or fault.kind in {"meanwhile", "late"}:
            if fault.kind == "late":
                world.clock.seconds += fault.seconds
            elif fault.kind == "meanwhile":
                world.meanwhile()
            answer = effect()
            if fault.kind in {"meanwhile", "late"}:
                return answer
        if fault.kind == "dies":
            raise Died
        raise failure(fault, name)


class _Kms(Kms):
    """Tells the record what it opens."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def decrypt(self, **request: Any) -> dict[str, bytes]:
        opened = super().decrypt(**request)
        if "EncryptionContext" not in request:
            return opened  # the key of a form's request, and nothing that was sealed
        context = request["EncryptionContext"]
        ends_at = float(context["ends_at"]) if "ends_at" in context else None
        self._world.note(
            Opened(
                at=self._world.clock(),
                conversation=context["conversation"],
                purpose=context["purpose"],
                ends_at=ends_at,
            )
        )
        return opened


class World:
    """One world. Use it as a context: the functions' surroundings are replaced meanwhile."""

    def __init__(
        self,
        seed: int = 0,
        *,
        lines: list[Line],
        settings: Mapping[str, str] | None = None,
        sweeps: bool = False,
        rush: float = 0,
    ) -> None:
        """`sweeps`: DynamoDB deletes at once what is past its time, instead of days later.

        `rush`: how likely it is, at each call of a function, that another function is at work meanwhile.
        """
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.clock = Clock()
        self.record: list[Event] = []
        self.faults: list[Fault] = []
        self.function = self.conversation = self.step = ""
        self.fate: Callable[[Received], str] = lambda _: "delivered"
        """What becomes of a message: "delivered", "read", "failed", "lost" (no word of it) or a twisted status."""
        self.lines = {line.number: line for line in lines}
        self.environment = ENVIRONMENT | dict(settings or {})
        self.cloud = Cloud(_Calls(self), self.clock, kms=_Kms(self))
        self.digilocker = DigiLocker(self.clock, self.note, lambda: self.conversation, lambda: self.step)
        self.whatsapp = WhatsApp(self.clock, self.note, self._fetched, lines)
        self.whatsapp.reported = self._report
        self.opens_at = 0.0
        """Until then nobody works on the work queue: the desk is closed."""
        self.logged: list[str] = []
        self._rush = rush
        self._sweeps = sweeps
        self._environments: dict[tuple[str, int], ModuleType] = {}
        self._deliveries: list[tuple[float, int, bytes, int]] = []
        self._numbers = count()
        self._depth = 0
        self._known_steps: set[tuple[str, str]] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Replace what the functions reach outside, until `__exit__`."""
        outside: Any = {"clock": self.clock, "sleep": self._no_time, "client": self.cloud.client}
        clients = {
            "digilocker": partial(self._client, "digilocker", self.digilocker),
            "whatsapp": partial(self._client, "whatsapp", self.whatsapp),
        }
        uncounted = nullcontext(mock.Mock())
        self._stack.enter_context(seeded(self.chance))
        for target, name, stand_in in (
            *((telemetry.logger, level, self._log) for level in ("info", "warning", "error", "exception")),
            (threading, "Timer", _NoTimer),
            (telemetry.metrics, "add_metric", _nothing),
            (telemetry, "single_metric", lambda **_: uncounted),
            (webhook, "receiver", partial(webhook.receiver, self.environment, **outside)),
            (consent, "consenting", partial(consent.consenting, self.environment, **outside)),
            (form, "endpoint", partial(form.endpoint, self.environment, **outside)),
            (document, "handler", partial(document.handler, self.environment, **outside, **clients)),
        ):
            self._stack.enter_context(mock.patch.object(target, name, stand_in))
        return self

    def __exit__(self, *_: object) -> None:
        """Put everything back."""
        self._stack.close()

    def note(self, event: Event) -> None:
        """Write down what happened."""
        self.record.append(event)

    # --- what people and WhatsApp do ----------------------------------------------------------------------------------

    def write(self, line: str, id_: str, content: dict[str, Any], *, sent_at: float | None = None) -> dict[str, Any]:
        """Return a message of hers, as WhatsApp delivers it."""
        kind = str(content["type"])
        reply = content.get("interactive", {}).get("button_reply") or content.get("interactive", {}).get("list_reply")
        text = content.get("text", {}).get("body", "")
        tapped = reply["id"] if reply else ""
        now = self.clock()
        sent_at = now if sent_at is None else sent_at
        self.note(Wrote(at=now, line=line, message=id_, kind=kind, text=text, tapped=tapped, sent_at=sent_at))
        self.whatsapp.last_heard[line] = now
        message: dict[str, Any] = {"id": id_, "timestamp": str(int(sent_at))}
        user_id = {"from_user_id": self.lines[line].user_id} if self.lines[line].user_id else {}
        return message | {"from": line, **user_id, **content}

    def deliver(self, after: float = 0, **content: Any) -> bytes:
        """Have messages or statuses delivered after so many seconds. Gives the body."""
        metadata = {"display_phone_number": "919013151515", "phone_number_id": PHONE_NUMBER_ID}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **content}
        entry = {"id": "100000000000002", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        self.redeliver(body, after)
        return body

    def redeliver(self, body: bytes, after: float = 0, tries: int = 0) -> None:
        """Have a body delivered, perhaps not for the first time."""
        heappush(self._deliveries, (self.clock() + after, next(self._numbers), body, tries))

    def browse(
        self, line: str, resource: str, query: Mapping[str, list[str]], form: str = "", cookie: str = ""
    ) -> dict[str, Any] | None:
        """Open one of the desk's own pages, or post its form. None: the function died."""
        event = {
            "httpMethod": "POST" if form else "GET",
            "resource": resource,
            "multiValueQueryStringParameters": dict(query),
            "multiValueHeaders": {"Cookie": [cookie]} if cookie else {},
            "body": form or None,
        }
        answer = self.invoke("consent", event)
        status = answer["statusCode"] if answer else None
        if resource == "/consent":
            shown = re.search(r"DL-[2-9A-Z]{4}-[2-9A-Z]{4}", answer["body"]) if answer else None
            state = query["state"][0]
            self.note(Returned(at=self.clock(), line=line, status=status, link=state, shown=shown[0] if shown else ""))
        else:
            self.note(Browsed(at=self.clock(), link=query["s"][0], form=form, status=status))
        return answer

    def end_session(self, conversation: str) -> None:
        """Have an operator end a session."""
        body = {"idle": conversation, "timer": f"operator-{next(self._numbers)}", "close": True}
        self.cloud.timer.send(json.dumps(body))

    # --- time ---------------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due in this time, each in its time."""
        end = self.clock() + seconds
        turns = 0
        while True:
            turns += 1
            if turns > _MOST_TURNS:
                raise Endless
            if self._do_next():
                continue
            following = self._next_at()
            if following is None or following > end:
                break
            self.clock.seconds = max(self.clock(), following)
        self.clock.seconds = max(self.clock(), end)
        if self._sweeps:
            self.cloud.dynamodb.sweep(self.clock())

    def settle(self, most: float) -> bool:
        """Let time pass until nothing is under way but timers, or so many seconds are over. Tells whether it is so."""
        end = self.clock() + most
        for _ in range(_MOST_TURNS):
            if self._do_next():
                continue
            waits = [self._deliveries[0][0]] if self._deliveries else []
            waits += [max(at, self.opens_at) for lane in self.cloud.lanes if (at := lane.next_at()) is not None]
            if not waits:
                return True
            timer = self.cloud.timer.next_at()
            following = min(*waits, timer) if timer is not None else min(waits)
            if following > end:
                return False
            self.clock.seconds = max(self.clock(), following)
        raise Endless

    def rest(self, kind: Any) -> Rested:
        """Note what lies where."""
        self.note(
            rested := Rested(
                at=self.clock(),
                kind=kind,
                items=self.cloud.items(),
                objects={key: self.cloud.bucket.kept_since[key] for key in self.cloud.bucket.pdfs},
                queued=tuple(one.body for queue in self.cloud.queues for one in queue.messages()),
                dead_letters=tuple(one.body for queue in self.cloud.queues for one in queue.dead_letters),
                tokens=self.digilocker.whose(),
                logged=tuple(self.logged),
            )
        )
        self.logged.clear()
        return rested

    def meanwhile(self) -> None:
        """While a function is at work, another instance of one works on something, if anything is due."""
        if self._depth < 2:
            self._do_next()

    @property
    def is_open(self) -> bool:
        """Whether anybody works on the work queue."""
        return self.clock() >= self.opens_at

    def hurry(self) -> None:
        """Let another function be at work meanwhile, now and then."""
        if self._rush and self.chance.random() < self._rush:
            self.meanwhile()

    def _do_next(self) -> bool:
        """Do one thing that is due, whichever chance says; False if nothing is."""
        queues = self.cloud.queues if self.is_open else (self.cloud.timer,)
        due: list[Callable[[], bool]] = [partial(self._work_on, queue) for queue in queues]
        if self._deliveries and self._deliveries[0][0] <= self.clock():
            due.append(self._post_next)
        self.chance.shuffle(due)
        return any(do() for do in due)

    def _next_at(self) -> float | None:
        waits = [max(at, self.opens_at) for lane in self.cloud.lanes if (at := lane.next_at()) is not None]
        timer = self.cloud.timer.next_at()
        waits += [] if timer is None else [timer]
        if self._deliveries:
            waits.append(self._deliveries[0][0])
        return min(waits, default=None)

    # --- Lambda -------------------------------------------------------------------------------------------------------

    def struck(self, call: str) -> Fault | None:
        """Return the fault that strikes at this call, and use it up by one."""
        service = call.partition(".")[0]
        for place, fault in enumerate(self.faults):
            if fault.function != self.function or fault.service not in {service, call, ""}:
                continue
            if fault.skip:
                self.faults[place] = _with(fault, skip=fault.skip - 1)
                continue
            if fault.times > 1:
                self.faults[place] = _with(fault, times=fault.times - 1)
            else:
                del self.faults[place]
            return fault
        return None

    def invoke(
        self, function: str, event: dict[str, Any], conversation: str = "", step: str = ""
    ) -> dict[str, Any] | None:
        """Run a function, in a new execution environment if there is none; None if it dies, or raises."""
        before, here = (self.function, self.conversation, self.step), (function, self._depth)
        self.function, self.conversation, self.step = function, conversation, step
        self._depth += 1
        try:
            if here not in self._environments:
                self._environments[here] = self._loaded(function)
            answer: dict[str, Any] = self._environments[here].lambda_handler(event, Context())
        except Died:
            self._environments.pop(here, None)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the auditor hears of it
            self.note(Broke(at=self.clock(), function=function, error=str(error)))
            return None
        finally:
            self._depth -= 1
            self.function, self.conversation, self.step = before
        return answer

    def _loaded(self, function: str) -> ModuleType:
        module = ModuleType(f"{function}_app")
        exec(_code(ROOT / "functions" / function / "app.py"), module.__dict__)  # noqa: S102 - the handler itself
        return module

    def _no_time(self, seconds: float) -> None:
        """Wait, in this world: others are at work meanwhile."""
        self.clock.seconds += seconds
        if self.function == "form":  # it waits for what the document function does
            self.meanwhile()

    def _post_next(self) -> bool:
        _, _, body, tries = heappop(self._deliveries)
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        event = {"httpMethod": "POST", "headers": {"X-Hub-Signature-256": signature}, "body": body.decode()}
        before, began = {lane.name: lane.sent for lane in self.cloud.lanes}, len(self.record)
        answer = self.invoke("webhook", event)
        status = answer["statusCode"] if answer else None
        value = json.loads(body)["entry"][0]["changes"][0]["value"]
        messages = tuple(str(message["id"]) for message in value.get("messages", ()))
        reported = tuple((one["id"], one["status"]) for one in value.get("statuses", ()) if "forged" not in one)
        queued = tuple(self._new_steps(before)) if messages else ()
        self.note(
            Posted(
                at=self.clock(),
                messages=messages,
                statuses=len(value.get("statuses", ())),
                status=status,
                queued=queued,
                reported=reported,
                since=began,
                troubled=self._is_troubled(began),
            )
        )
        if status != HTTPStatus.OK:
            self.redeliver(body, AGAIN_SECONDS[min(tries, len(AGAIN_SECONDS) - 1)], tries + 1)
        return True

    def _is_troubled(self, began: int) -> bool:
        return any(isinstance(event, Faulted) for event in self.record[began:])

    def _new_steps(self, before: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        for lane in self.cloud.lanes:
            for message in lane.messages():
                body = json.loads(message.body)
                step = str(body.get("conversation")), str(body.get("step"))
                if message.number > before[lane.name] and "step" in body and step not in self._known_steps:
                    self._known_steps.add(step)
                    yield step

    def _work_on(self, queue: Queue) -> bool:
        message = queue.receive()
        if message is None:
            return False
        receipt, began = message.receipt, len(self.record)
        answer = self.invoke("document", invocation(queue, message), _conversation_of(message), message.body)
        done = answer is not None and not answer["batchItemFailures"]
        if done:
            try:
                queue.delete(receipt)
            except StaleReceipt:
                done = False  # it took longer than the message was hidden
        self.note(
            Worked(
                at=self.clock(),
                queue=queue.name,
                body=message.body,
                conversation=_conversation_of(message),
                receives=message.receives,
                done=done,
                troubled=self._is_troubled(began),
            )
        )
        return True

    def _client(self, name: str, stand_in: Any, *_: Any, **__: Any) -> Any:
        return self.cloud.counted(name, stand_in)

    # --- WhatsApp -----------------------------------------------------------------------------------------------------

    def _fetched(self, link: str) -> bytes | None:
        return self.cloud.bucket.behind(link)

    def _log(self, message: object, *_: object, extra: Mapping[str, object] | None = None, **__: object) -> None:
        self.logged.append(f"{message} {dict(extra or {})}")

    def _report(self, received: Received) -> None:
        """Report what became of a message."""
        fate = self.fate(received)
        if received.by_link and received.content is None and fate in {"delivered", "read"}:
            fate = "failed"  # the link leads nowhere
        match fate:
            case "lost":
                return
            case "failed":
                errors = [{"code": 131053, "title": "Media upload error"}]
                statuses = [self._status(received, "failed") | {"errors": errors}]
            case "forged":
                claimed = self._status(received, "failed") | {"errors": [{"code": 131053}], "forged": True}
                others = {"biz_opaque_callback_data": f"{received.cause[:-4]}0000"}
                statuses = [self._status(received, "sent"), self._status(received, "delivered"), claimed | others]
                self.chance.shuffle(statuses)
            case "twisted":
                carried = {"status": "failed", "errors": [{"code": 131053}]}
                twists: list[dict[str, Any]] = [
                    carried | {"biz_opaque_callback_data": received.cause.rpartition(":")[0]},
                    carried | {"biz_opaque_callback_data": f"{received.cause[:-4]}0000"},
                    {"status": "played"},
                    {"status": "failed", "errors": "none"},
                    {"biz_opaque_callback_data": "x" * 600},
                    {"timestamp": None, "errors": [{"code": "131053"}]},
                    {"biz_opaque_callback_data": 7, "recipient_id": []},
                    {"biz_opaque_callback_data": f"{'a' * 32}:documents/{'b' * 64}:1:x:link"},
                ]
                statuses = [self._status(received, "delivered") | self.chance.choice(twists) | {"forged": True}]
            case _:
                statuses = [self._status(received, "sent"), self._status(received, "delivered")]
        self.deliver(STATUS_SECONDS, statuses=statuses)
        if fate == "read":
            self.deliver(400, statuses=[self._status(received, "read")])

    def _status(self, received: Received, status: str) -> dict[str, Any]:
        return {
            "id": received.message,
            "status": status,
            "timestamp": str(int(self.clock())),
            "recipient_id": received.line,
            "biz_opaque_callback_data": received.cause,
        }


class _NoTimer:
    """Starts no thread: no time passes while a function is at work."""

    daemon = False

    def __init__(self, *_: object) -> None:
        pass

    def start(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


@cache
def _code(path: Path) -> CodeType:
    return compile(path.read_text(encoding="utf-8"), path, "exec")


def _with(fault: Fault, **changes: int) -> Fault:
    return Fault(**{**vars(fault), **changes})


def _nothing(*_: object, **__: object) -> None:
    """Count nothing."""


def _conversation_of(message: Message) -> str:
    body = json.loads(message.body)
    return str(body.get("conversation") or body.get("idle") or body.get("delete", "/").split("/")[1])
