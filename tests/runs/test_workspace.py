"""Runs, studies, searches and sheets found by name; nothing of theirs is read."""

import os

import pytest

from toile.errors import ToileError
from toile.runs import RunsFolder
from toile.runs.layout import MARKERS

KEPT = {
    "20261120-100000-quick-ab12": "run",
    "20261120-110000-quick-cd34": "run",
    "filters": "study",
    "filters-by-kernel": "study",
    "filters-search": "search",
    "lab-quick": "sheet",
}


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """One of each kind, each a second newer than the one before it."""
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "runs"))
    for second, (name, kind) in enumerate(KEPT.items()):
        mark = tmp_path / "runs" / name / MARKERS[kind]
        mark.parent.mkdir(parents=True)
        mark.write_text("nothing reads this")
        os.utime(mark, (second, second))
    (tmp_path / "runs" / "ledger.jsonl").touch()
    (tmp_path / "runs" / "notes").mkdir()
    return tmp_path / "runs"


def test_the_newest_comes_first():
    assert [(one.name, one.kind) for one in RunsFolder().entries()] == [*KEPT.items()][::-1]
    assert [one.name for one in RunsFolder().entries("study")] == ["filters-by-kernel", "filters"]


@pytest.mark.parametrize(
    ("name", "kinds", "found"),
    [
        ("filters", [*MARKERS], "filters"),
        ("filters-b", [*MARKERS], "filters-by-kernel"),
        ("filters-", ["search"], "filters-search"),
        ("cd34", [*MARKERS], "20261120-110000-quick-cd34"),
        ("last", [*MARKERS], "lab-quick"),
        ("last", ["study", "search"], "filters-search"),
        ("last", ["run"], "20261120-110000-quick-cd34"),
        ("last~1", [*MARKERS], "filters-search"),
        ("lab", [*MARKERS], "lab-quick"),
        ("qui", ["study"], None),
        ("kernel", [*MARKERS], None),
        ("", [*MARKERS], None),
        ("x" * 5000, [*MARKERS], None),
    ],
)
def test_a_name_its_beginning_or_a_runs_end_is_enough(name, kinds, found):
    kept = RunsFolder().find(name, *kinds)
    assert (kept and kept.name) == found


def test_a_folder_elsewhere_is_found_by_its_path(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "nowhere"))
    assert RunsFolder().find(runs / "lab-quick").kind == "sheet"
    monkeypatch.chdir(runs / "lab-quick")
    assert RunsFolder().find(".").name == "lab-quick"


def test_a_beginning_of_several_is_refused_naming_them():
    with pytest.raises(ToileError, match=r"filters- fits 2 names in .*: filters-search, "):
        RunsFolder().find("filters-")


def test_a_run_is_found_by_its_recipe_where_one_run_has_it(runs):
    with pytest.raises(ToileError, match="quick fits 2 names"):
        RunsFolder().find("quick")
    (runs / "20261120-100000-quick-ab12" / "state.json").unlink()
    assert RunsFolder().find("quick").name == "20261120-110000-quick-cd34"


def test_where_there_is_none_there_is_no_last(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "nowhere"))
    assert RunsFolder().entries() == []
    with pytest.raises(ToileError, match="nowhere has no study or search yet, so none is the last"):
        RunsFolder().find("last", "study", "search")
