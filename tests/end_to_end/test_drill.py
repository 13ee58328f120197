"""The drill's exercises that leave the secrets alone; `make drill` does them all, and waits for the secrets."""

import pytest

from standins.local_stack import LocalStack
from tests.drill.__main__ import Drill
from tests.drill.exercises import EXERCISES, Exercise

WAITS = {"WhatsAppTokenAlarm", "OutboundSecretAlarm", "WebhookSecretAlarm", "DocumentDeniedAlarm"}
"""What is given up meanwhile comes back after a minute, or a secret is read again after half of one."""


@pytest.mark.parametrize(
    "exercise",
    [one for one in EXERCISES if one.alarm not in WAITS],
    ids=lambda exercise: exercise.alarm,
)
def test_a_fault_sets_the_alarm_off_and_its_chapter_leads_to_the_cause(stack: LocalStack, exercise: Exercise) -> None:
    Drill(stack).do(exercise)
    assert stack.simulator.world.background.settle(30)
