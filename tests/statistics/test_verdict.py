import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from toile.errors import ToileError
from toile.statistics.sentences import pair_words, verdict_sentence
from toile.statistics.verdict import expected_maximum, judge_readings


def found(table, **asked) -> dict[tuple[str, str], str]:
    return {(pair.a, pair.b): pair.verdict for pair in judge_readings(table, **asked).pairs}


def test_filters_no_pair_is_told_apart(filters):
    verdict = judge_readings(filters)
    assert round(verdict.anova_p, 3) == 0.093
    assert set(found(filters).values()) == {"undecided"}


def test_learning_rates_nine_of_ten_pairs_are(learning_rates):
    undecided = [pair for pair, said in found(learning_rates).items() if said == "undecided"]
    assert undecided == [(".1", "1e-4")]
    assert judge_readings(learning_rates).best.optimism == 0
    assert verdict_sentence(judge_readings(learning_rates)).startswith(
        ".01 is better than every other level."
    )


def test_epochs_exactly_one_pair_is(epochs):
    verdict = judge_readings(epochs)
    (told,) = [pair for pair in verdict.pairs if pair.verdict != "undecided"]
    assert (told.a, told.b, told.verdict, round(told.p, 3)) == ("2", "20", "worse", 0.032)
    assert "2 is worse than 20" in verdict_sentence(verdict)


def test_dropout_has_no_best_level(dropout):
    verdict = judge_readings(dropout)
    assert round(verdict.anova_p, 2) == 0.65
    said = verdict_sentence(verdict)
    assert said.startswith("Undecided: whether ")
    assert "since the highest of several means is on average too high." in said
    assert "best" not in said
    assert 0 < verdict.best.optimism < 0.3


def test_fractions_and_points_say_the_same(epochs):
    fractions = {name: [value / 100 for value in values] for name, values in epochs.items()}
    first, second = judge_readings(epochs), judge_readings(fractions)
    assert (first.unit, second.unit) == (100, 1)
    assert second.margin == pytest.approx(0.005)
    assert found(epochs) == found(fractions)
    assert verdict_sentence(first) == verdict_sentence(second)


def test_clearly_higher_readings_are_better_by_their_difference():
    (pair,) = judge_readings({"a": [90, 90.2, 90.1], "b": [80, 80.1, 80.3]}).pairs
    assert pair.verdict == "better"
    assert pair.difference == pytest.approx(90.1 - 240.4 / 3)
    assert pair.low < pair.difference < pair.high
    assert pair.more_readings is None


def test_steady_readings_close_by_are_the_same():
    rng = np.random.default_rng(0)
    table = {name: rng.normal(90, 0.1, 10).tolist() for name in "ab"}
    verdict = judge_readings(table)
    assert verdict.pairs[0].verdict == "same"
    assert verdict.decided
    assert "the same within 0.5 points" in verdict_sentence(verdict)


def test_a_real_difference_too_small_to_matter_is_told_as_that():
    rng = np.random.default_rng(0)
    table = {"a": rng.normal(90.2, 0.02, 10).tolist(), "b": rng.normal(90, 0.02, 10).tolist()}
    verdict = judge_readings(table)
    (pair,) = verdict.pairs
    assert (pair.verdict, pair.within_margin) == ("better", True)
    assert "real and too small to matter" in pair_words(pair, verdict)
    assert "real and too small to matter" in verdict_sentence(verdict)


def test_where_no_pair_is_told_apart_all_are_held_to_the_first_step(filters):
    """With ten pairs each interval is of 99.5 %."""
    pair = judge_readings(filters).pairs[0]
    theirs = stats.ttest_ind(filters["8"], filters["16"], equal_var=False).confidence_interval(
        0.995
    )
    assert (pair.low, pair.high) == pytest.approx((theirs.low, theirs.high))


def test_one_reading_each_says_nothing_but_its_mean():
    verdict = judge_readings({"a": [90.0], "b": [91.0]})
    assert [level.mean for level in verdict.levels] == [90, 91]
    assert math.isnan(verdict.levels[0].sd)
    assert verdict.pairs[0].verdict == "undecided"
    assert "nothing is known of the spread between readings" in verdict_sentence(verdict)


def test_readings_without_any_spread_decide_nothing():
    assert found({"a": [90, 90], "b": [91, 91]}) == {("a", "b"): "undecided"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "no levels"),
        ({"a": []}, "level a has no readings"),
        ({"a": [90, math.nan]}, "level a has the reading nan"),
        ({"a": [90, math.inf]}, "a reading is a finite number"),
        ({"a": 0.9, "b": 0.8}, "level a has the readings 0.9; they are a list of numbers"),
        ({"a": ["good"]}, "level a has the readings .'good'.; they are a list of numbers"),
        ([[0.9, 0.8], [0.7, 0.6]], "readings are a list; they are a mapping from levels"),
        ({1: [0.9], "1": [0.8]}, "two levels are called 1"),
    ],
)
def test_what_is_no_table_is_refused(table, said):
    with pytest.raises(ToileError, match=said):
        judge_readings(table)


def test_fractions_beside_percentages_are_refused_unless_one_says_what_they_are():
    table = {"a": [0.91, 0.92, 0.93], "b": [91.0, 92.0, 93.0]}
    with pytest.raises(ToileError, match="those of b up to 93: fractions and percentages"):
        judge_readings(table)
    assert judge_readings(table, accuracies=False).decided


def test_a_slip_above_100_among_percentages_is_refused_unless_scores_may_be_any():
    table = {"a": [70.0, 72.0, 71.0], "b": [171.0, 73.0, 72.0]}
    with pytest.raises(ToileError, match="b has the reading 171, and most lie between 0 and 100"):
        judge_readings(table)
    free = judge_readings(table, accuracies=False)
    assert not free.accuracies
    assert "b has the highest mean, 105.33; about" in verdict_sentence(free)
    assert not judge_readings({"a": [170.0, 172.0], "b": [171.0, 73.0]}).accuracies


def test_a_slip_above_1_among_fractions_makes_no_percentages_of_them():
    table = {"a": [0.91, 9.2, 0.92], "b": [0.93, 0.94, 0.93]}
    with pytest.raises(ToileError, match=r"a has the reading 9\.2, and most lie between 0 and 1,"):
        judge_readings(table)
    assert judge_readings(table, accuracies=True).unit == 100
    # One training in three that diverged to chance, of a hundred classes.
    assert judge_readings({"a": [1.0, 62.0, 61.0], "b": [63.0, 62.0, 61.0]}).unit == 100


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"margin": 0}, "^margin is 0; it has to be above 0$"),
        ({"alpha": 1}, "^alpha is 1; it has to be above 0 and below 1$"),
    ],
)
def test_only_the_setting_that_is_wrong_is_named(settings, complaint):
    with pytest.raises(ToileError, match=complaint):
        judge_readings({"a": [0.7, 0.8], "b": [0.8, 0.9]}, **settings)


def test_arrays_of_readings_are_judged_as_lists_are():
    rows = {"a": [0.91, 0.92, 0.9], "b": [0.81, 0.83, 0.82]}
    arrays = {name: np.array(row) for name, row in rows.items()}
    assert judge_readings(arrays) == judge_readings(rows)


class Columns:
    """What of a table of pandas' matters here: it is no mapping, and of no truth value."""

    def items(self):
        return {"a": np.array([0.91, 0.92, 0.9]), "b": np.array([0.81, 0.83, 0.82])}.items()

    def __bool__(self):
        raise ValueError("the truth value of a table is ambiguous")


def test_columns_of_a_table_are_levels():
    assert judge_readings(Columns()) == judge_readings(dict(Columns().items()))


def test_the_expected_greatest_of_standard_normals():
    # Of two: 1 / sqrt(pi); of three: 3 / (2 sqrt(pi)).
    assert expected_maximum(1) == pytest.approx(0, abs=1e-15)
    assert expected_maximum(2) == pytest.approx(1 / math.sqrt(math.pi))
    assert expected_maximum(3) == pytest.approx(1.5 / math.sqrt(math.pi))


def test_the_expected_greatest_of_many_is_the_integral_of_their_density():
    for count in range(2, 51):

        def density(x: float, count: int = count) -> float:
            return x * count * stats.norm.cdf(x) ** (count - 1) * stats.norm.pdf(x)

        theirs = integrate.quad(density, -10, 10, epsabs=1e-11)[0]
        assert expected_maximum(count) == pytest.approx(theirs, abs=1e-9)


def test_a_trend_over_doublings_is_the_slope_of_the_line():
    table = {str(2**k): [80 + k - 0.1, 80 + k + 0.1] for k in range(3, 8)}
    trend = judge_readings(table).trend
    assert trend.per == "doubling"
    assert trend.slope == pytest.approx(1)
    assert trend.low < 1 < trend.high


def test_even_steps_are_no_doublings(dropout):
    trend = judge_readings(dropout).trend
    assert trend.per == "unit"
    assert trend.low < 0 < trend.high


def test_names_have_no_trend():
    assert judge_readings({"adam": [1.0, 2], "sgd": [1, 2.0], "muon": [1, 3.0]}).trend is None


@given(st.lists(st.lists(st.floats(0, 100), min_size=1, max_size=5), min_size=1, max_size=5))
def test_every_table_of_numbers_has_a_verdict_in_words(rows):
    table = {str(place): row for place, row in enumerate(rows)}
    verdict = judge_readings(table, accuracies=True)
    assert verdict_sentence(verdict).endswith(".")
    for pair in verdict.pairs:
        turned = {"b": rows[int(pair.b)], "a": rows[int(pair.a)]}
        turned = judge_readings(turned, accuracies=True).pairs[0]
        assert turned.difference == pytest.approx(-pair.difference)


def ends_of(verdict):
    """All numbers of means and differences, as fractions."""
    levels = [end for one in verdict.levels for end in (one.low, one.mean, one.high)]
    pairs = [end for one in verdict.pairs for end in (one.low, one.difference, one.high)]
    return np.array(levels) / verdict.unit, np.array(pairs) / verdict.unit


@pytest.mark.parametrize("unit", [1, 100])
def test_no_mean_or_difference_of_accuracies_lies_where_none_can(unit):
    rows = {"1": [0.02, 0.97], "2": [0.99, 0.4], "4": [0.5, 0.51], "8": [0.1, 0.9], "16": [1.0, 0]}
    table = {name: [unit * one for one in row] for name, row in rows.items()}
    verdict = judge_readings(table)
    means, differences = ends_of(verdict)
    assert verdict.accuracies
    assert 0 <= means.min() <= means.max() <= 1
    assert -1 <= differences.min() <= differences.max() <= 1
    assert 0 <= verdict.best.honest <= verdict.best.mean
    # From 0 to 100 % between 2 and 4, as steep as a line through readings can be: 30 points each.
    assert 100 / unit * verdict.trend.low == pytest.approx(-30)
    assert 100 / unit * verdict.trend.high == pytest.approx(30)
    assert "-1" not in verdict_sentence(verdict)


def test_scores_that_are_no_accuracies_go_where_they_go():
    assert not judge_readings({"a": [120, 180], "b": [-30, 90]}).accuracies
    table = {"a": [2.0, 97.0], "b": [99.0, 40.0]}
    bound, free = judge_readings(table), judge_readings(table, accuracies=False)
    assert (bound.levels[0].low, bound.levels[0].high) == (0, 100)
    assert free.levels[0].low < -100
    assert free.pairs[0].low < bound.pairs[0].low == -100
    with pytest.raises(ToileError, match="the readings go from -30 to 180"):
        judge_readings({"a": [120, 180], "b": [-30, 90]}, accuracies=True)
    with pytest.raises(ToileError, match="margin is 100"):
        judge_readings(table, margin=100)


def test_an_interval_that_is_cut_says_what_it_said():
    table = {"a": [99.0, 99.9, 99.8], "b": [40.0, 45.0, 60.0]}
    bound, free = judge_readings(table), judge_readings(table, accuracies=False)
    assert bound.pairs[0].verdict == free.pairs[0].verdict == "better"
    assert 0 < bound.pairs[0].low == free.pairs[0].low
    assert bound.pairs[0].high <= 100
