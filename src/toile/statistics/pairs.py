"""Every two levels compared, all pairs together held to one error rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from toile.statistics.power import readings_to_call_same, readings_to_tell_apart
from toile.statistics.stepwise import Differences, holm
from toile.statistics.welch import Sample, difference

Finding = Literal["better", "worse", "same", "undecided"]
Answer = Literal["different", "same"]


@dataclass(frozen=True)
class Pair:
    """What the readings say of level `a` beside level `b`; `better` means that `a` is.

    `low` and `high` end the interval of the difference, which is of the level at which the pair was
    tested: it leaves out 0 exactly where the pair is told apart, and lies within the margin exactly
    where it is the same or `within_margin`, which is both. `p` and `p_same` are corrected for the
    number of pairs; NaN where no reading has a spread. `effect` is Hedges' g.
    `more_readings` is about how many more a level would decide an undecided pair, and `by_finding`
    what they would most soon find, were means and spreads as they seem now; both are None where it
    is decided, or where more than can be promised are needed.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    p: float
    p_same: float
    effect: float
    verdict: Finding
    within_margin: bool
    more_readings: int | None
    by_finding: Answer | None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return dict(vars(self))


def compare_pairs(
    names: Sequence[str],
    samples: Sequence[Sample],
    margin: float,
    alpha: float,
    alpha_ahead: float,
    most: float = math.inf,
) -> tuple[Pair, ...]:
    """All pairs in order. Welch's t with Holm's correction; equivalence by two one-sided tests.

    More readings are reckoned for a test at `alpha_ahead`. No interval goes beyond `most`, by which
    two means differ at most. A true difference lies within it, so the interval holds as often; 0
    and the margin do too, so it says the same.
    """
    indices = list(combinations(range(len(samples)), 2))
    if not indices:
        return ()
    gaps = [difference(samples[i], samples[j]) for i, j in indices]
    differences = Differences(
        np.array([gap.value for gap in gaps]),
        np.array([gap.error for gap in gaps]),
        np.array([gap.degrees for gap in gaps]),
    )
    findings = differences.find(margin, alpha)
    low, high = differences.intervals(findings, margin)
    p, p_same = holm(findings.p), holm(findings.p_inside)
    pairs = []
    for index, (i, j) in enumerate(indices):
        apart, inside = bool(findings.apart[index]), bool(findings.inside[index])
        finding = _finding(gaps[index].value, apart, inside)
        more: tuple[int, Answer] | tuple[None, None] = (None, None)
        if finding == "undecided":
            more = _more(samples[i], samples[j], margin, alpha_ahead / len(indices))
        pairs.append(
            Pair(
                a=names[i],
                b=names[j],
                difference=gaps[index].value,
                low=max(float(low[index]), -most),
                high=min(float(high[index]), most),
                p=float(p[index]),
                p_same=float(p_same[index]),
                effect=hedges_g(samples[i], samples[j]),
                verdict=finding,
                within_margin=apart and inside,
                more_readings=more[0],
                by_finding=more[1],
            )
        )
    return tuple(pairs)


def hedges_g(first: Sample, second: Sample) -> float:
    """The difference in units of the readings' spread, corrected for small samples.

    Hedges 1981, J. Educ. Stat. 6, 107-128; NaN without a spread.
    """
    spread = math.sqrt((first.variance + second.variance) / 2)
    if not spread > 0:
        return math.nan
    degrees = first.n + second.n - 2
    return (first.mean - second.mean) / spread * (1 - 3 / (4 * degrees - 1))


def _finding(gap: float, apart: bool, inside: bool) -> Finding:
    if apart:
        return "better" if gap > 0 else "worse"
    return "same" if inside else "undecided"


def _more(
    first: Sample, second: Sample, margin: float, alpha: float
) -> tuple[int, Answer] | tuple[None, None]:
    """Readings beyond the fewer of the two, and what they would find."""
    if not first.variance + second.variance > 0:
        return None, None
    gap = first.mean - second.mean
    required: dict[Answer, int | None] = {
        "different": readings_to_tell_apart(gap, first.sd, second.sd, alpha),
        "same": readings_to_call_same(gap, first.sd, second.sd, margin, alpha),
    }
    known = {answer: count for answer, count in required.items() if count is not None}
    if not known:
        return None, None
    soonest = min(known, key=lambda answer: known[answer])
    return max(known[soonest] - min(first.n, second.n), 1), soonest
