"""Readings added until the verdict is decided, at looks that were fixed beforehand.

Each look is an analysis of the study and spends of its 5 % as any other does (`analyses.py`).
"""

from toile.statistics.verdict import Verdict

LOOKS = (5, 10, 20, 40)
"""How many readings a level has been asked for at each look."""


def next_look(verdict: Verdict, look: int) -> dict[str, int]:
    """How many readings each level needs at the look after `look`, which counts from 0.

    Only levels of an undecided pair get more; nothing is asked where all are decided, or where
    the last look has been.
    """
    if look + 1 == len(LOOKS):
        return {}
    open_ = [pair for pair in verdict.pairs if pair.verdict == "undecided"]
    undecided = {name for pair in open_ for name in (pair.a, pair.b)}
    return {level.name: LOOKS[look + 1] for level in verdict.levels if level.name in undecided}
