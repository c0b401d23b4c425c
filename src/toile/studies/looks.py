"""Readings added until the verdict is decided, in looks that were fixed beforehand.

Looking after every reading until something shows errs far more often than once in twenty. Here a
study is looked at four times at most, each time at a quarter of the error rate, so that all looks
together stay within it (Bonferroni; what was simulated stands in docs/log.md).
"""

from collections.abc import Mapping, Sequence

from toile.studies.needed import ALPHA
from toile.studies.verdict import Verdict, judge_readings

LOOKS = (5, 10, 20, 40)
"""How many readings a level has been asked for at each look."""


def judge_look(
    readings: Mapping[str, Sequence[float]], margin: float | None = None, alpha: float = ALPHA
) -> Verdict:
    """The verdict at any one of the looks; `alpha` is what all of them together may err."""
    return judge_readings(readings, margin=margin, alpha=alpha / len(LOOKS))


def next_look(verdict: Verdict, look: int) -> dict[str, int]:
    """How many readings each level needs at the look after `look`, which counts from 0.

    Only levels of an undecided pair get more; nothing is asked where all are decided, or where
    the last look has been.
    """
    if look + 1 == len(LOOKS):
        return {}
    open_ = [pair for pair in verdict.pairs if pair.verdict == "undecided"]
    wanted = {name for pair in open_ for name in (pair.a, pair.b)}
    return {level.name: LOOKS[look + 1] for level in verdict.levels if level.name in wanted}
