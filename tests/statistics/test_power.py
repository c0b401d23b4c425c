from dataclasses import astuple

import numpy as np
import pytest

from toile.statistics import judge_readings
from toile.statistics.power import (
    chance_of_same,
    pooled_sd,
    readings_to_call_same,
    readings_to_tell_apart,
    required_readings,
)
from toile.statistics.stepwise import Differences
from toile.statistics.welch import difference, sample


def share(question, n: int, gap: float, sd: float, alpha: float) -> float:
    """How often two samples of `n` readings, simulated, answer the question."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        first, second = rng.normal(gap, sd, n), rng.normal(0, sd, n)
        found = astuple(difference(sample(first), sample(second)))
        hits += question(Differences(*map(np.atleast_1d, found)).find(0.5, alpha))[0] <= alpha
    return hits / 2000


@pytest.mark.parametrize(("gap", "sd"), [(0.9, 0.37), (0.48, 0.37), (0.3, 0.2)])
def test_so_many_readings_tell_apart_four_times_in_five(gap, sd):
    n = readings_to_tell_apart(gap, sd, sd, alpha=0.05)
    assert share(lambda found: found.p, n, gap, sd, 0.05) == pytest.approx(0.8, abs=0.06)


def test_the_detectable_difference_of_the_sheets_is_as_published():
    # At a spread of .37 and 80 % power: n = 5 detects .73, 10 .48, 20 .33.
    found = [readings_to_tell_apart(gap, 0.37, 0.37, alpha=0.05) for gap in (0.73, 0.48, 0.33)]
    assert np.allclose(found, [5, 10, 20], atol=1)


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_so_many_readings_show_sameness_four_times_in_five(gap):
    n = readings_to_call_same(gap, 0.37, 0.37, margin=0.5, alpha=0.05)
    hits = share(lambda found: found.p_inside, n, gap, 0.37, 0.05)
    assert hits == pytest.approx(0.8, abs=0.06)


def test_a_gap_of_the_margin_is_never_shown_to_be_within_it():
    assert readings_to_call_same(0.5, 0.37, 0.37, margin=0.5, alpha=0.05) is None


def test_equal_means_are_never_told_apart():
    assert readings_to_tell_apart(0.0, 0.37, 0.37, alpha=0.05) is None


def test_the_chances_of_the_same_are_as_simulated_beforehand():
    """At the lab sheet's spread of .37, five levels and a margin of half a point."""
    ahead = required_readings(0.37, 0.5, 5)
    assert [ahead.chances[n] for n in (5, 10, 20)] == pytest.approx([0.015, 0.30, 0.97], abs=0.01)
    assert 10 < ahead.same < 20


def test_the_chance_of_the_same_is_that_of_whole_verdicts():
    rng = np.random.default_rng(0)
    tables = [
        judge_readings({name: rng.normal(90, 0.37, 12).tolist() for name in "abc"})
        for _ in range(1000)
    ]
    same = [pair.verdict == "same" or pair.within_margin for one in tables for pair in one.pairs]
    assert chance_of_same(0.37, 0.5, 12, 3) == pytest.approx(np.mean(same), abs=0.03)


def test_the_least_number_that_is_the_same_four_times_in_five_is_so_and_one_less_is_not():
    same = required_readings(0.37, 0.5, 5).same
    assert chance_of_same(0.37, 0.5, same, 5) >= 0.8 > chance_of_same(0.37, 0.5, same - 1, 5)


def test_better_is_held_to_the_number_of_pairs():
    alone = readings_to_tell_apart(0.5, 0.37, 0.37, alpha=0.05)
    assert required_readings(0.37, 0.5, 2).better == alone
    assert required_readings(0.37, 0.5, 5).better == readings_to_tell_apart(
        0.5, 0.37, 0.37, alpha=0.005
    )


def test_a_spread_that_is_next_to_nothing_takes_two_readings_and_a_vast_one_too_many():
    assert (required_readings(1e-9, 0.5, 5).better, required_readings(1e-9, 0.5, 5).same) == (2, 2)
    assert (required_readings(99.0, 0.5, 5).better, required_readings(99.0, 0.5, 5).same) == (
        None,
        None,
    )


def test_the_pooled_spread_is_about_each_levels_own_mean():
    # Squares 2 and 2 over 1 + 2 degrees.
    assert pooled_sd([[0, 2], [10, 11, 9], [50]]) == pytest.approx((4 / 3) ** 0.5)
    assert pooled_sd([[1], []]) is None
