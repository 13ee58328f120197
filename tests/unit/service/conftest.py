import pytest

from tests.unit.service.desk import Desk, desk


@pytest.fixture(name="desk")
def desk_fixture() -> Desk:
    return desk()
