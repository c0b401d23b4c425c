"""Numbers as text for readers. A missing value, or one that is not finite, is a dash."""

import math
from collections.abc import Sequence
from typing import TypeGuard

from toile.evaluation import Estimate

DASH = "–"  # noqa: RUF001, an en dash is what a table leaves open


def percent(fraction: float | None) -> str:
    """`91.32 %` for 0.9132."""
    return f"{100 * fraction:.2f} %" if _known(fraction) else DASH


def with_ends(estimate: Estimate) -> str:
    """`91.32 % (90.5 to 92.1)`, in percent."""
    if not _known(estimate.value):
        return DASH
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{percent(estimate.value)} ({low:.1f} to {high:.1f})"


def count(number: int | None) -> str:
    """`1,234,567`."""
    return DASH if number is None else f"{number:,}"


def decimals(number: float | None) -> str:
    """`0.2713`: four decimals, for losses."""
    return f"{number:.4f}" if _known(number) else DASH


def duration(seconds: float | None) -> str:
    """`0.8 s`, `41 s`, `3 min 20 s` or `1 h 02 min`."""
    if not _known(seconds):
        return DASH
    if seconds < 10:
        return f"{seconds:.1f} s"
    # Rounded before it is divided: 59.7 s is 1 min 00 s and never 60 s.
    minutes, remainder = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{remainder} s"
    if minutes < 60:
        return f"{minutes} min {remainder:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def shape(sizes: Sequence[int]) -> str:
    """`32 × 26 × 26`, channels first."""  # noqa: RUF002
    return " × ".join(f"{size:,}" for size in sizes)  # noqa: RUF001


def _known(number: float | None) -> TypeGuard[float]:
    return number is not None and math.isfinite(number)
