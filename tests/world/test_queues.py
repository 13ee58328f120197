"""The model of SQS behaves as its Developer Guide says."""

import pytest

from tests.replay.desk import Clock
from tests.world.queues import DEDUPLICATION_SECONDS, Message, Queue, StaleReceipt


@pytest.fixture
def clock() -> Clock:
    return Clock(0)


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue("work", clock, fifo=True, visibility_seconds=60, most_receives=8)


def send(queue: Queue, *bodies: str, group: str = "asha") -> None:
    for body in bodies:
        queue.send(body, group=group, deduplication=body)


def received(queue: Queue) -> Message:
    message = queue.receive()
    assert message is not None
    return message


def test_the_messages_of_a_group_come_in_order_and_one_at_a_time(queue: Queue) -> None:
    send(queue, "one", "two")

    first = received(queue)

    assert first.body == "one"
    assert queue.receive() is None
    queue.delete(first.receipt)
    assert received(queue).body == "two"


def test_a_message_in_flight_does_not_hold_up_other_groups(queue: Queue) -> None:
    send(queue, "hers")
    send(queue, "his", group="ravi")

    assert [received(queue).body, received(queue).body] == ["hers", "his"]


def test_a_message_that_is_not_deleted_comes_back_after_the_visibility_timeout_before_what_follows(
    queue: Queue, clock: Clock
) -> None:
    send(queue, "one", "two")
    first = received(queue)
    assert first.receives == 1

    clock.now = 59
    assert queue.receive() is None
    clock.now = 60

    again = received(queue)
    assert (again.body, again.receives) == ("one", 2)


def test_the_visibility_can_be_changed(queue: Queue, clock: Clock) -> None:
    send(queue, "one")
    clock.now = 10

    queue.change_visibility(received(queue).receipt, 4)

    assert queue.next_at() == 14
    clock.now = 13
    assert queue.receive() is None
    clock.now = 14
    assert received(queue).body == "one"


def test_an_old_receipt_is_good_for_nothing(queue: Queue, clock: Clock) -> None:
    send(queue, "one")
    old = received(queue).receipt
    clock.now = 60

    with pytest.raises(StaleReceipt):
        queue.delete(old)
    new = received(queue).receipt
    with pytest.raises(StaleReceipt):
        queue.change_visibility(old, 0)
    queue.delete(new)
    assert len(queue) == 0


def test_a_duplicate_within_five_minutes_is_forgotten_even_when_the_first_is_done(queue: Queue, clock: Clock) -> None:
    assert queue.send("one", group="asha", deduplication="step")
    queue.delete(received(queue).receipt)

    clock.now = DEDUPLICATION_SECONDS - 1
    assert not queue.send("one", group="asha", deduplication="step")
    assert queue.receive() is None
    clock.now = DEDUPLICATION_SECONDS
    assert queue.send("one", group="asha", deduplication="step")
    assert received(queue).body == "one"


def test_a_duplicate_does_not_lengthen_the_five_minutes(queue: Queue, clock: Clock) -> None:
    queue.send("one", group="asha", deduplication="step")
    clock.now = 200
    queue.send("one", group="asha", deduplication="step")

    clock.now = DEDUPLICATION_SECONDS

    assert queue.send("one", group="asha", deduplication="step")


def test_deduplication_is_by_group(queue: Queue) -> None:
    assert queue.send("one", group="asha", deduplication="step")
    assert queue.send("one", group="ravi", deduplication="step")


def test_after_the_last_receive_a_message_goes_to_the_dead_letter_queue_and_frees_its_group(
    queue: Queue, clock: Clock
) -> None:
    send(queue, "poison", "two")
    for receives in range(1, 9):
        assert received(queue).receives == receives
        clock.now += 60

    after = received(queue)

    assert after.body == "two"
    assert [message.body for message in queue.dead_letters] == ["poison"]


def test_a_fifo_message_names_its_group_and_its_deduplication_id(queue: Queue) -> None:
    with pytest.raises(ValueError, match="names its group"):
        queue.send("one", group="asha")


def test_a_standard_queue_holds_a_message_back_and_no_other(clock: Clock) -> None:
    queue = Queue("timer", clock)
    queue.send("late", delay=900)
    queue.send("soon")
    queue.send("soon")

    assert [received(queue).body, received(queue).body] == ["soon", "soon"]
    assert queue.next_at() == 60
    clock.now = 900
    bodies = {received(queue).body for _ in range(3)}
    assert bodies == {"late", "soon"}
