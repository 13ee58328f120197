"""One run: a crowd in a world, and the auditor at its end. The same seed gives the same run."""

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.simulation import promises  # noqa: F401 - laws
from tests.simulation.acts import Act, Player, simpler
from tests.simulation.auditor import Finding, audit
from tests.simulation.citizens import Crowd, Setup, setup
from tests.world.record import Event, Received
from tests.world.world import World


@dataclass(frozen=True)
class Run:
    """What was done, what happened, and which laws it breaks."""

    setup: Setup
    acts: tuple[Act, ...]
    record: tuple[Event, ...]
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> frozenset[str]:
        """The names of the laws that it breaks."""
        return frozenset(finding.law for finding in self.findings)


def run(seed: int) -> Run:
    """Draw a run from a seed, and look at it."""
    return _played(setup(seed), lambda player, drawn: Crowd(drawn, player).acts())


def replay(drawn: Setup, acts: Sequence[Act], *, sweeps: bool = False) -> Run:
    """Play a history."""
    return _played(drawn, lambda *_: acts, sweeps=sweeps)


def _played(drawn: Setup, acts_of: Callable[[Player, Setup], Iterable[Act]], *, sweeps: bool = False) -> Run:
    world = World(drawn.seed, lines=list(drawn.lines), settings=dict(drawn.settings), sweeps=sweeps, rush=drawn.rush)
    played = []
    collecting = gc.isenabled()
    gc.disable()  # a run is over before there is much to collect
    try:
        world.digilocker.accounts.token_seconds = drawn.token_seconds
        with world:
            player = Player(world)
            for act in acts_of(player, drawn):
                played.append(act)
                player.play(act)
    finally:
        if collecting:
            gc.enable()
    return Run(drawn, tuple(played), tuple(world.record), tuple(audit(drawn, world)))


def shrunk(failed: Run) -> Run:
    """Leave out of a history whatever is not needed to break one of the laws that it breaks."""
    law = min(failed.broken)
    best = failed
    size = max(1, len(best.acts) // 2)
    while size:
        start = 0
        while start < len(best.acts):
            shorter = (*best.acts[:start], *best.acts[start + size :])
            tried = replay(best.setup, shorter)
            if law in tried.broken:
                best = tried
            else:
                start += size
        size //= 2
    for place, act in enumerate(best.acts):
        for easier in simpler(act):
            tried = replay(best.setup, (*best.acts[:place], easier, *best.acts[place + 1 :]))
            if law in tried.broken:
                best = tried
    return best


def transcript(failed: Run) -> str:
    """Write what was done and what the desk said to it, and which laws that breaks."""
    world = World(
        failed.setup.seed,
        lines=list(failed.setup.lines),
        settings=dict(failed.setup.settings),
        rush=failed.setup.rush,
    )
    world.digilocker.accounts.token_seconds = failed.setup.token_seconds
    lines = [f"seed {failed.setup.seed}: {', '.join(f'{name}={value}' for name, value in failed.setup.settings)}"]
    with world:
        player, read = Player(world), 0
        for act in failed.acts:
            lines.append(str(act))
            player.play(act)
            lines += [_told(event) for event in world.record[read:] if isinstance(event, Received)]
            read = len(world.record)
    return "\n".join([*lines, *(f"BROKEN {finding}" for finding in failed.findings)])


def _told(received: Received) -> str:
    return f"  {received.line[-2:]} <- {' / '.join(received.text.split(chr(10)))[:160]}"
