"""Every two levels compared, all pairs together held to one error rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from toile.studies.needed import readings_to_call_same, readings_to_tell_apart
from toile.studies.welch import Difference, Sample, difference, holm

Finding = Literal["better", "worse", "same", "undecided"]
Answer = Literal["different", "same"]


@dataclass(frozen=True)
class Pair:
    """What the readings say of level `a` beside level `b`; `better` means that `a` is.

    `low` and `high` end the interval of the difference, all pairs' intervals together holding with
    95 %. `p` and `p_same` are corrected for the number of pairs. `effect` is Hedges' g. A pair that
    is told apart while its difference is shown to lie within the margin is `within_margin`.
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
    names: Sequence[str], samples: Sequence[Sample], margin: float, alpha: float
) -> tuple[Pair, ...]:
    """All pairs in order. Welch's t with Holm's correction; equivalence by two one-sided tests."""
    places = list(combinations(range(len(samples)), 2))
    gaps = [difference(samples[i], samples[j]) for i, j in places]
    apart = holm([gap.p() for gap in gaps])
    same = holm([gap.p_outside(margin) for gap in gaps])
    pairs = []
    for (i, j), gap, p, p_same in zip(places, gaps, apart, same, strict=True):
        reach = gap.half_width(alpha / len(places))
        found = _finding(gap, p, p_same, alpha)
        pairs.append(
            Pair(
                names[i],
                names[j],
                gap.value,
                gap.value - reach,
                gap.value + reach,
                p,
                p_same,
                hedges_g(samples[i], samples[j]),
                found,
                found in ("better", "worse") and p_same <= alpha,
                *(
                    _more(samples[i], samples[j], margin, alpha / len(places))
                    if found == "undecided"
                    else (None, None)
                ),
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


def _finding(gap: Difference, p: float, p_same: float, alpha: float) -> Finding:
    # NaN, where a spread is missing, is below nothing.
    if p <= alpha:
        return "better" if gap.value > 0 else "worse"
    return "same" if p_same <= alpha else "undecided"


def _more(
    first: Sample, second: Sample, margin: float, alpha: float
) -> tuple[int, Answer] | tuple[None, None]:
    """Readings beyond the fewer of the two, and what they would find."""
    if not first.variance + second.variance > 0:
        return None, None
    gap = first.mean - second.mean
    answers: dict[Answer, int | None] = {
        "different": readings_to_tell_apart(gap, first.sd, second.sd, alpha),
        "same": readings_to_call_same(gap, first.sd, second.sd, margin, alpha),
    }
    known = {answer: count for answer, count in answers.items() if count is not None}
    if not known:
        return None, None
    soonest = min(known, key=lambda answer: known[answer])
    return max(known[soonest] - min(first.n, second.n), 1), soonest
