"""Numbers as text for readers: fractions, losses, counts and durations."""

import math
from dataclasses import dataclass
from typing import TypeGuard


@dataclass(frozen=True)
class NumberFormat:
    """How one door writes numbers; `missing` stands for a value that is unknown or not finite.

    Durations have tenths of a second below `tenths_below` seconds, and are hours and minutes from
    `minutes_below` minutes on.
    """

    missing: str
    tenths_below: int
    minutes_below: int

    def percent(self, fraction: float | None, digits: int = 2) -> str:
        """`91.32 %` for 0.9132."""
        return f"{100 * fraction:.{digits}f} %" if _is_known(fraction) else self.missing

    def decimals(self, number: float | None) -> str:
        """`0.2713`: four decimals, for losses."""
        return f"{number:.4f}" if _is_known(number) else self.missing

    def count(self, number: float | None) -> str:
        """`1,234,567`."""
        return f"{round(number):,}" if _is_known(number) else self.missing

    def duration(self, seconds: float | None) -> str:
        """`0.8 s`, `41 s`, `3 min 20 s` or `1 h 02 min`."""
        if not _is_known(seconds):
            return self.missing
        if seconds < self.tenths_below:
            return f"{seconds:.1f} s"
        # Rounded before it is divided: 59.7 s is 1 min 00 s and never 60 s.
        minutes, remainder = divmod(round(seconds), 60)
        if minutes == 0:
            return f"{remainder} s"
        if minutes < self.minutes_below:
            return f"{minutes} min {remainder:02} s"
        return f"{minutes // 60} h {minutes % 60:02} min"


def _is_known(number: float | None) -> TypeGuard[float]:
    return number is not None and math.isfinite(number)
