"""Notes and stars: kept beside a run, a study, a search or a sheet, changing nothing of it."""

import hashlib
import json

import pytest

import toile
from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.runs import Run, RunsFolder, bundle_run, list_runs, runs_folder, unpack_bundle
from toile.runs.layout import MARKERS
from toile.runs.remarks import MOST_LETTERS, Remarks
from toile.runs.state import State, write_state

STATE = State("finished", "bars", "bars", 0, 3, "2026-01-01T00:00:00+0000", 5)


@pytest.fixture
def run():
    folder = runs_folder() / "one"
    folder.mkdir(parents=True)
    write_state(folder, STATE)
    return Run(folder)


def hashes(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name not in ("remarks.json", ".lock")
    }


def test_a_note_and_a_star_are_kept_and_change_no_other_file(run):
    before = hashes(run.folder)
    workspace = toile.Workspace()
    workspace.note("one", "  the first that\nlearnt  ")
    assert workspace.star("one") == Remarks("the first that\nlearnt", star=True) == run.remarks
    assert hashes(run.folder) == before
    (listed,) = list_runs()
    assert listed.remarks.line == "★ the first that …"
    assert run.remarks.sentence == "Starred. Note: the first that\nlearnt"
    workspace.star("one", is_starred=False)
    workspace.remove_note("last")
    assert run.remarks == Remarks()


@pytest.mark.parametrize("kind", [kind for kind in MARKERS if kind != "run"])
def test_studies_searches_and_sheets_take_them_too(kind):
    folder = runs_folder() / "it"
    folder.mkdir()
    (folder / MARKERS[kind]).write_text("{}")
    assert RunsFolder().note("it", "mine").note == "mine"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the note is empty"),
        (" \n", "the note is empty"),
        ("x" * 1_000_000, "has 1,000,000 letters; up to 10,000 are kept"),
        ("a\x1b[2J", r"holds '\\x1b'"),
        ("a\udcff", r"holds '\\udcff'"),
    ],
)
def test_what_is_no_note_is_refused_and_the_old_one_kept(run, text, why):
    RunsFolder().note("one", "old")
    with pytest.raises(ToileError, match=why):
        RunsFolder().note("one", text)
    assert run.remarks.note == "old"


def test_the_longest_note_is_kept(run):
    assert len(RunsFolder().note("one", "ü" * MOST_LETTERS).note) == MOST_LETTERS


def test_of_an_unknown_name_the_nearest_is_said(run):
    with pytest.raises(ToileError, match=r"is called onne; .*did you mean one\?$"):
        RunsFolder().star("onne")


def test_a_run_in_training_takes_a_note(run):
    with file_lock(run.folder):
        RunsFolder().note("one", "while it trains")
    assert run.remarks.note == "while it trains"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"note": 3}', '{"star": "yes"}', '{"note": "\\ud800"}', '{"names": [3]}'],
)
def test_damaged_it_is_said_where_the_run_is_opened_and_hides_it_from_no_listing(run, text):
    (run.folder / "remarks.json").write_text(text)
    with pytest.raises(ToileError, match=r"remarks\.json is damaged: .*; remove it"):
        _ = run.remarks
    (listed,) = list_runs()
    assert listed.state.status == "finished"
    assert "is damaged" in listed.remarks.note


def test_one_of_a_newer_toile_is_not_read(run):
    (run.folder / "remarks.json").write_text(json.dumps({"version": 2}))
    with pytest.raises(ToileError, match="newer Toile: its form has version 2, and this"):
        _ = run.remarks


def test_they_travel_in_a_bundle(trained, tmp_path):
    RunsFolder().note(trained.run.folder, "to be looked at")
    path = bundle_run(trained.run, tmp_path / "whole.zip")
    run, _ = unpack_bundle(path, lambda run: None, tmp_path / "elsewhere")
    assert run.remarks.note == "to be looked at"
