"""A fraction of n cases with its confidence interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Estimate:
    """A value between the two ends of its interval, from `n` cases; fractions, not percent."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | int | None]:
        """The four fields as JSON has them: a value of no cases is null."""
        value = None if math.isnan(self.value) else self.value
        return {"value": value, "low": self.low, "high": self.high, "n": self.n}


def proportion(correct: int, n: int, confidence: float = 0.95) -> Estimate:
    """The fraction `correct` / `n` with Wilson's score interval, which never leaves [0, 1].

    Without any case the value is NaN and the interval is all of [0, 1]: nothing is known.
    Wilson 1927, J. Am. Stat. Assoc. 22, 209-212.
    """
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    fraction = correct / n
    # Not fraction +- z SE (Wald): that interval has no width if all or none are right.
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z**2 / n
    centre = (fraction + z**2 / (2 * n)) / shrink
    reach = z * math.sqrt(fraction * (1 - fraction) / n + z**2 / (4 * n**2)) / shrink
    # If none or all are right the end is exactly 0 or 1; rounding would miss it slightly.
    low = 0.0 if correct == 0 else centre - reach
    high = 1.0 if correct == n else centre + reach
    return Estimate(fraction, low, high, n)
