import json
from typing import Any

import pytest

from operations.stack import Stack
from operations.stage import redrive as command
from operations.stage.redrive import LANES, Redriven, redrive
from tests.unit.aws import Aws, aws


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def dead_letters(cloud: Aws) -> str:
    name = cloud.environment["WORK_QUEUE_URL"].rsplit("/", 1)[1].replace("work", "dead")
    return str(cloud.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"])


def bury(cloud: Aws, url: str, body: str, number: int) -> None:
    cloud.client("sqs").send_message(
        QueueUrl=url, MessageBody=body, MessageGroupId=f"c{number}", MessageDeduplicationId=f"step{number}"
    )


def remaining(cloud: Aws, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes: dict[str, Any] = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(value) for value in attributes["Attributes"].values())


def test_every_message_goes_back_to_the_work_queue(cloud: Aws, dead_letters: str) -> None:
    for number in range(12):
        bury(cloud, dead_letters, json.dumps({"conversation": f"c{number}", "step": f"step{number}"}), number)
    result = redrive(cloud.client("sqs"), dead_letters, cloud.environment["WORK_QUEUE_URL"])
    assert result == Redriven(sent=12, left=0)
    assert len(cloud.work()) == 12
    assert remaining(cloud, dead_letters) == 0


@pytest.mark.parametrize(("lanes", "expected"), [(LANES, 2), ({"DeadLetterQueueUrl": "WorkQueueUrl"}, 1)])
def test_the_messages_of_each_lane_go_back_to_their_own_queue(
    lanes: dict[str, str],
    expected: int,
    cloud: Aws,
    dead_letters: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sqs, environment = cloud.client("sqs"), cloud.environment
    replies = dead_letters.replace("dead-", "dead-replies-")
    sqs.create_queue(QueueName=replies.rsplit("/", 1)[1], Attributes={"FifoQueue": "true"})
    urls = {
        "DeadLetterQueueUrl": dead_letters,
        "WorkQueueUrl": environment["WORK_QUEUE_URL"],
        "ReplyDeadLetterQueueUrl": replies,
        "ReplyQueueUrl": environment["REPLY_QUEUE_URL"],
    }
    outputs = {name: urls[name] for pair in lanes.items() for name in pair}
    monkeypatch.setattr(command, "stack_of", lambda name: Stack(name, "CREATE_COMPLETE", "", outputs, {}))
    for url in (dead_letters, replies):
        bury(cloud, url, json.dumps({"conversation": "c1", "step": url[-12:]}), 1)

    assert command.main(["helpdesk-dev"]) == 0

    assert f"{expected} messages sent back" in capsys.readouterr().out
    assert len(cloud.replies()) == expected - 1
    assert len(cloud.work()) == 1


def test_a_message_goes_back_also_if_the_same_was_queued_just_now(cloud: Aws, dead_letters: str) -> None:
    body = json.dumps({"conversation": "c1", "step": "step1"})
    bury(cloud, cloud.environment["WORK_QUEUE_URL"], body, 1)
    bury(cloud, dead_letters, body, 1)
    redrive(cloud.client("sqs"), dead_letters, cloud.environment["WORK_QUEUE_URL"])
    assert remaining(cloud, cloud.environment["WORK_QUEUE_URL"]) == 2


def test_what_is_none_of_ours_is_left_where_it_is(cloud: Aws, dead_letters: str) -> None:
    bury(cloud, dead_letters, "not json", 1)
    bury(cloud, dead_letters, json.dumps({"conversation": "c2", "step": "s"}), 2)
    result = redrive(cloud.client("sqs"), dead_letters, cloud.environment["WORK_QUEUE_URL"])
    assert result == Redriven(sent=1, left=1)
    assert remaining(cloud, dead_letters) == 1
