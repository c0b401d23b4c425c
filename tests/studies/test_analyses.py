"""What a study's verdicts cost, however they are asked; figures of the slow ones in docs/log.md."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toile.errors import ToileError
from toile.sheets.plan import plan_sheet
from toile.sheets.result import ExerciseOutcome
from toile.sheets.sheet import read_sheet
from toile.statistics import ALPHA, judge_readings
from toile.studies import Factors, Reading, StudyResult, alpha_of, study_of, study_sentence
from toile.studies.analyses import FILE, count_analyses, judge_study, keep_analysis
from toile.studies.summary import study_summary

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
verdicts = pytest.importorskip("verdicts")

STEPS = np.array([-0.002, 0.002, 0.0, 0.001, -0.001])


def study(folder, n=5, asked=None, levels=(0.90, 0.91), margin=0.005, looks=False):
    """A study whose levels have `n` readings of the `asked`; they differ by their folder alone."""
    asked = asked or n
    readings = tuple(
        Reading(
            f"l{place}",
            number,
            number - 1,
            folder / f"l{place}-{number}",
            "finished" if number <= n else "waiting",
            float(mean + STEPS[number % 5]) if number <= n else None,
        )
        for place, mean in enumerate(levels)
        for number in range(1, asked + 1)
    )
    spec = study_of(
        {"recipe": "s1-lab", "vary": {"seed": list(range(len(levels)))}, "looks": looks}
        | {"margin": margin, "readings": asked}
    )
    factors = tuple(Factors(f"l{place}", {}) for place in range(len(levels)))
    return StudyResult(folder, spec, factors, readings)


def test_all_analyses_together_never_spend_more_than_one():
    assert alpha_of(1) == ALPHA / 2
    assert sum(map(alpha_of, range(1, 60))) <= ALPHA
    assert 0 < alpha_of(5000) < 1e-200


def test_each_new_set_of_readings_is_an_analysis_and_the_same_one_is_none(tmp_path):
    first, more = study(tmp_path, 5), study(tmp_path, 10)
    assert [first.verdict.analysis, first.verdict.alpha] == [1, 0.025]
    assert [more.verdict.analysis, more.verdict.alpha] == [2, 0.0125]
    assert study(tmp_path, 5).verdict.analysis == 1
    assert study(tmp_path, 10).verdict.to_json() == more.verdict.to_json()
    assert len((tmp_path / FILE).read_text().splitlines()) == count_analyses(tmp_path) == 2
    assert "This is analysis 2 of the study, tested at 1.25 %" in study_sentence(more)


def test_a_table_still_filling_has_no_verdict_and_is_no_analysis(tmp_path):
    filling = study(tmp_path, n=5, asked=6)
    assert filling.verdict is None
    assert study_summary(filling)["pairs"] == []
    assert study_sentence(filling).startswith("The verdict is given when all readings are in.")
    assert not (tmp_path / FILE).exists()


def test_levels_added_and_another_margin_are_analyses_too(tmp_path):
    assert study(tmp_path).verdict.analysis == 1
    assert study(tmp_path, levels=(0.90, 0.91, 0.92)).verdict.analysis == 2
    assert study(tmp_path, margin=0.02).verdict.analysis == 3
    assert study(tmp_path).verdict.analysis == 1


@pytest.mark.parametrize(
    "scores", [{"a": [0.9, 0.91]}, {"a": [0.9], "b": [0.8]}, {"a": [0.9, 0.9], "b": [0.8, 0.8]}]
)
def test_what_allows_no_test_costs_nothing(tmp_path, scores):
    assert judge_study(tmp_path, scores, 0.005).analysis is None
    assert count_analyses(tmp_path) == 0


def test_a_study_from_before_they_were_kept_counts_its_last_verdict(tmp_path):
    old = study(tmp_path)
    said = study_summary(old) | {"alpha": 0.05}
    (tmp_path / FILE).unlink()
    (tmp_path / "verdict.json").write_text(json.dumps(said))
    assert count_analyses(tmp_path) == 1
    assert study(tmp_path, 10).verdict.analysis == 2
    assert study(tmp_path).verdict.analysis == 1


def test_an_old_study_with_looks_counts_those_it_must_have_had(tmp_path):
    old = study(tmp_path, 20, looks=True)
    said = study_summary(old) | {"alpha": 0.05 / 4}
    (tmp_path / FILE).unlink()
    (tmp_path / "verdict.json").write_text(json.dumps(said))
    # At 5, at 10, and this one at 20.
    assert count_analyses(tmp_path) == 3
    assert study(tmp_path, 20).verdict.analysis == 3
    assert study(tmp_path, 40).verdict.analysis == 4


def test_a_line_that_was_cut_short_counts_as_an_analysis(tmp_path):
    study(tmp_path).verdict  # noqa: B018
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"key": "12')
    assert study(tmp_path, 10).verdict.analysis == 3
    assert study(tmp_path, 10).verdict.analysis == 3


def test_a_verdict_that_cannot_be_kept_is_not_given(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(ToileError, match=r"analyses\.jsonl cannot be"):
        study(tmp_path).verdict  # noqa: B018


def test_more_readings_are_reckoned_for_the_analysis_to_come():
    table = {"a": [0.90, 0.91, 0.90, 0.92], "b": [0.91, 0.92, 0.90, 0.92]}
    now = judge_readings(table, alpha=0.025, analysis=1)
    held = judge_readings(table, alpha=0.025)
    assert now.pairs[0].more_readings > held.pairs[0].more_readings
    assert replace(now.pairs[0], more_readings=held.pairs[0].more_readings) == held.pairs[0]


def test_the_simulated_verdict_is_the_one_that_is_given():
    rng = np.random.default_rng(0)
    readings = verdicts.draw(rng, 40, [90, 90.4, 91], [0.2, 0.4, 0.3], 8)
    counts = rng.integers(2, 9, (40, 3))
    seen = verdicts.differences(readings, counts)
    found = seen.find(0.5, 0.05)
    low, high = seen.intervals(found, 0.5)
    for table in range(40):
        levels = {
            name: readings[table, place, : counts[table, place]].tolist()
            for place, name in enumerate("abc")
        }
        pairs = judge_readings(levels, alpha=0.05, margin=0.5).pairs
        assert [pair.low for pair in pairs] == pytest.approx(low[table])
        assert [pair.high for pair in pairs] == pytest.approx(high[table])
        said = [pair.verdict in ("better", "worse") for pair in pairs]
        assert said == found.apart[table].tolist()


@pytest.mark.parametrize("habit", ["5 more each time", "--until-decided", "a level more each time"])
def test_readings_added_until_something_shows_seldom_show_what_is_not_there(habit):
    """A thousand studies of equal levels. A verdict at 5 % each time errs in up to 18 of 100."""
    readings = verdicts.draw(np.random.default_rng(0), 1000, [0, 0, 0], [0.37] * 3, 40)
    gaps = verdicts.true_gaps([0, 0, 0])
    bar = 0.05 + 2 * math.sqrt(0.05 * 0.95 / 1000)
    assert verdicts.grow(readings, habit, gaps, pay=True)[0] <= bar
    if habit == "5 more each time":
        assert verdicts.grow(readings, habit, gaps, pay=False)[0] > 0.12


def test_kept_analyses_are_numbered_in_the_order_they_were_asked(tmp_path):
    tables = [{"a": [0.9, 0.91 + step], "b": [0.8, 0.82]} for step in (0, 0.01, 0.02)]
    assert [keep_analysis(tmp_path, one, 0.005) for one in [*tables, *tables]] == [1, 2, 3] * 2


@pytest.mark.slow
@pytest.mark.parametrize("habit", verdicts.HABITS)
@pytest.mark.parametrize("spreads", verdicts.SPREADS)
def test_at_most_one_study_in_twenty_errs_however_readings_are_added(habit, spreads):
    bar = 0.05 + 2 * math.sqrt(0.05 * 0.95 / 10_000)
    for means in (verdicts.MEANS["all equal"](5), verdicts.MEANS["one a margin above"](5)):
        rng = np.random.default_rng(0)
        readings = verdicts.draw(rng, 10_000, means, verdicts.SPREADS[spreads](5), 40)
        found = verdicts.grow(readings, habit, verdicts.true_gaps(means), pay=True)
        assert max(found) <= bar


SHEET = """
title: A lab
recipe: s1-lab
set: {data.name: fashion-sample}
exercises:
  - {title: Filters, study: {vary: {network.conv1.filters: [2, 3]}}}
  - title: Both
    compare: {first: {exercise: 1, level: "2"}, second: {exercise: 1, level: "3"}}
"""


def test_a_comparison_in_a_sheet_is_an_analysis_as_well(tmp_path):
    (tmp_path / "sheet.yaml").write_text(SHEET)
    planned = plan_sheet(read_sheet(tmp_path / "sheet.yaml"))[1]
    numbers = []
    for more in ([], [0.83], [], [0.83, 0.84]):
        levels = {"2": [0.8, 0.81, *more], "3": [0.9, 0.88, *more]}
        outcome = ExerciseOutcome(planned, tmp_path, None, record={"levels": levels})
        numbers.append(outcome.to_json()["verdict"]["analysis"])
    assert numbers == [1, 2, 1, 3]
