"""How often the verdict errs, by simulation; the figures stand in docs/log.md."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from toile.studies import judge_readings

SPREADS = {
    "equal": [0.37] * 5,
    "as in the table of epochs": [1.05, 0.66, 0.70, 0.69, 0.20],
    "one ten times wider": [0.37, 0.37, 3.7, 0.37, 0.37],
}
Draw = Callable[[np.random.Generator, float, int], np.ndarray]


def normal(rng: np.random.Generator, sd: float, n: int) -> np.ndarray:
    return rng.normal(0, sd, n)


def left_skewed(rng: np.random.Generator, sd: float, n: int) -> np.ndarray:
    """Most readings somewhat high, a few far low: a mirrored gamma of shape 2, mean 0."""
    return sd * (2 - rng.gamma(2, size=n)) / math.sqrt(2)


def share_with_better(
    spreads: list[float], n: int, tables: int, draw: Draw = normal, seed: int = 0
) -> float:
    """Share of tables of equal means in which any pair is told apart."""
    rng = np.random.default_rng(seed)
    errors = 0
    for _ in range(tables):
        table = {str(place): (90 + draw(rng, sd, n)).tolist() for place, sd in enumerate(spreads)}
        errors += any(pair.verdict in ("better", "worse") for pair in judge_readings(table).pairs)
    return errors / tables


def share_called_same(n: int, tables: int, draw: Draw, seed: int = 1) -> float:
    """Share of pairs half a point apart, which is the margin, that are called the same."""
    rng = np.random.default_rng(seed)
    errors = 0
    for _ in range(tables):
        high, low = (90 + draw(rng, 0.37, n)).tolist(), (89.5 + draw(rng, 0.37, n)).tolist()
        (pair,) = judge_readings({"a": high, "b": low}).pairs
        errors += pair.verdict == "same" or pair.within_margin
    return errors / tables


def share_of_intervals_that_hold(spreads: list[float], n: int, tables: int, draw: Draw) -> float:
    """Share of levels whose 95 % interval holds their true mean."""
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(tables // len(spreads)):
        for sd in spreads:
            (level,) = judge_readings({"a": (90 + draw(rng, sd, n)).tolist()}).levels
            held += level.low <= 90 <= level.high
    return held / tables


def bar(share: float, tables: int) -> float:
    """What a share may come out as, two standard errors of simulation above itself."""
    return share + 2 * math.sqrt(share * (1 - share) / tables)


def test_of_equal_levels_few_tables_tell_any_apart():
    assert share_with_better(SPREADS["equal"], 5, tables=600) <= bar(0.05, 600)


def test_the_drawn_skewed_readings_have_the_mean_and_spread_asked_for():
    drawn = left_skewed(np.random.default_rng(0), 0.37, 100_000)
    assert drawn.mean() == pytest.approx(0, abs=0.005)
    assert drawn.std() == pytest.approx(0.37, abs=0.005)
    # A gamma of shape 2 has the skewness 2 / sqrt(2).
    assert ((drawn / 0.37) ** 3).mean() == pytest.approx(-math.sqrt(2), abs=0.05)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_at_most_one_table_in_twenty_of_equal_levels_tells_any_apart(spreads, n):
    found = share_with_better(SPREADS[spreads], n, tables=10_000)
    print(f"better: {spreads}, {n} readings: {found:.4f}")
    assert found <= bar(0.05, 10_000)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_skewed_readings_err_more_often_and_stay_under_one_table_in_ten(spreads, n):
    found = share_with_better(SPREADS[spreads], n, tables=10_000, draw=left_skewed)
    print(f"better, skewed: {spreads}, {n} readings: {found:.4f}")
    assert found <= bar(0.1, 10_000)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("draw", "share"), [(normal, 0.05), (left_skewed, 0.1)])
@pytest.mark.parametrize("n", [5, 10, 20])
def test_a_pair_at_the_margin_is_seldom_called_the_same(n, draw, share):
    found = share_called_same(n, 10_000, draw)
    print(f"the same: {draw.__name__}, {n} readings: {found:.4f}")
    assert found <= bar(share, 10_000)


@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_nineteen_of_twenty_intervals_hold_their_mean(spreads, n):
    found = share_of_intervals_that_hold(SPREADS[spreads], n, 10_000, normal)
    assert found == pytest.approx(0.95, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 5, 10])
def test_the_intervals_of_skewed_readings_hold_nine_times_in_ten(n):
    found = share_of_intervals_that_hold(SPREADS["equal"], n, 10_000, left_skewed)
    print(f"interval, skewed: {n} readings: {found:.4f}")
    assert found == pytest.approx(0.92, abs=0.03)
