import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from toile.studies.welch import anova_p, difference, holm, sample

READINGS = st.lists(st.floats(80, 99), min_size=2, max_size=12).filter(lambda x: np.ptp(x) > 1e-3)


@given(READINGS, READINGS)
def test_p_and_interval_agree_with_scipys_welch_test(first, second):
    gap = difference(sample(first), sample(second))
    theirs = stats.ttest_ind(first, second, equal_var=False)
    assert gap.p() == pytest.approx(theirs.pvalue, rel=1e-6)
    interval = theirs.confidence_interval(0.95)
    assert gap.value - gap.half_width(0.05) == pytest.approx(interval.low)
    assert gap.value + gap.half_width(0.05) == pytest.approx(interval.high)


@given(READINGS, READINGS, st.floats(0.1, 3))
def test_equivalence_is_two_one_sided_tests(first, second, margin):
    gap = difference(sample(first), sample(second))
    higher = stats.ttest_ind(
        np.array(first) + margin, second, equal_var=False, alternative="greater"
    ).pvalue
    lower = stats.ttest_ind(
        np.array(first) - margin, second, equal_var=False, alternative="less"
    ).pvalue
    assert gap.p_outside(margin) == pytest.approx(max(higher, lower), rel=1e-5, abs=1e-12)


def test_anova_of_two_levels_is_their_t_test(epochs):
    pair = [sample(epochs["1"]), sample(epochs["20"])]
    assert anova_p(pair) == pytest.approx(difference(*pair).p())


def test_anova_gives_the_sheets_values(filters, learning_rates, epochs, dropout):
    p = [
        anova_p([sample(readings) for readings in table.values()])
        for table in (filters, epochs, dropout)
    ]
    assert [round(one, 3) for one in p] == [0.093, 0.001, 0.65]
    assert anova_p([sample(readings) for readings in learning_rates.values()]) < 1e-4


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_could_not_be_tested_counts_as_one_of_the_several():
    first, missing, last = holm([0.01, math.nan, 0.02])
    assert (first, last) == pytest.approx((0.03, 0.04))
    assert math.isnan(missing)


def test_equal_readings_have_no_spread_and_test_nothing():
    # Their mean in floats is not 0.1, and its rounding would be a spread.
    same = sample([0.1] * 3)
    assert same.variance == 0
    assert math.isnan(difference(same, sample([0.2] * 3)).p())
    assert math.isnan(anova_p([same, same]))


def test_one_reading_has_no_spread_either():
    assert math.isnan(difference(sample([90.0]), sample([91.0, 92.0])).p())


def test_a_spread_below_rounding_is_none():
    # 0.1 + 0.2 is not 0.3 in floats, and squares of the other would be 0.
    assert sample([0.1 + 0.2, 0.3]).variance == sample([0.0, 1e-160]).variance == 0
    assert math.isnan(anova_p([sample([0.0, 1e-160]), sample([0.0, 1.0])]))
