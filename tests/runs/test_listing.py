import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.runs import Run, list_runs, open_run, runs_folder
from toile.runs.state import State, write_state

STATE = State("finished", "bars", "bars", 0, 3, "", 5)


def make(name, day=1, **fields):
    """A run that last came further on that day of 1970."""
    folder = runs_folder() / name
    folder.mkdir(parents=True)
    write_state(folder, replace(STATE, created="2026-01-01T00:00:00+0000", **fields))
    os.utime(folder / "state.json", (day * 86400, day * 86400))
    return Run(folder)


def test_runs_are_listed_newest_first_and_other_folders_passed_over():
    make("a", 1)
    make("b", 3)
    make("c", 2)
    (runs_folder() / "notes").mkdir()
    assert [one.run.id for one in list_runs()] == ["b", "c", "a"]


def test_a_damaged_state_is_listed_as_failed_with_its_reason():
    run = make("a")
    (run.folder / "state.json").write_text("{")
    (listed,) = list_runs()
    assert listed.state.status == "failed"
    assert "damaged" in listed.state.reason


def test_no_folder_is_no_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "nowhere"))
    assert list_runs() == []


def test_a_run_is_opened_by_folder_prefix_and_last():
    first = make("20260101-000000-bars-aaaa")
    newest = make("20260102-000000-bars-bbbb", 2)
    assert open_run(first.folder).folder == first.folder
    assert open_run("20260101").folder == first.folder
    assert open_run("bbbb").folder == newest.folder
    assert open_run("last").folder == newest.folder


def test_a_run_that_is_open_is_itself():
    run = make("a")
    assert open_run(run) is run


def test_before_the_first_run_there_is_no_last():
    with pytest.raises(ToileError, match=r"no run in .* yet; train one with  toile train quick"):
        open_run("last")


def test_the_ones_before_the_newest_are_counted_back():
    for day in (1, 2, 3):
        make(f"run-{day}", day)
    assert [open_run(name).id for name in ("last~0", "last~1", "last~2")] == [
        "run-3",
        "run-2",
        "run-1",
    ]
    with pytest.raises(ToileError, match=r"last~3 goes back further than .*, which has 3"):
        open_run("last~3")


def test_an_exact_name_is_meant_before_the_beginning_of_a_longer_one():
    kept = [make(name) for name in ("digits", "digits16-s1")]
    assert open_run("digits").folder == kept[0].folder
    assert open_run("digits1").folder == kept[1].folder
    by_recipe = [make(f"2026010{n}-000000-{name}-aaaa") for n, name in ((1, "bars"), (2, "bars16"))]
    assert open_run("bars").folder == by_recipe[0].folder
    assert open_run("bars1").folder == by_recipe[1].folder


def test_what_is_no_run_but_a_study_is_named_as_one():
    make("a")
    (runs_folder() / "filters").mkdir()
    (runs_folder() / "filters" / "study.json").touch()
    with pytest.raises(ToileError, match=r"no run in .* is called filters, which is a study"):
        open_run("filters")


def test_a_prefix_of_several_runs_is_refused_with_their_names():
    make("20260101-000000-bars-aaaa")
    make("20260102-000000-bars-bbbb")
    with pytest.raises(ToileError, match=r"fits 2 names in.*aaaa.*write more of it"):
        open_run("2026")


@pytest.mark.parametrize("name", ["20260101-000000-bars-aaab", "", "../..", "\0"])
def test_an_unknown_run_is_refused(name):
    make("20260101-000000-bars-aaaa")
    with pytest.raises(ToileError, match="aaaa"):
        open_run(name)


def test_an_id_is_a_run_before_it_is_a_folder_here(tmp_path, monkeypatch):
    kept = make("alike")
    for name in ("alike", "only-here"):
        shutil.copytree(kept.folder, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert open_run("alike").folder == kept.folder
    assert open_run("./alike").folder == Path("alike")
    assert open_run("only-here").folder == Path("only-here")


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000, "\udcff"])
def test_a_name_that_no_folder_can_have_is_no_run(name):
    make("a")
    with pytest.raises(ToileError, match="no run in"):
        open_run(name)


def test_one_run_that_may_not_be_read_hides_no_other(shared_folder, as_anyone, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(shared_folder))
    for name in ("closed", "open", "unreadable"):
        make(name)
    (shared_folder / "closed").chmod(0)
    (shared_folder / "unreadable" / "state.json").chmod(0)
    with as_anyone():
        listed = {one.run.id: one.state for one in list_runs()}
    assert {name: state.status for name, state in listed.items()} == {
        "closed": "failed",
        "open": "finished",
        "unreadable": "failed",
    }
    assert "cannot be read: Permission denied" in listed["closed"].reason
