"""Whether readings rise or fall along levels that are numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Trend:
    """The line through the readings: `slope` for each step of `per`, with its interval.

    `per` is `doubling` where the levels are geometric, else `unit`.
    """

    slope: float
    low: float
    high: float
    p: float
    per: str

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return dict(vars(self))


def find_trend(
    levels: Sequence[float],
    readings: Sequence[Sequence[float]],
    alpha: float,
    most: float = math.inf,
) -> Trend | None:
    """The slope over three or more numeric levels; None over fewer, or without a spread.

    No end of its interval is steeper than a line through readings between 0 and `most` can be.
    Least squares whose error holds for levels of differing spread (HC3: MacKinnon and White 1985,
    J. Econom. 29, 305-325).
    """
    if len(levels) < 3 or len(set(levels)) < 3:
        return None
    geometric = is_geometric(levels)
    positions = np.log2(levels) if geometric else np.asarray(levels, np.float64)
    x = np.repeat(positions, [len(values) for values in readings])
    y = np.concatenate([np.asarray(values, np.float64) for values in readings])
    design = np.stack([np.ones_like(x), x - x.mean()], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ y
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residuals = (y - design @ fitted) / (1 - leverage)
    spread = inverse @ (design.T * residuals**2) @ design @ inverse
    slope, error, degrees = float(fitted[1]), math.sqrt(spread[1, 1]), len(y) - 2
    if not error > 0:
        return None
    reach = float(-special.stdtrit(degrees, alpha / 2)) * error
    p = float(2 * special.stdtr(degrees, -abs(slope) / error))
    # The slope is a weighted sum of readings; the steepest has `most` where weights are positive.
    steepest = most * float(np.clip((inverse @ design.T)[1], 0, None).sum())
    low, high = max(slope - reach, -steepest), min(slope + reach, steepest)
    return Trend(slope, low, high, p, "doubling" if geometric else "unit")


def is_geometric(levels: Sequence[float]) -> bool:
    """Whether neighbours stand in steadier ratios than distances: 8, 16, 32 or 1e-4, 1e-2, 1."""
    if min(levels) <= 0:
        return False
    ordered = np.sort(np.asarray(levels, np.float64))
    ratios, gaps = np.diff(np.log(ordered)), np.diff(ordered)
    return bool(ratios.std() / ratios.mean() < gaps.std() / gaps.mean())
