"""A figure that was measured, and the line that shows it."""

from dataclasses import dataclass

BAR = 24
"""Letters of a bar that reaches what is wanted."""


@dataclass(frozen=True)
class Figure:
    """Something measured. `wanted` is the most it may be (the least, if `at_least`), None where nothing is wanted."""

    name: str
    value: float
    unit: str
    wanted: float | None = None
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is as wanted."""
        if self.wanted is None:
            return True
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted

    def line(self) -> str:
        """Write it with a bar; the mark stands where the bar should end, or be past."""
        wanted, bar = "", ""
        if self.wanted is not None:
            filled = (
                round(BAR * max(0.0, min(self.value / self.wanted, 1.5))) if self.wanted else BAR * bool(self.value)
            )
            whole = "█" * filled + "·" * max(0, BAR - filled)
            bar = f"{whole[:BAR]}│{whole[BAR:]}"
            wanted = f"{'≥' if self.at_least else '≤'} {written(self.wanted)}"
        missed = "" if self.is_met else "  missed"
        return f"{self.name:38} {written(self.value):>10} {self.unit:7} {wanted:>12}  {bar}{missed}".rstrip()


def written(value: float) -> str:
    """Write a number in three digits, or all of a whole one."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
