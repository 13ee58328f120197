"""`sam local invoke` with every event: the answer, and what comes of it."""

from collections.abc import Callable

import pytest

from operations.events import EVENTS, Fresh, expectations
from simulator.local_stack import LocalStack
from tests.fresh_events import answer_of, check_what_came
from tests.sam_local.conftest import Run

ON_THIS_STACK = [event for event in expectations() if not event.startswith("consent/")]
"""Citizens sign in in the chat here, so the consent function is not deployed; tests/unit/functions runs its events."""


@pytest.mark.parametrize("event", ON_THIS_STACK)
def test_an_event_is_answered_and_does_what_it_is_for(
    stack: LocalStack, fresh: Fresh, run: Run, event: str, record_property: Callable[[str, object], None]
) -> None:
    invoked = run.invoked[event].result()
    answer = answer_of(invoked.answer)
    record_property("event", event)
    record_property("answer", answer if isinstance(answer, int) else f"{len(answer)} failed")
    record_property("seconds", invoked.seconds)
    assert answer == expectations()[event]["answer"], invoked.said
    check_what_came(stack, run.phones, fresh, event)


def test_every_event_is_known(fresh: Fresh) -> None:
    there = {str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json")}
    assert there == expectations().keys()
