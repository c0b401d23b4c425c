"""The nearest name to a misspelt one."""

import re
from pathlib import Path

from toile.errors import did_you_mean, did_you_mean_file, not_one_of

SOURCES = Path(__file__).parents[1] / "src"


def test_a_misspelt_name_is_answered_with_the_nearest():
    assert did_you_mean("epoch", ["epochs", "batch_size"]) == "; did you mean epochs?"


def test_a_name_that_is_near_none_is_answered_with_nothing():
    assert did_you_mean("colour", ["epochs", "batch_size"]) == ""
    assert did_you_mean("", ["epochs"]) == ""


def test_a_value_that_is_none_of_them_is_answered_with_all_and_then_the_nearest():
    said = str(not_one_of("sort", "scoer", {"score": 1, "name": 2}))
    assert said == "sort is scoer; it is one of score, name; did you mean score?"
    assert str(not_one_of("sort", "", ["score"])) == "sort is ; it is one of score"


def test_the_question_is_the_last_of_a_message():
    asked = re.compile(r"(did_you_mean\w*\([^{}]*\)|\{near)\}[;.]")
    found = [path.name for path in SOURCES.rglob("*.py") if asked.search(path.read_text())]
    assert found == []


def test_a_file_of_another_ending_is_answered_before_one_of_another_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    for name in ("mine.yaml", "mine2.yml", "deep/table.csv"):
        (tmp_path / name).touch()
    assert did_you_mean_file("mine.yml") == "; did you mean mine.yaml?"
    assert did_you_mean_file("mine3.yml") == "; did you mean mine2.yml?"
    assert did_you_mean_file("deep/tabel.csv") == "; did you mean deep/table.csv?"
    assert did_you_mean_file("other.yml") == ""
    assert did_you_mean_file("nowhere/mine.yml") == did_you_mean_file("\0") == ""
