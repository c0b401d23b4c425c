import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toile.statistics import judge_readings
from toile.statistics.stepwise import Differences, holm
from toile.statistics.welch import difference, sample

READINGS = st.lists(st.floats(80, 99), min_size=2, max_size=12).filter(lambda x: np.ptp(x) > 1e-3)


class Settled:
    """Findings and intervals of single differences together."""

    def __init__(self, value, error, degrees, margin=0.5, alpha=0.05):
        differences = Differences(np.array(value), np.array(error), np.array(degrees))
        found = differences.find(margin, alpha)
        self.apart, self.inside = found.apart, found.inside
        self.p, self.p_inside = found.p, found.p_inside
        self.low, self.high = differences.intervals(found, margin)


def settled(first, second, margin=0.5):
    gap = difference(sample(first), sample(second))
    return Settled([gap.value], [gap.error], [gap.degrees], margin)


@given(READINGS, READINGS)
def test_p_and_interval_agree_with_scipys_welch_test(first, second):
    found = settled(first, second, margin=1e-9)
    theirs = stats.ttest_ind(first, second, equal_var=False)
    assert found.p[0] == pytest.approx(theirs.pvalue, rel=1e-6)
    interval = theirs.confidence_interval(0.95)
    assert found.low[0] == pytest.approx(interval.low, abs=1e-9)
    assert found.high[0] == pytest.approx(interval.high, abs=1e-9)


@given(READINGS, READINGS, st.floats(0.1, 3))
def test_equivalence_is_two_one_sided_tests(first, second, margin):
    higher = stats.ttest_ind(
        np.array(first) + margin, second, equal_var=False, alternative="greater"
    ).pvalue
    lower = stats.ttest_ind(
        np.array(first) - margin, second, equal_var=False, alternative="less"
    ).pvalue
    p = settled(first, second, margin).p_inside[0]
    assert p == pytest.approx(max(higher, lower), rel=1e-5, abs=1e-12)


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_what_could_not_be_tested_counts_as_one_of_the_several():
    first, missing, last = holm(np.array([0.01, math.nan, 0.02]))
    assert (first, last) == pytest.approx((0.03, 0.04))
    assert math.isnan(missing)


def test_each_interval_is_of_the_level_at_which_its_step_was_tested():
    """Two of three are told apart, at 5/3 and 5/2 %, and the last fails at 5 %."""
    value, degrees = np.array([5.0, 2.5, 1.0]), np.full(3, 60.0)
    found = Settled(value, np.ones(3), degrees, 1e-9, 0.05)
    assert found.apart.tolist() == [True, True, False]
    reach = stats.t.ppf(1 - np.array([0.05 / 3, 0.05 / 2, 0.05]) / 2, 60)
    # The last one was not shown to lie within the margin, at 5/3 % one-sided, which is wider.
    reach[2] = stats.t.ppf(1 - 0.05 / 3, 60)
    assert found.high - value == pytest.approx(reach)
    assert found.low == pytest.approx(value - reach)


def test_after_the_first_failure_all_are_held_to_its_step():
    value = np.array([2.0, 9.0, -1.9, 0.1])
    found = Settled(value, np.ones(4), np.full(4, 1e6), 1e-9, 0.05)
    assert found.apart.tolist() == [False, True, False, False]
    reach = stats.norm.ppf(1 - 0.05 / 3 / 2)
    assert found.high[0] == pytest.approx(2 + reach, abs=1e-4)
    assert found.low[2] == pytest.approx(-1.9 - reach, abs=1e-4)


def test_the_interval_of_the_same_has_one_sided_ends_and_holds_zero():
    found = Settled(np.array([0.3]), np.array([0.1]), np.array([1e6]), 0.5, 0.05)
    assert (found.apart[0], found.inside[0]) == (True, True)
    near = Settled(np.array([0.19]), np.array([0.1]), np.array([1e6]), 0.5, 0.05)
    assert (near.apart[0], near.inside[0]) == (False, True)
    assert near.low[0] == 0
    assert near.high[0] == pytest.approx(0.19 + 0.1645, abs=1e-4)


@given(
    st.lists(
        st.lists(st.floats(0, 1), min_size=1, max_size=6) | st.sampled_from([[0.5] * 3, [0.9] * 5]),
        min_size=2,
        max_size=5,
    ),
    st.floats(0.001, 0.9),
    st.floats(0.001, 0.5),
)
def test_what_is_found_is_what_the_interval_shows(rows, margin, alpha):
    table = {str(place): row for place, row in enumerate(rows)}
    for pair in judge_readings(table, margin=margin, alpha=alpha).pairs:
        if math.isnan(pair.p):
            assert pair.verdict == "undecided"
            continue
        assert pair.low <= pair.difference <= pair.high
        assert (pair.verdict in ("better", "worse")) == (not pair.low <= 0 <= pair.high)
        inside = max(abs(pair.low), abs(pair.high)) <= margin
        assert (pair.verdict == "same" or pair.within_margin) == inside


def test_a_pair_of_the_lab_sheets_rates_is_told_apart_by_its_step_alone(learning_rates):
    """Bonferroni's interval of the pair would hold 0, as its p of .0054 is above .005."""
    pairs = judge_readings(learning_rates).pairs
    (pair,) = [one for one in pairs if (one.a, one.b) == (".1", ".001")]
    assert pair.verdict == "worse"
    assert pair.high < 0
