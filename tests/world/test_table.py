"""The model of a table answers as moto does, and refuses what it does not know."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.replay.crash_points import MAIN, conversation
from tests.replay.desk import Desk
from tests.world.cloud import ENVIRONMENT
from tests.world.table import NotModelled, Tables

TABLE, RECORDS = ENVIRONMENT["CONVERSATIONS_TABLE"], ENVIRONMENT["RECORDS_TABLE"]
KEY = {"conversation": {"S": "asha"}, "part": {"S": "state"}}
DOCUMENTS = {"conversation": {"S": "asha"}, "part": {"S": "documents"}}
STEP = {"#s": "step"}
COUNTED = "attribute_not_exists(tries) OR attribute_not_exists(#s) AND tries < :most"
ONE, TWO = {":one": {"N": "1"}}, {":two": {"N": "2"}}

type Request = tuple[str, dict[str, Any]]


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("dynamodb")
        keys = {"conversation": "HASH", "part": "RANGE"}
        for table in (TABLE, RECORDS):
            client.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        yield client
        # Another mock may be open around this one, which would keep the tables.
        for table in (TABLE, RECORDS):
            client.delete_table(TableName=table)


def update(expression: str, condition: str = "", names: dict[str, str] | None = None, **values: Any) -> Request:
    request: dict[str, Any] = {"Key": KEY, "UpdateExpression": expression}
    if condition:
        request["ConditionExpression"] = condition
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    return "update_item", request


def together(*changes: dict[str, dict[str, Any]]) -> Request:
    items = [{kind: {"TableName": TABLE, **change} for kind, change in one.items()} for one in changes]
    return "transact_write_items", {"TransactItems": items}


MAKE = update("SET version = :one, outbox = :map", one={"N": "1"}, map={"M": {}})


@pytest.mark.parametrize(
    "requests",
    [
        [MAKE],
        [MAKE, update("SET version = :two", "version = :one", one={"N": "1"}, two={"N": "2"})],
        [MAKE, update("SET version = :two", "version = :two", two={"N": "2"})],
        [MAKE, update("SET version = :two", "attribute_not_exists(version)", two={"N": "2"})],
        [MAKE, update("SET outbox.#s = :job", names=STEP, job={"S": "job"})],
        [MAKE, update("SET outbox.#s = :job", names=STEP, job={"S": "job"}), update("REMOVE outbox.#s", names=STEP)],
        [MAKE, update("REMOVE outbox.#s", "attribute_exists(outbox.#s)", names=STEP)],
        [update("REMOVE outbox.#s", "attribute_exists(outbox.#s)", names=STEP)],
        [update("SET outbox.#s = :job", names=STEP, job={"S": "job"})],
        [update("ADD tries :one", one={"N": "1"}), update("ADD tries :one", one={"N": "1"})],
        [MAKE, update("ADD tries :one SET #s = :one", COUNTED, STEP, one={"N": "1"}, most={"N": "1"})],
        [
            update("ADD tries :one SET #s = :one", COUNTED, {"#s": step}, one={"N": "1"}, most={"N": "2"})
            for step in ("first", "first", "second", "third", "second")
        ],
        [update("SET tries = if_not_exists(tries, :one) + :one", one={"N": "1"})],
        [
            MAKE,
            together(
                {"Update": {"Key": KEY, "UpdateExpression": "SET version = :two", "ExpressionAttributeValues": TWO}},
                {"Put": {"Item": {**DOCUMENTS, "documents": {"S": "[]"}}}},
            ),
            together({"Delete": {"Key": DOCUMENTS}}),
        ],
        [
            together(
                {"Put": {"Item": {**DOCUMENTS, "documents": {"S": "[]"}}}},
                {
                    "Update": {
                        "Key": KEY,
                        "UpdateExpression": "SET version = :one",
                        "ConditionExpression": "attribute_exists(version)",
                        "ExpressionAttributeValues": ONE,
                    }
                },
            )
        ],
    ],
)
def test_a_change_does_the_same_as_with_moto(requests: list[Request], dynamodb: Any) -> None:
    model = Tables()

    answers = [(_code(model, request), _code(dynamodb, request)) for request in requests]

    assert [ours for ours, _ in answers] == [theirs for _, theirs in answers]
    assert _by_part(model) == _by_part(dynamodb)


def test_a_whole_conversation_leaves_the_same_as_with_moto(dynamodb: Any) -> None:
    transcript = conversation(MAIN)
    modelled, on_moto = Desk(transcript), Desk(transcript, dynamodb=dynamodb)

    assert modelled.run().received == on_moto.run().received

    assert _by_part(modelled.cloud.dynamodb) == _by_part(dynamodb)


@pytest.mark.parametrize("condition", ["contains(seen, :one)", "NOT version = :one", "size(seen) > :one"])
def test_what_is_not_modelled_is_refused(condition: str) -> None:
    with pytest.raises(NotModelled):
        _code(Tables(), update("SET version = :one", condition, one={"N": "1"}))


def _code(client: Any, request: Request) -> str | None:
    """Make a request; give the code of its error."""
    operation, arguments = request
    where = {} if operation == "transact_write_items" else {"TableName": TABLE}
    try:
        getattr(client, operation)(**where, **arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def _by_part(client: Any) -> dict[str, Any]:
    return {item["part"]["S"]: item for table in (TABLE, RECORDS) for item in client.scan(TableName=table)["Items"]}
