import json
from typing import Any

import pytest

from operations.stage.redrive import Redriven, redrive
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
