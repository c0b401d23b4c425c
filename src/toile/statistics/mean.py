"""The mean of a few readings, and how sure it is."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of `values` and its 95 % interval by Student's t, infinite for a single value.

    >>> [round(end, 2) for end in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.48, 4.48]
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return mean, -math.inf, math.inf
    error = float(np.std(values, ddof=1)) / math.sqrt(n)
    reach = -float(special.stdtrit(n - 1, 0.025)) * error
    return mean, mean - reach, mean + reach
