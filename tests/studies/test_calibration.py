"""How often the verdict errs, by simulation; the figures stand in docs/log.md."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import pytest

from toile.statistics import ALPHA, judge_readings
from toile.statistics.stepwise import Differences, Findings

SPREADS = {
    "equal": [0.37] * 5,
    "as in the table of epochs": [1.05, 0.66, 0.70, 0.69, 0.20],
    "one ten times wider": [0.37, 0.37, 3.7, 0.37, 0.37],
}
MARGIN = 0.5
TABLES = 10_000
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return rng.standard_normal(size)


def left_skewed(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Most readings somewhat high, a few far low: a mirrored gamma of shape 2, mean 0 and SD 1."""
    return (2 - rng.gamma(2, size=size)) / math.sqrt(2)


def tables_of(
    means: Sequence[float], spreads: Sequence[float], n: int, tables: int, draw: Draw, seed: int
) -> np.ndarray:
    """Readings (tables, levels, n)."""
    noise = draw(np.random.default_rng(seed), (tables, len(means), n))
    return 90 + np.asarray(means)[:, None] + np.asarray(spreads)[:, None] * noise


def findings(readings: np.ndarray) -> Findings:
    """Of all pairs of each table, by the lines that a verdict runs, on all tables at once."""
    n = readings.shape[2]
    means, errors = readings.mean(axis=2), readings.var(axis=2, ddof=1) / n
    one, other = np.array(list(combinations(range(readings.shape[1]), 2))).T
    both = errors[:, one] + errors[:, other]
    # Welch's degrees of freedom, both levels having n readings.
    degrees = (n - 1) * both**2 / (errors[:, one] ** 2 + errors[:, other] ** 2)
    differences = Differences(means[:, one] - means[:, other], np.sqrt(both), degrees)
    return differences.find(MARGIN, ALPHA)


def share_with_better(spreads: list[float], n: int, draw: Draw) -> float:
    """Share of tables of equal means in which any pair is told apart."""
    readings = tables_of([0.0] * len(spreads), spreads, n, TABLES, draw, seed=0)
    return float(findings(readings).apart.any(axis=1).mean())


def share_called_same(n: int, draw: Draw) -> float:
    """Share of pairs half a point apart, which is the margin, that are called the same."""
    readings = tables_of([0.0, -MARGIN], [0.37, 0.37], n, TABLES, draw, seed=1)
    return float(findings(readings).inside.mean())


def share_of_intervals_that_hold(spreads: Sequence[float], n: int, draw: Draw) -> float:
    """Share of levels whose 95 % interval holds their true mean, by verdicts one at a time."""
    readings = tables_of([0.0] * len(spreads), spreads, n, 1000, draw, seed=2).reshape(-1, n)
    levels = [judge_readings({"a": row.tolist()}, accuracies=False).levels[0] for row in readings]
    return sum(level.low <= 90 <= level.high for level in levels) / len(levels)


def bar(share: float) -> float:
    """What a share may come out as, two standard errors of simulation above itself."""
    return share + 2 * math.sqrt(share * (1 - share) / TABLES)


def test_a_verdict_on_one_table_finds_what_is_found_on_many():
    means, spreads = [0.0, 0.0, 0.6, 1.2], [0.37, 0.2, 0.7, 0.37]
    readings = tables_of(means, spreads, 5, 60, normal, seed=3)
    found = findings(readings)
    assert 0 < found.apart.sum() < found.apart.size
    for place, table in enumerate(readings):
        pairs = judge_readings({str(level): row.tolist() for level, row in enumerate(table)}).pairs
        apart = [pair.verdict in ("better", "worse") for pair in pairs]
        inside = [pair.verdict == "same" or pair.within_margin for pair in pairs]
        assert apart == found.apart[place].tolist()
        assert inside == found.inside[place].tolist()


def test_the_drawn_skewed_readings_have_the_mean_and_spread_asked_for():
    drawn = left_skewed(np.random.default_rng(0), (100_000,))
    assert drawn.mean() == pytest.approx(0, abs=0.01)
    assert drawn.std() == pytest.approx(1, abs=0.01)
    # A gamma of shape 2 has the skewness 2 / sqrt(2).
    assert (drawn**3).mean() == pytest.approx(-math.sqrt(2), abs=0.05)


@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_at_most_one_table_in_twenty_of_equal_levels_tells_any_apart(spreads, n):
    assert share_with_better(SPREADS[spreads], n, normal) <= bar(0.05)


@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_skewed_readings_err_more_often_and_stay_under_one_table_in_ten(spreads, n):
    assert share_with_better(SPREADS[spreads], n, left_skewed) <= bar(0.1)


@pytest.mark.parametrize(("draw", "share"), [(normal, 0.05), (left_skewed, 0.1)])
@pytest.mark.parametrize("n", [5, 10, 20])
def test_a_pair_at_the_margin_is_seldom_called_the_same(n, draw, share):
    assert share_called_same(n, draw) <= bar(share)


@pytest.mark.parametrize("n", [4, 5, 10])
def test_nineteen_of_twenty_intervals_hold_their_mean(n):
    spreads = sorted({sd for several in SPREADS.values() for sd in several})
    assert share_of_intervals_that_hold(spreads, n, normal) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("n", [4, 5, 10])
def test_the_intervals_of_skewed_readings_hold_nine_times_in_ten(n):
    found = share_of_intervals_that_hold(SPREADS["equal"], n, left_skewed)
    assert found == pytest.approx(0.92, abs=0.03)
