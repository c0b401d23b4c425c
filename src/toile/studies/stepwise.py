"""Findings and intervals of many differences by one procedure, all held to one error rate.

Speaks arrays (..., m) of m differences with their standard errors and degrees of freedom, so that
a simulation of thousands of tables and the verdict on one are the same lines.

Holm's steps (1979, Scand. J. Stat. 6, 65-70) test the smallest p at `alpha` / m, the next at
`alpha` / (m - 1), until one fails; that one and all after it are held to its step. Every interval
is of the level at which its difference was tested, so finding and interval cannot disagree. They
do not all hold together as often as Bonferroni's would: docs/verdicts.md says how often.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Settled:
    """What differences are found to be; NaN where no spread allowed a test.

    `apart`: told from zero, and the interval leaves out zero. `inside`: shown to lie within the
    margin, and so does the interval. `p` and `p_inside` are corrected by Holm's steps.
    """

    p: Float[np.ndarray, "*tables m"]
    p_inside: Float[np.ndarray, "*tables m"]
    apart: Bool[np.ndarray, "*tables m"]
    inside: Bool[np.ndarray, "*tables m"]
    low: Float[np.ndarray, "*tables m"]
    high: Float[np.ndarray, "*tables m"]


def settle(
    value: Float[np.ndarray, "*tables m"],
    error: Float[np.ndarray, "*tables m"],
    degrees: Float[np.ndarray, "*tables m"],
    margin: float,
    alpha: float,
) -> Settled:
    """Which differences are apart, which inside the margin, and their intervals.

    Apart by two-sided t tests; inside by two one-sided ones (Schuirmann 1987, J. Pharmacokinet.
    Biopharm. 15, 657-680), whose interval is that of Hsu, Hwang, Liu and Ruberg 1994, Biometrika
    81, 103-114: one-sided ends, drawn out to zero. What is not inside has the wider of both
    intervals, so that it reaches beyond the margin.
    """
    size = np.abs(value)
    p = p_of_zero(value, error, degrees)
    p_inside = p_of_margin(value, error, degrees, margin)
    apart, level = _steps(p, alpha)
    passed, one_sided = _steps(p_inside, alpha)
    reach = -special.stdtrit(degrees, level / 2) * error
    reach_inside = -special.stdtrit(degrees, one_sided) * error
    wide = np.fmax(reach, reach_inside)
    inside = passed & (~apart | (size + wide <= margin))
    same = inside & ~apart
    # The comparisons with zero and margin hold already but for rounding.
    near = np.where(
        apart,
        np.maximum(size - reach, TINY),
        np.minimum(size - np.where(same, reach_inside, wide), 0.0),
    )
    far = size + np.where(same, reach_inside, wide)
    far = np.where(inside, np.minimum(far, margin), np.maximum(far, np.nextafter(margin, np.inf)))
    untested = np.isnan(p)
    near, far = (np.where(untested, np.nan, end) for end in (near, far))
    upward = value >= 0
    return Settled(
        holm(p),
        holm(p_inside),
        apart,
        inside,
        np.where(upward, near, -far),
        np.where(upward, far, -near),
    )


def p_of_zero(
    value: Float[np.ndarray, "*tables m"],
    error: Float[np.ndarray, "*tables m"],
    degrees: Float[np.ndarray, "*tables m"],
) -> Float[np.ndarray, "*tables m"]:
    """Two-sided: the chance of a difference this great between equal means."""
    return np.asarray(2 * special.stdtr(degrees, -np.abs(value) / error))


def p_of_margin(
    value: Float[np.ndarray, "*tables m"],
    error: Float[np.ndarray, "*tables m"],
    degrees: Float[np.ndarray, "*tables m"],
    margin: float,
) -> Float[np.ndarray, "*tables m"]:
    """The greater of two one-sided chances that the means differ by `margin` or more."""
    return np.asarray(special.stdtr(degrees, -(margin - np.abs(value)) / error))


def holm(p: Float[np.ndarray, "*tables m"]) -> Float[np.ndarray, "*tables m"]:
    """Each p corrected for being one of m; a NaN stays NaN and still counts as one."""
    order = np.argsort(p, axis=-1, kind="stable")  # NaN goes last
    factors = p.shape[-1] - np.arange(p.shape[-1])
    # A p may not fall below one that was smaller before the correction.
    grown = np.fmax.accumulate(np.take_along_axis(p, order, -1) * factors, axis=-1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(grown, 1.0), -1)
    return np.where(np.isnan(p), np.nan, corrected)


def _steps(
    p: Float[np.ndarray, "*tables m"], alpha: float
) -> tuple[Bool[np.ndarray, "*tables m"], Float[np.ndarray, "*tables m"]]:
    """Which tests pass, and the level each was held to."""
    m = p.shape[-1]
    order = np.argsort(p, axis=-1, kind="stable")
    levels = alpha / (m - np.arange(m))
    passed = np.logical_and.accumulate(np.take_along_axis(p, order, -1) <= levels, axis=-1)
    left = m - passed.sum(axis=-1, keepdims=True)
    held_to = np.where(passed, levels, alpha / np.maximum(left, 1))
    which, level = np.empty(p.shape, bool), np.empty(p.shape)
    np.put_along_axis(which, order, passed, -1)
    np.put_along_axis(level, order, held_to, -1)
    return which, level
