"""How many readings a question takes: the power of Welch's tests for samples of equal size."""

import math
from collections.abc import Callable

from scipy import special

POWER = 0.8
MOST = 10_000
"""Beyond so many readings a level nothing is promised."""


def readings_to_tell_apart(
    gap: float, first_sd: float, second_sd: float, alpha: float, power: float = POWER
) -> int | None:
    """Readings a level for which means `gap` apart are told apart with probability `power`.

    None where more than 10,000 would be needed.
    """
    return _first(lambda n: _power_apart(abs(gap), first_sd, second_sd, n, alpha) >= power)


def readings_to_call_same(
    gap: float, first_sd: float, second_sd: float, margin: float, alpha: float, power: float = POWER
) -> int | None:
    """Readings a level for which means `gap` apart are shown to lie within `margin`.

    None where more than 10,000 would be needed, as where the gap is the margin or more.
    """
    if abs(gap) >= margin:
        return None
    return _first(lambda n: _power_same(abs(gap), first_sd, second_sd, margin, n, alpha) >= power)


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
    one, other = first_sd**2 / n, second_sd**2 / n
    return math.sqrt(one + other), (n - 1) * (one + other) ** 2 / (one**2 + other**2)


def _power_apart(gap: float, first_sd: float, second_sd: float, n: int, alpha: float) -> float:
    error, degrees = _error(first_sd, second_sd, n)
    bar = -special.stdtrit(degrees, alpha / 2)
    # The chance of the wrong sign is left out; it is nothing where the power is worth having.
    return 1.0 - float(special.nctdtr(degrees, gap / error, bar))


def _power_same(
    gap: float, first_sd: float, second_sd: float, margin: float, n: int, alpha: float
) -> float:
    # Two one-sided tests by shifted central t: within .01 of the exact power from n = 5 on.
    error, degrees = _error(first_sd, second_sd, n)
    bar = -float(special.stdtrit(degrees, alpha))
    above = special.stdtr(degrees, (margin - gap) / error - bar)
    below = special.stdtr(degrees, -(margin + gap) / error + bar)
    return max(float(above - below), 0.0)
