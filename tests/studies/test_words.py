from pathlib import Path

import numpy as np
import pytest

from toile.studies import judge_readings, planning_sentence, study_sentence, verdict_sentence
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
    assert "told four times in five from 17 readings a level" in said
    assert "with 5 in 1.5 % of pairs, 10 in 29 %, 20 in 98 %" in said
    assert planning_sentence(0.37, 0.5, 5, unit=100) == said


@pytest.mark.parametrize("sd", [50.0, 99.0])
def test_what_takes_over_ten_thousand_readings_is_not_promised(sd):
    said = planning_sentence(sd, 0.5, 2, unit=100)
    assert "from more readings than can be promised" in said


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
    assert open_.startswith("b has the highest mean, 91.25 %, of which about")
    assert open_.count("cannot be told yet") == 1
    assert "more readings each would tell which is better, were all as it seems now." in open_
    near = verdict_sentence(judge_readings({"a": [90, 90.4], "b": [90.1, 90.3]}))
    assert "more readings each would tell that they are the same" in near


def test_differences_too_small_to_matter_are_told_as_such_wherever_they_are():
    assert said(a=92.0, b=91.8, c=90.0).startswith(
        "a is better than every other level; than b by a difference that is real and too small to "
        "matter. Of 3 pairs 3 are told apart (1 by a difference too small to matter)"
    )
    assert "every other level, by a difference that is real" in said(a=90.3, b=90.1, c=90.0)
    assert "too small" not in said(a=94.0, b=92.0, c=90.0)


def test_readings_without_a_spread_have_no_interval_in_words():
    told = verdict_sentence(judge_readings({"a": [90.0, 90.0], "b": [91.0, 91.0]}))
    assert "nan" not in told
    assert "no spread between readings to judge them by; take five or more of each." in told
