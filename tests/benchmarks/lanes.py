"""Menus while DigiLocker is busy: citizens who begin within a minute, with two lanes and, in the same run, with one.

Each goes from *Hi* to the Aadhaar number, types an OTP that is wrong, and is back at the menu: five replies that need
nothing of DigiLocker, and three calls there. The local AWS does one job of a FIFO queue at a time, so DigiLocker's 0.7
s keep the work lane busy for longer than the citizens take to come.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from standins.digilocker.aadhaar import UIDAI_TEST_NUMBERS
from tests.benchmarks.deployment import Deployment, direct_session
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import percentile

CITIZENS, SECONDS = 40, 60.0
DIGILOCKER_SECONDS = 0.7
"""What each call to DigiLocker takes."""
MOST_SECONDS = 300.0
"""How long a reply is waited for."""
GLANCE_SECONDS = 0.02
SEED = 1
PARAMETERS = {"OtpsPerNumberPerHour": "1000", "OtpsPerNumberPerDay": "1000"}
"""The citizens share the Aadhaar numbers that UIDAI publishes for tests."""

type Lanes = Literal["two", "one"]
LANES: tuple[Lanes, Lanes] = ("two", "one")
type Ask = Callable[[int, int, str], float]
"""Has a citizen send her message of a number. Returns the seconds until the reply to it was taken."""


@dataclass
class Waits:
    """Seconds from a message to its reply: of what needs nothing of DigiLocker, and of what does."""

    menu: list[float] = field(default_factory=list)
    asking: list[float] = field(default_factory=list)


def script(citizen: int) -> tuple[tuple[str, bool], ...]:
    """Return what a citizen writes, and whether DigiLocker has to answer it."""
    number = sorted(UIDAI_TEST_NUMBERS)[citizen % len(UIDAI_TEST_NUMBERS)]
    return (
        ("Hi", False),
        ("1", False),
        ("yes", False),
        ("I agree", False),
        (number, True),
        ("000000", True),
        ("menu", False),
    )


def walked(ask: Ask, citizens: int, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Waits:
    """Have so many citizens begin within so many seconds; each goes on a moment after she was answered."""
    waits = Waits()

    def walk(citizen: int) -> None:
        chance = random.Random(SEED + citizen)  # noqa: S311 - no secret
        sleep(chance.uniform(0, seconds))
        for number, (text, asks) in enumerate(script(citizen)):
            (waits.asking if asks else waits.menu).append(ask(citizen, number, text))
            sleep(chance.uniform(1, 3))

    with ThreadPoolExecutor(citizens) as pool:
        for walking in [pool.submit(walk, citizen) for citizen in range(citizens)]:
            walking.result()
    return waits


def runs(deployment: Deployment) -> dict[Lanes, Waits]:
    """Have the same citizens walk with two lanes and with one, after some that nobody counts. Raises TimeoutError."""
    slow = {"delay": DIGILOCKER_SECONDS, "times": 1_000_000}
    deployment.stack.simulator.world.faults.set({"digilocker": {"*": slow}})
    walked(_asking(deployment, 700_000), 5, 1.0)
    found: dict[Lanes, Waits] = {"two": walked(_asking(deployment, 710_000), CITIZENS, SECONDS)}
    with _one_lane(deployment):
        found["one"] = walked(_asking(deployment, 720_000), CITIZENS, SECONDS)
    return found


def _asking(deployment: Deployment, first: int) -> Ask:
    def ask(citizen: int, number: int, text: str) -> float:
        her = first + citizen
        body = deployment.text("desk", her, f"wamid.lanes.{her}.{number}", text)
        began = time.monotonic()
        with direct_session() as session:
            if deployment.post(session, "desk", body) != HTTPStatus.OK:
                raise TimeoutError(f"{text} was not taken")
        while time.monotonic() - began < MOST_SECONDS:
            if len(deployment.replies("desk", her)) > number:
                return time.monotonic() - began
            time.sleep(GLANCE_SECONDS)
        raise TimeoutError(f"no reply to {text}")

    return ask


@contextmanager
def _one_lane(deployment: Deployment) -> Iterator[None]:
    """Have the webhook queue everything as work, in a version of its own: as releases without a reply lane did."""
    functions = deployment.stack.client("lambda")
    name = deployment.stack.physical_id("WebhookFunction")
    deployed = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    single = variables | {"REPLY_QUEUE_URL": variables["WORK_QUEUE_URL"]}
    try:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": single})
        version = functions.publish_version(FunctionName=name)["Version"]
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
        yield
    finally:
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=deployed)
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def figures(found: Mapping[Lanes, Waits]) -> Iterator[Figure]:
    """Say how long replies took with two lanes, beside one."""
    wanted: Mapping[tuple[Lanes, int], float] = {("two", 50): 300, ("two", 99): 1000}
    for lanes in LANES:
        for percent in (50, 99):
            menu = percentile(found[lanes].menu, percent) * 1000
            yield Figure(f"lanes.{lanes}_menu_p{percent}_ms", menu, "ms", wanted.get((lanes, percent)))
        for percent in (50, 99):
            yield Figure(f"lanes.{lanes}_asking_p{percent}_s", percentile(found[lanes].asking, percent), "s")
    yield Figure("lanes.menus", len(found["two"].menu), "replies")
