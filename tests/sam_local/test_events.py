"""`sam local invoke` with every event: the answer, and what comes of it."""

from collections.abc import Callable

import pytest

from events.make import IN_CHAT, ON_PAGE, Fresh, expectations
from standins.local_stack import LocalStack
from tests.fresh_events import answer_of, check_what_came
from tests.sam_local.conftest import Run

# Only what there is nowhere else: each event costs seconds.
EVENTS_ON_PAGE = [event for event in expectations(ON_PAGE) if event not in expectations(IN_CHAT)]


@pytest.mark.parametrize("event", expectations(IN_CHAT))
def test_an_event_is_answered_and_does_what_it_is_for(
    stack: LocalStack, fresh: Fresh, run: Run, event: str, record_property: Callable[[str, object], None]
) -> None:
    check(stack, fresh, run, event, record_property)


@pytest.mark.parametrize("stack", [ON_PAGE], indirect=True)
@pytest.mark.parametrize("event", EVENTS_ON_PAGE)
def test_an_event_of_signing_in_on_digilockers_page_does_so_too(
    stack: LocalStack, fresh: Fresh, run: Run, event: str, record_property: Callable[[str, object], None]
) -> None:
    check(stack, fresh, run, event, record_property)


def check(
    stack: LocalStack, fresh: Fresh, run: Run, event: str, record_property: Callable[[str, object], None]
) -> None:
    """See what came of an event, and have it printed."""
    invoked = run.invoked[event].result()
    answer = answer_of(invoked.answer)
    record_property("event", event)
    record_property("answer", answer if isinstance(answer, int) else f"{len(answer)} failed")
    record_property("seconds", invoked.seconds)
    assert answer == expectations()[event]["answer"], invoked.said
    check_what_came(stack, run.phones, fresh, event, invoked.answer)


def test_every_event_is_invoked() -> None:
    assert {*expectations(IN_CHAT), *EVENTS_ON_PAGE} == expectations().keys()
