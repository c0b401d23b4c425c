"""How many readings a question takes: the power of Welch's tests for samples of equal size."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from toile.statistics.welch import sample

ALPHA = 0.05
"""The error rate of a verdict unless asked otherwise, of all pairs together."""
POWER = 0.8
MOST = 10_000
"""The most readings a level that are computed."""


@dataclass(frozen=True)
class RequiredReadings:
    """How many readings a level a study will need.

    `better` of them show a difference of the margin four times in five, `same` show two of several
    equal levels the same within it; None where that is over 10,000. `chances` is the latter's
    chance for a pair by number of readings.
    """

    better: int | None
    same: int | None
    chances: dict[int, float]


def required_readings(
    sd: float, margin: float, levels: int, alpha: float = ALPHA
) -> RequiredReadings:
    """What a study of two or more `levels` will need, were all readings spread by `sd`, above 0."""
    return RequiredReadings(
        readings_to_tell_apart(margin, sd, sd, alpha / math.comb(levels, 2)),
        _first(lambda n: chance_of_same(sd, margin, n, levels, alpha) >= POWER),
        {n: chance_of_same(sd, margin, n, levels, alpha) for n in (5, 10, 20)},
    )


@lru_cache(maxsize=1024)
def chance_of_same(sd: float, margin: float, n: int, levels: int, alpha: float = ALPHA) -> float:
    """The fraction of pairs among `levels` equal levels of `n` readings that are called the same.

    By simulation of about 40,000 pairs, always the same ones: Holm's correction lends the pairs
    each other's strength, for which there is no formula.
    """
    first, second = np.triu_indices(levels, 1)
    tables = max(40_000 // len(first), 200)
    rng = np.random.default_rng(0)
    means = sd / math.sqrt(n) * rng.standard_normal((tables, levels))
    errors = sd**2 / n * rng.chisquare(n - 1, (tables, levels)) / (n - 1)
    variance = errors[:, first] + errors[:, second]
    degrees = (n - 1) * variance**2 / (errors[:, first] ** 2 + errors[:, second] ** 2)
    gaps = np.abs(means[:, first] - means[:, second])
    p = np.sort(special.stdtr(degrees, (gaps - margin) / np.sqrt(variance)), axis=1)
    # Holm: each is tested among those left, and after the first that fails all others fail.
    passed = np.logical_and.accumulate(p * np.arange(len(first), 0, -1) <= alpha, axis=1)
    return float(passed.mean())


def pooled_sd(tables: Sequence[Sequence[float]]) -> float | None:
    """The spread of readings about their own level's mean; None before a level has two."""
    samples = [sample(readings) for readings in tables if len(readings) > 1]
    if not samples:
        return None
    squares = sum((level.n - 1) * level.variance for level in samples)
    return math.sqrt(squares / sum(level.n - 1 for level in samples))


def readings_to_tell_apart(
    gap: float, first_sd: float, second_sd: float, alpha: float
) -> int | None:
    """Readings a level for which means `gap` apart are told apart with probability `POWER`.

    None where more than 10,000 would be needed.
    """
    return _first(lambda n: _power_apart(abs(gap), first_sd, second_sd, n, alpha) >= POWER)


def readings_to_call_same(
    gap: float, first_sd: float, second_sd: float, margin: float, alpha: float
) -> int | None:
    """Readings a level for which means `gap` apart are shown, as often, to lie within `margin`.

    None where more than 10,000 would be needed, as where the gap is the margin or more.
    """
    if abs(gap) >= margin:
        return None
    return _first(lambda n: _power_same(abs(gap), first_sd, second_sd, margin, n, alpha) >= POWER)


def _first(enough: Callable[[int], bool]) -> int | None:
    """The least number from 2 to 10,000 that is enough; more is enough too."""
    if not enough(MOST):
        return None
    low, high = 1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _error(first_sd: float, second_sd: float, n: int) -> tuple[float, float]:
    first, second = first_sd**2 / n, second_sd**2 / n
    return math.sqrt(first + second), (n - 1) * (first + second) ** 2 / (first**2 + second**2)


def _power_apart(gap: float, first_sd: float, second_sd: float, n: int, alpha: float) -> float:
    error, degrees = _error(first_sd, second_sd, n)
    bar = -special.stdtrit(degrees, alpha / 2)
    # The chance of the wrong sign is left out; it is negligible where the power is of use.
    below = float(special.nctdtr(degrees, gap / error, bar))
    # scipy gives NaN far out, where the chance of missing it is negligible.
    return 1.0 if math.isnan(below) else 1.0 - below


def _power_same(
    gap: float, first_sd: float, second_sd: float, margin: float, n: int, alpha: float
) -> float:
    # Two one-sided tests by shifted central t: within .01 of the exact power from n = 5 on.
    error, degrees = _error(first_sd, second_sd, n)
    bar = -float(special.stdtrit(degrees, alpha))
    above = special.stdtr(degrees, (margin - gap) / error - bar)
    below = special.stdtr(degrees, -(margin + gap) / error + bar)
    return max(float(above - below), 0.0)
