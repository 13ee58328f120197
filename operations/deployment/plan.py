"""What is to be deployed: settled with the operator before anything is built, then built, uploaded and proposed."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from operations.building.build import ARCHITECTURE, build, require_architecture
from operations.deployment import changes
from operations.deployment.artifacts import package
from operations.deployment.department import FORMS, languages_without_name
from operations.deployment.questions import settle
from operations.deployment.release import RELEASE, next_release, release_of
from operations.operator import Operator, Stopped
from operations.settings import ROOT, Settings, settings_of
from operations.stack import Stack, find_stack
from operations.stage.capacity import demand_of, room_for
from operations.states import require_deployable
from operations.template import Template

QUICK_TESTS = ("tests/unit", "tests/conversations", "tests/template")
"""Those before a deployment: they need no browser, and deploy nothing themselves."""
TAKEN_BACK = "UPDATE_ROLLBACK_COMPLETE"


@dataclass(frozen=True)
class Plan:
    """A stage, its stack as it is, and the parameters that it is to have."""

    settings: Settings
    before: Stack | None
    """None: it was never deployed."""
    values: dict[str, str]


def plan(stage: str, given: Sequence[str], operator: Operator) -> Plan:
    """Settle all that can be settled without building. Raises Stopped where CloudFormation would refuse later."""
    settings = settings_of(stage)
    before = find_stack(settings.stack_name)
    if before is not None:
        require_deployable(before, settings.region)
    template = Template.read()
    values = settle(template, given, settings.parameters, before.parameters if before else None, operator)
    unnamed = languages_without_name((ROOT / FORMS).read_text(encoding="utf-8")) if stage == "prod" else []
    if unnamed:
        raise Stopped(f"{FORMS} has no name of the department in: {', '.join(unnamed)}.")
    room = room_for(settings.stack_name, demand_of(template, values), settings.region)
    operator.tell("Limit", f"Lambda: {room}")
    return Plan(settings, before, values)


def make_ready(plan: Plan, *, tested: bool) -> None:
    """Build for the processor that is deployed to, and run the quick tests. Raises Stopped."""
    build(plan.settings, plan.values[ARCHITECTURE])
    if tested:
        return
    words = [sys.executable, "-m", "pytest", "--quiet", *QUICK_TESTS]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:  # noqa: S603 - our own words
        raise Stopped("The tests do not pass; see above. Nothing was deployed.")


def propose(plan: Plan) -> str | None:
    """Upload the build, and have CloudFormation work out what would change. Return the change set's name.

    None if nothing would change. Raises Stopped.
    """
    settings, values = plan.settings, plan.values
    # Looked at again: a build may lie there from another day, for another stage.
    require_architecture(settings.build, values[ARCHITECTURE])
    built = Template.read(settings.build / "template.yaml")
    before = plan.before
    if RELEASE in built.parameters:
        values = values | {
            RELEASE: next_release(
                release_of(built, settings.build, values),
                before.parameters.get(RELEASE, "") if before else "",
                rolled_back_at=before.changed_at if before and before.status == TAKEN_BACK else None,
            )
        }
    packaged = package(settings, values)
    return changes.propose(settings, packaged, values, first=before is None)
