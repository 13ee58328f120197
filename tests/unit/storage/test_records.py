import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.conversation.effects import RecordConsent
from helpdesk.storage.records import Counted, Otp, OtpLimits, RecordStore
from tests.unit.aws import Aws
from tests.unit.storage.conftest import NOW, Clock


@pytest.fixture
def records(cloud: Aws, clock: Clock) -> RecordStore:
    return RecordStore(cloud.client("dynamodb"), cloud.environment["RECORDS_TABLE"], clock)


def test_a_consent_is_a_record_of_its_own(cloud: Aws, records: RecordStore) -> None:
    records.record_consent("c", RecordConsent("2026-11-24", "hi", NOW), 100)
    record = cloud.records()[f"consent#{NOW}"]
    assert record["conversation"] == {"S": "c"}
    assert record["version"] == {"S": "2026-11-24"}
    assert record["expires_at"] == {"N": str(NOW + 100)}
    assert cloud.items() == {}


def test_an_otp_counts_once_for_its_step_and_for_each_of_its_numbers(cloud: Aws, records: RecordStore) -> None:
    limits = OtpLimits(pause_seconds=0, hour=2, day=20)
    assert records.count_otps(["number", "mobile"], "one", limits) == Counted()
    assert records.count_otps(["number", "mobile"], "one", limits) == Counted(before=True)
    assert records.count_otps(["number"], "two", limits).wait == 0
    assert records.count_otps(["number"], "three", limits).wait == 3600
    assert records.count_otps(["mobile"], "three", limits).wait == 0
    assert records.count_otps(["number", "another"], "four", limits).wait == 3600
    assert records.count_otps(["another"], "four", OtpLimits(0, 1, 1)).wait == 0  # what is refused is counted for none
    assert cloud.items() == {}


@given(gaps=st.lists(st.sampled_from((0, 1, 30, 59, 60, 61, 599, 1200, 3599, 3600, 40_000)), max_size=60))
def test_no_hour_and_no_day_has_more_otps_than_allowed_wherever_it_begins(gaps: list[int]) -> None:
    limits, now = OtpLimits(60, 5, 20), NOW
    otps: tuple[Otp, ...] = ()
    for count, gap in enumerate(gaps):
        now += gap
        if wait := limits.wait(otps, now):
            assert limits.wait(otps, now + wait) == 0
        else:
            otps = (*otps, Otp(now, f"{count}"))
    times = [otp.at for otp in otps]
    assert all(later - earlier >= 60 for earlier, later in pairwise(times))
    assert all(sum(at <= other < at + 3600 for other in times) <= 5 for at in times)
    assert all(sum(at <= other < at + 86_400 for other in times) <= 20 for at in times)


def test_of_two_phones_that_ask_at_once_for_the_last_otp_one_gets_it(
    cloud: Aws, records: RecordStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = OtpLimits(60, 5, 20)
    read, other = records._otps, RecordStore(cloud.client("dynamodb"), cloud.environment["RECORDS_TABLE"], clock)
    first: list[int] = []

    def meanwhile(mark: str, now: int) -> object:
        found = read(mark, now)
        if not first:
            first.append(other.count_otps([mark], "other phone", limits).wait)
        return found

    monkeypatch.setattr(records, "_otps", meanwhile)
    assert records.count_otps(["number"], "this phone", limits).wait == 60
    assert first == [0]


def test_an_otp_that_was_not_sent_is_taken_back_but_what_was_compared_goes_on_counting(records: RecordStore) -> None:
    limits = OtpLimits(pause_seconds=60, hour=2, day=20)
    assert records.count_otps(["number"], "one", limits).wait == 0
    assert records.count_otps(["number"], "two", limits).wait == 60
    records.take_back(["number"], "one", compared=False)
    assert records.count_otps(["number"], "two", limits).wait == 0
    records.take_back(["number"], "two", compared=True)
    assert records.count_otps(["number"], "three", limits).wait == 0
    records.take_back(["number"], "three", compared=True)
    assert records.count_otps(["number"], "four", limits).wait == 3600


def test_what_is_kept_of_a_number_is_the_last_days_and_goes_by_itself(
    cloud: Aws, records: RecordStore, clock: Clock
) -> None:
    limits = OtpLimits(0, 100, 100)
    for count in range(50):
        clock.now += 3600
        assert records.count_otps(["number"], f"{count}", limits).wait == 0
    item = cloud.records()["otps"]
    assert len(json.loads(item["sent"]["S"])) == 24
    assert int(item["expires_at"]["N"]) == clock.now + 86_400
