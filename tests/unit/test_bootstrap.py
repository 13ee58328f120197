"""The start of a function."""

import gc
from collections.abc import Iterator

import pytest

from helpdesk.bootstrap import gc_frozen


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def looked_at(one: object) -> bool:
    return any(other is one for other in gc.get_objects())


def test_the_garbage_collector_does_not_look_at_what_is_built_gc_frozen() -> None:
    with gc_frozen():
        assert not gc.isenabled()
        built: list[object] = [[]]
        assert looked_at(built)
    assert gc.isenabled()
    assert not looked_at(built)
    later: list[object] = [[]]
    assert looked_at(later)


def test_the_garbage_collector_works_again_after_a_start_that_failed() -> None:
    with pytest.raises(KeyError), gc_frozen():
        raise KeyError
    assert gc.isenabled()
