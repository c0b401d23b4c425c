"""How often the verdict errs, by simulation; the figures stand in docs/log.md."""

import math

import numpy as np
import pytest

from toile.studies import judge_readings

SPREADS = {
    "equal": [0.37] * 5,
    "as in the table of epochs": [1.05, 0.66, 0.70, 0.69, 0.20],
    "one ten times wider": [0.37, 0.37, 3.7, 0.37, 0.37],
}


def share_with_better(spreads: list[float], n: int, tables: int, seed: int = 0) -> float:
    """Share of tables of equal means in which any pair is told apart."""
    rng = np.random.default_rng(seed)
    errors = 0
    for _ in range(tables):
        table = {str(place): rng.normal(90, sd, n).tolist() for place, sd in enumerate(spreads)}
        errors += any(pair.verdict in ("better", "worse") for pair in judge_readings(table).pairs)
    return errors / tables


def test_of_equal_levels_few_tables_tell_any_apart():
    tables = 600
    found = share_with_better(SPREADS["equal"], 5, tables)
    assert found <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / tables)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n", [4, 5, 10])
@pytest.mark.parametrize("spreads", SPREADS)
def test_at_most_one_table_in_twenty_of_equal_levels_tells_any_apart(spreads, n):
    found = share_with_better(SPREADS[spreads], n, tables=10_000)
    print(f"{spreads}, {n} readings: {found:.4f}")
    assert found <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 10_000)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n", [5, 10, 20])
def test_a_pair_at_the_margin_is_seldom_called_the_same(n):
    rng = np.random.default_rng(1)
    errors = 0
    for _ in range(10_000):
        table = {"a": rng.normal(90, 0.37, n).tolist(), "b": rng.normal(89.5, 0.37, n).tolist()}
        (pair,) = judge_readings(table).pairs
        errors += pair.verdict == "same" or pair.within_margin
    print(f"{n} readings: {errors / 10_000:.4f}")
    assert errors / 10_000 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 10_000)


def test_nineteen_of_twenty_intervals_hold_their_mean():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(2000):
        level = judge_readings({"a": rng.normal(90, 0.37, 5).tolist()}).levels[0]
        held += level.low <= 90 <= level.high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
