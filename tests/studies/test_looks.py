"""What looks cost, by simulation; the figures of the slow ones stand in docs/log.md."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from toile.studies import judge_readings
from toile.studies.looks import LOOKS, judge_look, next_look
from toile.studies.pairs import Pair

STEADY = {"a": [90, 90.01, 90.02, 89.99, 90], "b": [80, 80.01, 80.02, 79.99, 80]}


def test_a_look_may_err_a_quarter_as_often_as_the_study(epochs):
    look, alone = judge_look(epochs), judge_readings(epochs)
    assert look.alpha == alone.alpha / len(LOOKS)
    # The one pair a single look tells apart, at a corrected p of .032, is not told apart here.
    assert {pair.verdict for pair in look.pairs} == {"undecided"}
    assert look.pairs[0].low < alone.pairs[0].low
    assert [level.low for level in look.levels] == [level.low for level in alone.levels]


def test_a_decided_study_asks_for_no_more():
    assert next_look(judge_look(STEADY), 0) == {}


def test_only_levels_of_an_open_pair_get_more_readings():
    table = STEADY | {"c": [80.4, 79.5, 80.9, 79.1, 80.2]}
    assert next_look(judge_look(table), 0) == {"b": 10, "c": 10}
    assert next_look(judge_look(table), 2) == {"b": 40, "c": 40}


def test_after_the_last_look_nothing_more_is_asked(epochs):
    assert next_look(judge_look(epochs), len(LOOKS) - 1) == {}


def simulate(means: Sequence[float], readings: np.ndarray) -> list[Pair]:
    """The pairs as all looks of one study found them, `readings` (levels, 40) being about 0."""
    values = np.asarray(means)[:, None] + readings
    found: list[Pair] = []
    asked = dict.fromkeys(map(str, range(len(means))), LOOKS[0])
    for look in range(len(LOOKS)):
        table = {name: values[int(name), :n].tolist() for name, n in asked.items()}
        verdict = judge_look(table)
        found.extend(verdict.pairs)
        more = next_look(verdict, look)
        if not more:
            break
        asked |= more
    return found


def rates(means: Sequence[float], spreads: Sequence[float], studies: int) -> tuple[float, float]:
    """Shares of studies that once called equal levels better, or levels a margin apart the same."""
    rng = np.random.default_rng(0)
    better = same = 0
    for _ in range(studies):
        noise = rng.normal(0, np.array(spreads)[:, None], (len(means), LOOKS[-1]))
        pairs = simulate(means, noise)
        equal = [pair for pair in pairs if means[int(pair.a)] == means[int(pair.b)]]
        apart = [pair for pair in pairs if means[int(pair.a)] != means[int(pair.b)]]
        better += any(pair.verdict in ("better", "worse") for pair in equal)
        same += any(pair.verdict == "same" or pair.within_margin for pair in apart)
    return better / studies, same / studies


def test_all_looks_together_seldom_tell_equal_levels_apart():
    studies = 300
    better, _ = rates([90, 90, 90], [0.37] * 3, studies)
    assert better <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


CASES = {
    "two": [0.37] * 2,
    "five": [0.37] * 5,
    "five, as in the table of epochs": [1.05, 0.66, 0.70, 0.69, 0.20],
    "five, one ten times wider": [0.37, 0.37, 3.7, 0.37, 0.37],
}


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES)
def test_at_most_one_study_in_twenty_errs_at_any_of_its_looks(case):
    spreads = CASES[case]
    better, _ = rates([90.0] * len(spreads), spreads, studies=10_000)
    apart = [90.0] + [89.5] * (len(spreads) - 1)
    _, same = rates(apart, spreads, studies=10_000)
    print(f"{case}: better {better:.4f}, the same {same:.4f}")
    bar = 0.05 + 2 * math.sqrt(0.05 * 0.95 / 10_000)
    assert better <= bar
    assert same <= bar
