"""Numbers as text for readers. A missing value, or one that is not finite, is a dash."""

import math
from collections.abc import Sequence

from toile.evaluation import Estimate
from toile.quantities import NumberFormat

DASH = "–"  # noqa: RUF001, an en dash is what a table leaves open
PAGE = NumberFormat(missing=DASH, tenths_below=10, minutes_below=60)
percent, decimals, count, duration = PAGE.percent, PAGE.decimals, PAGE.count, PAGE.duration


def with_ends(estimate: Estimate) -> str:
    """`91.32 % (90.5 to 92.1)`, in percent."""
    if not math.isfinite(estimate.value):
        return DASH
    low, high = 100 * estimate.low, 100 * estimate.high
    return f"{percent(estimate.value)} ({low:.1f} to {high:.1f})"


def shape(sizes: Sequence[int]) -> str:
    """`32 × 26 × 26`, channels first."""  # noqa: RUF002
    return " × ".join(f"{size:,}" for size in sizes)  # noqa: RUF001
