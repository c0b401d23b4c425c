"""The mean of a few readings, and how sure it is."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """The mean of `values` and the ends of its interval by Student's t; of one value no ends.

    >>> [round(end, 2) for end in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.48, 4.48]
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return mean, -math.inf, math.inf
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    reach = -float(special.stdtrit(n - 1, (1 - confidence) / 2)) * error
    return mean, mean - reach, mean + reach
