from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toile.statistics import (
    analysis_sentence,
    explained_once,
    judge_readings,
    of_setting,
    planning_sentence,
    verdict_sentence,
)
from toile.statistics.sentences import list_names
from toile.studies import study_sentence
from toile.studies.result import Factors, Reading, StudyResult
from toile.studies.spec import Study


def result(**statuses: str) -> StudyResult:
    """A study whose levels have a reading for each letter: f(inished), d(iverged), x, w(aiting)."""
    names = {"f": "finished", "d": "diverged", "x": "failed", "w": "waiting"}
    readings = [
        Reading(level, place + 1, place, Path(), names[one], 0.9 + place / 1000 * (one == "f"))
        if one == "f"
        else Reading(level, place + 1, place, Path(), names[one])
        for level, letters in statuses.items()
        for place, one in enumerate(letters)
    ]
    levels = tuple(Factors(name, {}) for name in statuses)
    return StudyResult(Path("nowhere"), Study(recipe="s1-lab"), levels, tuple(readings))


def test_readings_that_diverged_or_failed_are_told_by_level_and_counted():
    said = study_sentence(result(a="fffff", b="fdfdf", c="ffxff"))
    assert "2 of 5 readings of b diverged and are not in its mean." in said
    assert "1 of 5 readings of c failed and is not in its mean." in said
    assert "of a diverged" not in said
    assert "not ended" not in said


def test_a_level_without_any_finished_reading_is_in_no_pair():
    said = study_sentence(result(a="ff", b="dx", c="fw"))
    assert "So b has no mean and is in no pair." in said
    assert said.count("has no mean") == 1
    assert "1 reading has not ended yet." in said


def test_before_any_reading_nothing_is_known():
    assert study_sentence(result(a="ww", b="ww")) == (
        "No reading has finished, so nothing is known. 4 readings have not ended yet."
    )


def test_what_a_study_will_need_is_said_before_it_starts():
    said = planning_sentence(0.0037, 0.005, 5)
    assert "4 of 5 studies find a difference of 0.5 points with 17 readings of each level" in said
    assert "(with 5 in 1.5 % of pairs, with 10 in 29 %, with 20 in 98 %)" in said
    assert planning_sentence(0.37, 0.5, 5, unit=100) == said


@pytest.mark.parametrize("sd", [50.0, 99.0])
def test_what_takes_over_ten_thousand_readings_is_not_promised(sd):
    said = planning_sentence(sd, 0.5, 2, unit=100)
    assert "with over 10,000 readings of each level" in said


STEPS = np.array([-1.5, -1, -0.5, 0.5, 1, 1.5]) * 0.02


def said(**means: float) -> str:
    """Of six readings about each mean, spread so little that all that differs is told apart."""
    return verdict_sentence(
        judge_readings({name: (mean + STEPS).tolist() for name, mean in means.items()})
    )


def test_a_pair_alone_is_told_once():
    assert said(a=92.0, b=90.0).startswith("a is better than b: +2.00 points")
    assert said(a=90.0, b=90.0).startswith("a and b are the same within 0.5 points")
    assert said(a=90.2, b=90.0).endswith(
        "the difference is real and too small to matter (within 0.5 points)."
    )
    open_ = verdict_sentence(judge_readings({"a": [90, 91], "b": [90.5, 92]}))
    assert open_.startswith("a and b are undecided: -0.75 points (")
    assert open_.count("undecided") == 1
    assert "more readings of each would show which is better, if they come out like" in open_
    assert "b has the highest mean, 91.25 %; about " in open_
    near = verdict_sentence(judge_readings({"a": [90, 90.4], "b": [90.1, 90.3]}))
    assert "more readings of each would show that they are the same" in near


def test_differences_too_small_to_matter_are_told_as_such_wherever_they_are():
    assert said(a=92.0, b=91.8, c=90.0).startswith(
        "a is better than every other level; than b by a difference that is real and too small to "
        "matter. Of 3 pairs, 3 differ (1 by too little to matter), 0 are the same"
    )
    assert "every other level, by a difference that is real" in said(a=90.3, b=90.1, c=90.0)
    assert "too small" not in said(a=94.0, b=92.0, c=90.0)


def test_readings_without_a_spread_have_no_interval_in_words():
    told = verdict_sentence(judge_readings({"a": [90.0, 90.0], "b": [91.0, 91.0]}))
    assert "nan" not in told
    assert (
        "without a spread between readings nothing says how much of that is chance; take five"
        in told
    )


def test_the_finding_stands_before_all_else():
    open_ = verdict_sentence(judge_readings({"a": [90, 91], "b": [90.5, 92], "c": [90, 91.5]}))
    assert open_.startswith("Undecided: whether b is better than a or c. b has the highest mean")
    worth = verdict_sentence(
        judge_readings({"as it is": [90.5, 92], "no shift": [90, 91], "c": [90, 91]})
    )
    assert worth.startswith(
        'Undecided: whether "as it is" is better than "no shift" or c. "as it is" has the highest'
    )
    same = said(a=90.0, b=90.01, c=89.99)
    assert same.startswith("b is the same as a and c within 0.5 points. b has the highest mean")
    assert same.endswith("Of 3 pairs, 0 differ, 3 are the same, and 0 are undecided.")
    alone = verdict_sentence(judge_readings({"a": [90], "b": [91]}))
    assert alone.startswith("Undecided: ")


def test_levels_of_a_grid_are_told_apart_where_they_are_listed():
    assert list_names(["8", "16", "32"], "or") == "8, 16 or 32"
    assert list_names(["8"], "or") == "8"
    grid = ["filters=4, units=8", "filters=4, units=16", "filters=8, units=8"]
    assert list_names(grid, "or") == (
        "filters=4, units=8; filters=4, units=16; or filters=8, units=8"
    )
    assert list_names(grid) == "; ".join(grid)


def test_a_verdict_on_a_grid_lists_its_levels_so():
    readings = {
        f"filters={filters}, units={units}": [0.9, 0.91 + filters / 1e4, 0.905 + units / 1e5]
        for filters in (4, 8)
        for units in (8, 16)
    }
    said = verdict_sentence(judge_readings(readings))
    assert "is better than filters=4, units=8; filters=4, units=16; or filters=8, units=8." in said


def test_a_pair_of_levels_of_several_words_has_their_names_in_quotes():
    names = ("no batch norm", "conv and pool")
    for first, second, verdict in [
        ([0.9, 0.91, 0.9], [0.8, 0.81, 0.8], "is better than"),
        ([0.9, 0.8, 0.7], [0.8, 0.9, 0.75], "and"),
    ]:
        said = verdict_sentence(judge_readings(dict(zip(names, (first, second), strict=True))))
        assert said.startswith(f'"no batch norm" {verdict} "conv and pool"')


def test_levels_of_equal_means_all_have_the_highest():
    two = verdict_sentence(judge_readings({"a": [70, 70], "b": [70, 70]}))
    assert two.endswith(". a and b have the highest mean, 70.00 %.")
    three = verdict_sentence(judge_readings({"a": [60, 62], "b": [71, 73], "c": [73, 71]}))
    assert "b and c have the highest mean, 72.00 %" in three


def test_bare_values_are_said_to_be_those_of_their_setting():
    assert of_setting("1 is worse than 4.", "training.epochs") == (
        "For training.epochs, 1 is worse than 4."
    )
    assert of_setting("Undecided: whether 1", "seed") == "For seed, undecided: whether 1"
    assert of_setting("GELU is better than relu.", "layer.name").startswith("For layer.name, GELU")
    assert of_setting("a is worse than b.", "") == "a is worse than b."


def test_what_an_analysis_is_tested_at_is_explained_once_on_a_page():
    verdict = replace(judge_readings({"a": [70, 71], "b": [60, 61]}), analysis=1)
    sentence = f"a. {analysis_sentence(verdict)} And more."
    first, other, second = explained_once([sentence, "b", sentence])
    assert (first, other) == (sentence, "b")
    assert second == "a. This is analysis 1 of the study, tested at 5 %. And more."
