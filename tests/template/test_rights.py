"""What a role allows is what its function asks for: the calls of every conversation, against the statements."""

import itertools
import logging
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from helpdesk.service import message_sender
from helpdesk.storage.directory import DirectoryStore
from tests.benchmarks.counting import main_conversation
from tests.conversations.chat import transcripts
from tests.replay.desk import FATES, Desk, Pace
from tests.template.cloudformation import Template, as_list
from tests.unit.service.test_form import ASHA, desk_of
from tests.unit.service.test_form_crashes import goes_through, leaves_it
from tests.world.cloud import ENVIRONMENT, Cloud

if TYPE_CHECKING:
    from tests.world.world import World

FUNCTION = "AWS::Serverless::Function"
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
"""What DynamoDB asks for a part of a transaction."""
UNDER_ANOTHER_NAME = {"sqs:SendMessageBatch": "sqs:SendMessage", "s3:HeadObject": "s3:GetObject"}
"""Calls for which AWS asks a right of another name (Service Authorization Reference)."""
BEHIND = {"s3:PutObject": "kms:GenerateDataKey", "s3:GetObject": "kms:Decrypt"}
"""What S3 asks of KMS for the caller, in a bucket that is encrypted with a key (S3, Using SSE-KMS)."""
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""What Lambda does with the role for a queue (Lambda, Using Lambda with Amazon SQS)."""
LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")

type Right = tuple[str, str]
"""An action on a resource: ("WorkQueue", "sqs:SendMessage")."""


class Recorded:
    """A client that notes the rights that its calls need."""

    def __init__(self, service: str, client: object, names: dict[str, str], needed: Callable[[], set[Right]]) -> None:
        self._service = service
        self._client = client
        self._names = names
        self._needed = needed

    def __getattr__(self, method: str) -> Any:
        """Return the client's method."""
        real = getattr(self._client, method)

        def noted(*args: Any, **kwargs: Any) -> Any:
            self._needed().update(self._rights(method, args, kwargs))
            return real(*args, **kwargs)

        return noted

    def _rights(self, method: str, args: tuple[Any, ...], call: dict[str, Any]) -> Iterator[Right]:
        if method == "generate_presigned_url":  # whoever follows the link has the right of who signed it
            method, call = args[0], call["Params"]
        if method == "transact_write_items":
            for part in call["TransactItems"]:
                ((write, what),) = part.items()
                yield self._names[what["TableName"]], f"dynamodb:{WRITES[write]}"
            return
        action = f"{self._service}:{method.title().replace('_', '')}"
        action = UNDER_ANOTHER_NAME.get(action, action)
        yield self._resource(call), action
        if action in BEHIND:
            yield "DataKey", BEHIND[action]

    def _resource(self, call: dict[str, Any]) -> str:
        if "Bucket" in call:
            return f"{self._names[call['Bucket']]}/{call['Key']}"
        (name,) = (call[key] for key in ("TableName", "QueueUrl", "KeyId", "SecretId") if key in call)
        return self._names[name]


def names_of_resources(template: Template) -> dict[str, str]:
    """Logical ids by what the functions call the resources here: the settings say which is which."""
    found = {}
    for function in template.serving():
        for variable, value in template.environment(function).items():
            match value:
                case {"Ref": resource} | {"Fn::GetAtt": [resource, _]} if resource in template.resources:
                    found[ENVIRONMENT[variable]] = resource
    return found


def conversations() -> Iterator[Desk]:
    """Every conversation, and one with a document in all that can become of it."""
    for transcript in transcripts():
        yield Desk(transcript)
        if transcript.on_page:  # with time on DigiLocker's page, so that nothing is under way when she comes back
            yield Desk(transcript, Pace(0, patient=True))
    for fate in FATES:
        yield Desk(main_conversation(), fate)


@pytest.fixture(scope="module")
def needed(template: Template) -> dict[str, set[Right]]:
    """The rights that each function needs, by its name."""
    found: dict[str, set[Right]] = {}
    names = names_of_resources(template)
    client = Cloud.client
    worlds: list[World] = []

    def recording(cloud: Cloud, service: str, **more: Any) -> Recorded:
        # A replay makes each function's clients under its name; in a world the function is the one that runs.
        replayed = cloud._calls.function

        def rights() -> set[Right]:
            function = replayed or (worlds[-1].function if worlds else "")
            return found.setdefault(f"{function.title()}Function", set()) if function else set()

        return Recorded(service, client(cloud, service, **more), names, rights)

    logging.disable()  # what the functions log is not what this is about
    with (
        mock.patch.object(Cloud, "client", recording),
        mock.patch.object(message_sender, "TYPING_AFTER_SECONDS", 3600.0),
    ):
        for desk in conversations():
            desk.run()
        for fills_in in (goes_through, leaves_it):
            with desk_of(ASHA) as with_form:
                worlds.append(with_form.world)
                fills_in(with_form)
        # Nothing goes wrong in them, so no message is held back: one on each queue that nobody can read.
        desk = Desk(main_conversation())
        for queue in desk.cloud.queues:
            queue.send("not ours", group="her", deduplication="not ours")
            desk._work_on(queue)
        # Nor is the directory a day old in any: it is claimed twice, the second time past a claim that has run out.
        bucket: Any = Recorded("s3", client(desk.cloud, "s3"), names, lambda: found["DocumentFunction"])
        times = itertools.count(0, 61)
        directory = DirectoryStore(bucket, ENVIRONMENT["DOCUMENTS_BUCKET"], "key", lambda: next(times))
        assert directory.claim(60)
        assert directory.claim(60)
        directory.write(b"")
    logging.disable(logging.NOTSET)
    return found


def asked_by_lambda(template: Template, function: str) -> set[Right]:
    """What Lambda itself does with a function's role."""
    properties = template.of_type(FUNCTION)[function]
    queues = [event["Properties"]["Queue"] for event in properties["Events"].values() if event["Type"] == "SQS"]
    return {(queue["Fn::GetAtt"][0], action) for queue in queues for action in POLLING} | {
        (properties["LoggingConfig"]["LogGroup"]["Ref"], action) for action in LOGGING
    }


def allowed(template: Template, function: str) -> set[Right]:
    """What a function's role allows; an action may have a star in it."""
    role = template.of_type(FUNCTION)[function]["Role"]["Fn::GetAtt"][0]
    return {
        (named(resource), action)
        for owner, statement in template.statements()
        if owner == role
        for resource in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }


def named(resource: dict[str, Any]) -> str:
    """A resource of a statement as `Recorded` names it, but for a star: WorkQueue, DocumentsBucket/documents/*."""
    match resource:
        case {"Fn::GetAtt": [name, _]}:
            return str(name)
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "")
    raise LookupError(resource)


def covers(allowed: Right, needed: Right) -> bool:
    return fnmatchcase(needed[0], allowed[0]) and fnmatchcase(needed[1], allowed[1])


def test_every_function_is_called_in_some_conversation(template: Template, needed: dict[str, set[Right]]) -> None:
    assert needed.keys() == template.serving().keys()


def test_each_function_has_every_right_that_it_needs(template: Template, needed: dict[str, set[Right]]) -> None:
    for function, rights in needed.items():
        has = allowed(template, function)
        missing = {right for right in rights if not any(covers(one, right) for one in has)}
        assert not missing, function


def test_no_function_has_a_right_that_it_does_not_need(template: Template, needed: dict[str, set[Right]]) -> None:
    for function, rights in needed.items():
        uses = rights | asked_by_lambda(template, function)
        to_spare = {one for one in allowed(template, function) if not any(covers(one, right) for right in uses)}
        assert not to_spare, function
