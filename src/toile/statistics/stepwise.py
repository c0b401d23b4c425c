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
class Findings:
    """What differences are found to be: `apart` from zero, `inside` the margin, both or neither.

    `p` and `p_inside` are those of the two tests alone, NaN where no spread allows one; `level` and
    `level_inside` what they were held to.
    """

    p: Float[np.ndarray, "*tables m"]
    p_inside: Float[np.ndarray, "*tables m"]
    level: Float[np.ndarray, "*tables m"]
    level_inside: Float[np.ndarray, "*tables m"]
    apart: Bool[np.ndarray, "*tables m"]
    inside: Bool[np.ndarray, "*tables m"]


@dataclass(frozen=True)
class Differences:
    """Differences of means, with their standard errors and degrees of freedom."""

    value: Float[np.ndarray, "*tables m"]
    error: Float[np.ndarray, "*tables m"]
    degrees: Float[np.ndarray, "*tables m"]

    def find(self, margin: float, alpha: float) -> Findings:
        """Which are apart, by two-sided t tests, and which inside, by two one-sided ones.

        What is apart is inside only where its two-sided interval is. Schuirmann 1987, J.
        Pharmacokinet. Biopharm. 15, 657-680.
        """
        size = np.abs(self.value)
        p = np.asarray(2 * special.stdtr(self.degrees, -size / self.error))
        p_inside = np.asarray(special.stdtr(self.degrees, -(margin - size) / self.error))
        apart, level = _steps(p, alpha)
        passed, level_inside = _steps(p_inside, alpha)
        inside = passed & (~apart | (p_inside <= level / 2))
        return Findings(p, p_inside, level, level_inside, apart, inside)

    def intervals(
        self, findings: Findings, margin: float
    ) -> tuple[Float[np.ndarray, "*tables m"], Float[np.ndarray, "*tables m"]]:
        """Their lower and upper ends; what is found can be read off them.

        What is the same has one-sided ends drawn out to zero (Hsu, Hwang, Liu and Ruberg 1994,
        Biometrika 81, 103-114). What is not inside has the wider of both tests' intervals, so that
        it reaches beyond the margin.
        """
        size = np.abs(self.value)
        reach = -special.stdtrit(self.degrees, findings.level / 2) * self.error
        reach_inside = -special.stdtrit(self.degrees, findings.level_inside) * self.error
        wide = np.where(
            findings.inside & ~findings.apart, reach_inside, np.fmax(reach, reach_inside)
        )
        # The comparisons with zero and the margin hold already but for rounding.
        near = np.where(
            findings.apart, np.maximum(size - reach, TINY), np.minimum(size - wide, 0.0)
        )
        far = np.where(
            findings.inside,
            np.minimum(size + wide, margin),
            np.maximum(size + wide, np.nextafter(margin, np.inf)),
        )
        near, far = (np.where(np.isnan(findings.p), np.nan, end) for end in (near, far))
        upward = self.value >= 0
        return np.where(upward, near, -far), np.where(upward, far, -near)


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
    passes, level = np.empty(p.shape, bool), np.empty(p.shape)
    np.put_along_axis(passes, order, passed, -1)
    np.put_along_axis(level, order, held_to, -1)
    return passes, level
