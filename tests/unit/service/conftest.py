import pytest

from tests.unit.service.desk import Desk, desk


@pytest.fixture(name="desk")
def desk_fixture(moto: None) -> Desk:
    return desk()
