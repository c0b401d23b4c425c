import math

import pytest
from scipy import stats

from toile.statistics.welch import anova_p, difference, sample


def test_anova_of_two_levels_is_their_t_test(epochs):
    pair = [sample(epochs["1"]), sample(epochs["20"])]
    assert anova_p(pair) == pytest.approx(
        stats.ttest_ind(epochs["1"], epochs["20"], equal_var=False).pvalue
    )


def test_anova_gives_the_sheets_values(filters, learning_rates, epochs, dropout):
    p = [
        anova_p([sample(readings) for readings in table.values()])
        for table in (filters, epochs, dropout)
    ]
    assert [round(one, 3) for one in p] == [0.093, 0.001, 0.65]
    assert anova_p([sample(readings) for readings in learning_rates.values()]) < 1e-4


def test_equal_readings_have_no_spread_and_test_nothing():
    # Their mean in floats is not 0.1, and its rounding would be a spread.
    same = sample([0.1] * 3)
    assert same.variance == 0
    assert math.isnan(difference(same, sample([0.2] * 3)).degrees)
    assert math.isnan(anova_p([same, same]))


def test_one_reading_has_no_spread_either():
    assert math.isnan(difference(sample([90.0]), sample([91.0, 92.0])).error)


def test_a_spread_below_rounding_is_none():
    # 0.1 + 0.2 is not 0.3 in floats, and squares of the other would be 0.
    assert sample([0.1 + 0.2, 0.3]).variance == sample([0.0, 1e-160]).variance == 0
    assert math.isnan(anova_p([sample([0.0, 1e-160]), sample([0.0, 1.0])]))
