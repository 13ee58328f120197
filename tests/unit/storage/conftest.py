"""What the tests of both tables need: a mocked AWS, and a clock that they set."""

import pytest

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
