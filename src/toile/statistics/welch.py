"""Welch's tests: means of samples whose spreads may differ.

From counts, means and variances alone. Welch 1947, Biometrika 34, 28-35; 1951, Biometrika 38,
330-336.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

ROUNDING = 1e-12
"""Accuracies that differ by less are equal: one of a million images is a millionth."""


@dataclass(frozen=True)
class Sample:
    """A level's readings in short; `variance` is NaN for one reading."""

    n: int
    mean: float
    variance: float

    @property
    def sd(self) -> float:
        """The spread of single readings."""
        return math.sqrt(self.variance)

    @property
    def squared_error(self) -> float:
        """The variance of the mean."""
        return self.variance / self.n


def sample(readings: Sequence[float]) -> Sample:
    """The sample of at least one reading."""
    values = np.asarray(readings, np.float64)
    variance = float(values.var(ddof=1)) if len(values) > 1 else math.nan
    # Equal readings have no spread; rounding, theirs or their mean's, would give them some.
    if len(values) > 1 and np.ptp(values) < ROUNDING:
        variance = 0.0
    return Sample(len(values), float(values.mean()), variance)


@dataclass(frozen=True)
class Difference:
    """How far apart two means are: `value` with its standard error and degrees of freedom.

    `degrees` is NaN where neither sample has a spread: nothing can be tested then.
    """

    value: float
    error: float
    degrees: float


def difference(first: Sample, second: Sample) -> Difference:
    """The first mean less the second, with Satterthwaite's degrees of freedom."""
    first_square, second_square = first.squared_error, second.squared_error
    if not first_square + second_square > 0:
        return Difference(first.mean - second.mean, math.nan, math.nan)
    degrees = (first_square + second_square) ** 2 / (
        first_square**2 / (first.n - 1) + second_square**2 / (second.n - 1)
    )
    return Difference(first.mean - second.mean, math.sqrt(first_square + second_square), degrees)


def anova_p(samples: Sequence[Sample]) -> float:
    """The chance of means this far apart were all equal; NaN where a spread is missing or 0."""
    if len(samples) < 2 or not all(level.variance > 0 for level in samples):
        return math.nan
    weights = np.array([1 / level.squared_error for level in samples])
    means = np.array([level.mean for level in samples])
    k, fractions = len(samples), weights / weights.sum()
    between = float(weights @ (means - fractions @ means) ** 2) / (k - 1)
    unevenness = float(sum((1 - fractions) ** 2 / np.array([level.n - 1 for level in samples])))
    statistic = between / (1 + 2 * (k - 2) / (k**2 - 1) * unevenness)
    return float(special.fdtrc(k - 1, (k**2 - 1) / (3 * unevenness), statistic))
