import pytest

from helpdesk.conversation.effects import RecordConsent
from helpdesk.storage.records import RecordStore
from tests.unit.aws import Aws, aws

NOW = 1_800_000_000


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cloud(moto: None) -> Aws:
    return aws()


@pytest.fixture
def clock() -> Clock:
    return Clock()


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


def test_the_otps_of_a_number_are_counted_each_once_up_to_the_most(
    cloud: Aws, records: RecordStore, clock: Clock
) -> None:
    assert records.count_otp("number", "one", 2)
    assert records.count_otp("number", "one", 2)
    assert records.count_otp("number", "two", 2)
    assert not records.count_otp("number", "three", 2)
    assert not records.count_otp("number", "three", 2)
    assert records.count_otp("number", "two", 2)
    assert records.count_otp("another number", "three", 2)
    clock.now += 3600
    assert records.count_otp("number", "three", 2)
    assert cloud.items() == {}
