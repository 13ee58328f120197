"""The line in DynamoDB: numbers, tickets, the door, the lease."""

import pytest

from helpdesk.storage.line import Held, LineStore, Ticket
from tests.unit.aws import Aws
from tests.unit.storage.conftest import NOW, Clock


@pytest.fixture
def line(cloud: Aws, clock: Clock) -> LineStore:
    return LineStore(cloud.client("dynamodb"), cloud.environment["CONVERSATIONS_TABLE"], clock)


def test_no_number_is_given_twice_and_tickets_come_back_in_their_order(line: LineStore) -> None:
    drawn = [line.draw(f"citizen {place}") for place in range(12)]
    assert [ticket.number for ticket in drawn] == list(range(1, 13))
    assert line.tickets(NOW // 60, 100) == tuple(drawn)
    assert line.tickets(NOW // 60, 5) == tuple(drawn[:5])
    assert line.tickets(NOW // 60 + 1, 5) == ()
    assert line.last() == 12


def test_a_ticket_that_is_taken_is_out_however_often_it_is_taken(line: LineStore) -> None:
    first, second = line.draw("one"), line.draw("two")
    line.take(first)
    line.take(first)
    assert line.tickets(first.minute, 5) == (second,)


def test_a_ticket_can_be_put_into_a_later_minute_with_its_number(line: LineStore) -> None:
    early = line.draw("one")
    late = Ticket(early.minute + 9, early.number, early.conversation_id)
    line.put(late)
    line.take(early)
    assert (line.tickets(early.minute, 5), line.tickets(late.minute, 5)) == ((), (late,))


def test_every_item_ends_by_itself(cloud: Aws, line: LineStore) -> None:
    line.draw("one")
    line.enter(began=1)
    line.lease(5)
    items = cloud.client("dynamodb").scan(TableName=cloud.environment["CONVERSATIONS_TABLE"])["Items"]
    assert sorted(item["part"]["S"] for item in items) == ["000000000001", "counter", "door", "pacer"]
    assert all(int(item["expires_at"]["N"]) > NOW for item in items)


def test_the_door_counts_by_the_minute_and_forgets_minutes_long_ago(line: LineStore, clock: Clock) -> None:
    line.enter(began=2, came=1)
    assert line.enter(began=3).began == 5
    clock.now = NOW + 60
    door = line.enter(began=1, served=4)
    assert (door.began, door.in_all, door.came, door.served) == (1, 6, 1, 4)
    clock.now = NOW + 180
    line.pace(7, "as it was", is_closed=True)
    clock.now = NOW
    door = line.enter()
    assert (door.began, door.in_all, door.called, door.pace, door.is_closed) == (0, 6, 7, "as it was", True)
    assert door.paced_at == NOW + 180


def test_one_at_a_time_holds_the_lease_and_what_it_remembers_goes_to_the_next(line: LineStore, clock: Clock) -> None:
    first = line.lease(10)
    assert first == Held("", 1)
    assert line.lease(10) is None
    assert line.remember(first, "once")
    clock.now = NOW + 10
    second = line.lease(10)
    assert second == Held("once", 2)
    assert not line.remember(first, "too late")
    clock.now = NOW + 20
    assert line.lease(10) == Held("once", 3)
