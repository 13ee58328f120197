"""The peak of each function's memory over a conversation with the largest PDF: by link, then as a file."""

import time
from collections.abc import Iterator

from standins.digilocker.citizens import everyone
from standins.digilocker.documents import Flaw
from tests.benchmarks.deployment import Deployment, direct_session
from tests.benchmarks.figures import Figure
from tests.benchmarks.latency import choose, sign_in
from tests.memory import peak_memory_of

CITIZEN = 700_000
HOLDER = "JOSEPH MATHEW"
SETTLED_SECONDS = 2.0


def figures(deployment: Deployment) -> Iterator[Figure]:
    """Have the conversation, and look at what the functions' processes have taken at the most."""
    holder = next(one for one in everyone() if one.name == HOLDER)
    number = next(number for number, one in enumerate(holder.issued, start=1) if one.flaw is Flaw.LARGE)
    faults = deployment.stack.simulator.world.faults
    faults.set({"whatsapp": {"status_order": "in-order", "fetch": {"status": 403}}})
    sign_in(deployment, CITIZEN, holder)
    with direct_session() as session:
        choose(deployment, session, CITIZEN, number)
    time.sleep(SETTLED_SECONDS)  # the statuses of the last message, and what follows from them
    faults.set({"whatsapp": {"status_order": "none"}})
    for name in ("webhook", "document"):
        peaks = peak_memory_of(deployment.stack.physical_id(f"{name.title()}Function"))
        yield Figure(f"peak_mb.{name}", max(peaks) / 1024, "MB", 200.0)
