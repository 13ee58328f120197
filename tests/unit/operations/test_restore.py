"""Consents come back from a table restored to a moment before they were lost."""

import datetime as dt
from typing import Any

import pytest

from operations.stack import Stack
from operations.stage import restore as command
from tests.unit.aws import aws


def item(part: str, text: str = "agreed") -> dict[str, Any]:
    return {"conversation": {"S": "c"}, "part": {"S": part}, "text": {"S": text}}


def test_lost_consents_come_back_and_those_that_are_there_stay(
    moto: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = aws()
    dynamodb, table = cloud.client("dynamodb"), cloud.environment["RECORDS_TABLE"]
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    for one in (item("consent#1"), item("consent#2"), item("otps")):
        dynamodb.put_item(TableName=table, Item=one)
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName="restored", RestoreDateTime=dt.datetime.now(dt.UTC)
    )
    for part in ("consent#1", "otps"):
        dynamodb.delete_item(TableName=table, Key={"conversation": {"S": "c"}, "part": {"S": part}})
    dynamodb.put_item(TableName=table, Item=item("consent#2", "withdrawn"))
    monkeypatch.setattr(command, "stack_of", lambda name: Stack(name, "", "", {"RecordsTableName": table}, {}))

    assert command.main(["helpdesk-prod", "restored"]) == 0
    assert command.main(["helpdesk-prod", "restored"]) == 0

    found = {one["part"]["S"]: one["text"]["S"] for one in dynamodb.scan(TableName=table)["Items"]}
    assert found == {"consent#1": "agreed", "consent#2": "withdrawn"}
    assert capsys.readouterr().out.splitlines() == ["1 consents copied.", "0 consents copied."]
