import json
import os
import pty
import subprocess
import sys

import pytest

from tests.command_line import call_in
from toile.cli.sheet import outcomes_words, parse_numbers
from toile.errors import ToileError
from toile.sheets import sheet_result
from toile.sheets.sheet import sheet_of

SHEET = """
title: "Two small exercises"
recipe: s1-lab
set: {data.name: fashion-sample, data.validation: 600, training.batch_size: 1000}
exercises:
  - title: The first four
    show: {images: 4}
  - title: Filters
    question: "Do more help?"
    expect: "What do you expect?"
    study: {vary: {network.conv1.filters: [2, 3]}, readings: 5}
  - title: Worth it
    compare: {first: {exercise: 2, level: "2"}, second: {exercise: 2, level: "3"}}
  - title: In the end
    question: "What now?"
  - title: Away
    export: {}
"""


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """What `toile sheet run` said of two exercises, and of all then."""
    place = tmp_path_factory.mktemp("taken")
    (place / "small.yaml").write_text(SHEET)
    said = [
        call_in(place, "sheet", "run", "small.yaml", "--quick", "--json", "--on=inline", *more)
        for more in (["--only=1,2"], [])
    ]
    return said, place / "runs" / "small-quick"


def test_quickly_it_takes_few_readings_and_says_so(taken):
    (first, _), folder = taken
    assert first.code == 0, first.errors
    said = json.loads(first.output.splitlines()[-1])
    assert said["quick"] is True
    exercises = said["exercises"]
    assert [one["ended"] for one in exercises] == [True, True, False, False, False]
    assert [one["n"] for one in exercises[1]["study"]["levels"].values()] == [2, 2]
    assert len(exercises[0]["outcome"]["pictures"]) == 4
    assert "its numbers do not answer the exercises" in (folder / "report.html").read_text()


def test_asked_for_the_rest_it_goes_on_with_what_is_missing(taken):
    first, whole = taken[0]
    assert whole.code == 0, whole.errors
    before, after = (json.loads(one.output.splitlines()[-1])["exercises"] for one in (first, whole))
    assert after[1]["study"]["readings"] == before[1]["study"]["readings"]
    # The open question is the one thing that no machine can do.
    assert [one["ended"] for one in after] == [True, True, True, False, True]
    names = ["2 (exercise 2)", "3 (exercise 2)"]
    assert list(after[2]["verdict"]["levels"]) == names
    for sentence in (after[1]["study"]["sentence"], after[2]["verdict"]["sentence"]):
        assert sentence.startswith("For network.conv1.filters, ")
    assert after[2]["verdict"]["pairs"][0]["difference"] == pytest.approx(
        after[1]["study"]["levels"]["2"]["mean"] - after[1]["study"]["levels"]["3"]["mean"]
    )


def test_the_network_it_takes_away_is_proven_opened_again_and_asked(taken):
    (_, whole), folder = taken
    shown, *_, last = json.loads(whole.output.splitlines()[-1])["exercises"]
    away = last["outcome"]
    assert away["parity"]["agreement"] == 1.0
    assert away["picture"] == "validation-image.png"
    assert away["label"] in shown["outcome"]["classes"]
    assert len(away["top"]) == 3
    files = {path.name for path in (folder / "5-away").iterdir()}
    assert {"model.h5", "validation-image.png", "training", "outcome.json"} <= files


def test_its_report_has_all_of_it_in_both_forms(taken):
    _, folder = taken
    for name in ("report.html", "report.md"):
        text = (folder / name).read_text()
        for title in ("The first four", "Filters", "Worth it", "In the end", "Away"):
            assert title in text
    pictures = [path.name for path in folder.glob("*.svg")]
    assert "2-filters-readings.svg" in pictures
    assert "5-away-steps.svg" in pictures


def test_a_sheet_whose_finished_readings_are_of_other_settings_is_refused(taken, toile, tmp_path):
    (tmp_path / "small.yaml").write_text(SHEET.replace("batch_size: 1000", "batch_size: 500"))
    answer = toile("sheet", "run", "small.yaml", "--quick", "--no-ask", f"--out={taken[1]}")
    assert answer.code == 2
    assert "exercise 2: " in answer.errors
    assert "training.batch_size was 1000 and is now 500" in answer.errors


def test_what_cannot_be_taken_is_refused_before_anything_runs(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "small.yaml").write_text(SHEET.replace("[2, 3]", "[2, 0]"))
    answer = toile("sheet", "run", "small.yaml", "--no-ask", "--only=1")
    assert answer.code == 2
    # Also where it is an exercise that was not asked for.
    assert "exercise 2: level 0: network.conv1.filters is 0" in answer.errors
    assert "Traceback" not in answer.errors
    assert not (tmp_path / "runs").exists()


def test_on_a_terminal_it_asks_and_keeps_what_was_answered(tmp_path):
    (tmp_path / "small.yaml").write_text(SHEET)
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "toile.cli", "sheet", "run", "small.yaml", "--only=4", "--out=it"],
        stdin=inside,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    )
    os.close(inside)
    os.write(terminal, b"I would repeat it\n")
    assert "What now?" in process.communicate(timeout=60)[1]
    os.close(terminal)
    assert process.returncode == 0
    for name in ("answers.yaml", "report.html"):
        assert "I would repeat it" in (tmp_path / "it" / name).read_text()


def test_new_writes_a_sheet_that_works_and_writes_nothing_over(toile, tmp_path):
    assert toile("sheet", "new", "mine.yaml").code == 0
    written = (tmp_path / "mine.yaml").read_text()
    answer = toile("sheet", "show", "mine.yaml", "--quick", "--json")
    assert answer.code == 0, answer.errors
    assert answer.json["trainings"] == 8
    assert toile("sheet", "new", "mine.yaml", "--from=fashion-lab").code == 2
    assert (tmp_path / "mine.yaml").read_text() == written


def test_the_sheets_that_come_with_it_are_listed(toile):
    (lab,) = toile("sheet", "list", "--json").json["sheets"]
    assert (lab["name"], lab["exercises"]) == ("fashion-lab", 9)


def test_some_exercises_are_named_one_by_one_or_as_a_span():
    assert parse_numbers("2,5") == [2, 5]
    assert parse_numbers("1-3, 7") == [1, 2, 3, 7]
    for text in ("", "two", "2-", "-2", "2..3", "5-2"):
        with pytest.raises(ToileError, match="--only is"):
            parse_numbers(text)


def test_it_is_shown_and_compared_by_its_name(taken, toile, monkeypatch):
    folder = taken[1]
    monkeypatch.setenv("TOILE_RUNS", str(folder.parent))
    shown = toile("show", "small-quick")
    assert shown.output.startswith("QUICK: few images")
    assert shown.output.endswith(f"sheet  {folder}\n")
    assert toile("show", "small", "--json").json["quick"]
    compared = toile("compare", "small", "small", "--json").json
    assert len(compared["levels"]) % 2 == 0
    assert compared["levels"][0]["of"].startswith("small-quick, ")


def test_an_open_question_without_an_answer_says_how_to_give_one(tmp_path):
    sheet = sheet_of({"title": "A lab", "exercises": [{"title": "Last", "question": "And you?"}]})
    words = outcomes_words(sheet_result(tmp_path, sheet, False).outcomes, False)
    assert f"write `exercise-1: your answer` into {tmp_path}/answers.yaml" in words
    (tmp_path / "answers.yaml").write_text("exercise-1: Neither\n")
    words = outcomes_words(sheet_result(tmp_path, sheet, False).outcomes, False)
    assert words.split("\n") == ["1. Last", "   answered: Neither"]


def test_an_exercise_of_which_no_verdict_can_come_is_noted_before_it_runs(tmp_path):
    text = SHEET.replace("readings: 5", "readings: 1")
    (tmp_path / "one.yaml").write_text(text)
    shown = call_in(tmp_path, "sheet", "show", "one.yaml")
    assert shown.code == 0, shown.errors
    assert "note: exercise 2 takes one reading of each level" in shown.errors
