import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toile.runs import Run


def test_runs_are_listed_with_their_score(toile, among_runs):
    listed = toile("runs", "--json").json["runs"]
    assert [one["id"] for one in listed] == ["run"]
    assert listed[0]["status"] == "finished"
    assert listed[0]["accuracy"] == Run(among_runs).results.validation.accuracy.value
    assert "fashion-sample" in toile("runs").output


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--name=s1-lab"], 1),
        (["--name=quick"], 0),
        (["--data=fashion-sample", "--status=finished", "--sort=accuracy"], 1),
        (["--status=diverged"], 0),
    ],
)
def test_a_listing_can_be_narrowed(toile, among_runs, words, count):
    assert len(toile("runs", "--json", *words).json["runs"]) == count


def test_an_unknown_state_is_refused_with_the_nearest(toile):
    answer = toile("runs", "--status=finish")
    assert answer.code == 2
    assert "did you mean finished?" in answer.errors


def test_no_runs_is_said_with_the_next_step(toile):
    answer = toile("runs")
    assert answer.code == 0
    assert "toile train quick" in answer.output


def test_no_runs_beside_a_sheet_points_to_what_lists_its_trainings(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path))
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "sheet.json").write_text("{}")
    said = toile("runs").output
    assert "those of studies, searches and sheets are listed by  toile studies" in said


def test_a_run_is_shown_with_when_it_got_how_good(toile, among_runs):
    answer = toile("show", "last", "--reach=0.05", "--reach=0.999", "--curve")
    assert answer.code == 0
    assert "reached 5.0 %: epoch 1, after" in answer.output
    assert "reached 99.9 %: not reached" in answer.output
    assert "▁" in answer.output


def test_two_runs_are_compared_by_recipe_score_and_curves(toile, among_runs, tmp_path, quickly):
    other = ["--set=training.optimizer.sgd.learning_rate=0.02"]
    assert toile("train", "s1-lab", "--out=other", "--no-page", *quickly, *other).code == 0
    answer = toile("compare", among_runs, "other", "--json")
    assert answer.json["recipe"] == [
        {"address": "training.optimizer.sgd.learning_rate", "values": [0.01, 0.02]}
    ]
    assert len(answer.json["scores"]) == 2
    drawn = Path(answer.json["figure"])
    assert (drawn.parent, drawn.name[:7]) == (among_runs.parent, "compare")
    assert drawn.read_bytes().startswith(b"\x89PNG")
    three = toile("compare", "run", "other", "run")
    assert three.output.startswith("A  ")
    assert f"wrote {among_runs.parent / 'compare-'}" in three.output
    two = toile("compare", "run", "other").output.splitlines()
    assert max(map(len, two[3:7])) <= 80
    (tmp_path / "mine.png").touch()
    taken = toile("compare", "run", "other", "--out=mine.png")
    assert "mine.png is there already and is not overwritten" in taken.errors
    assert toile("compare", "run", "other", "--out=mine.png", "--force").code == 0
    assert "compare needs 2 to 26 names and got 1" in toile("compare", "run").errors


def test_a_run_is_deleted_only_after_a_yes(toile, tmp_path, among_runs):
    copy = tmp_path / "copy"
    shutil.copytree(among_runs, copy)
    (copy / "mine.txt").write_text("mine")
    # A name is a run's: the folder here is not meant by it.
    assert "./copy means it" in toile("rm", "copy", "--yes").errors
    unasked = toile("rm", "./copy")
    assert unasked.code == 2
    assert "there is no terminal to ask on" in unasked.errors
    assert f"{copy}\ns1-lab on fashion-sample, finished, epoch 1/1\n" in unasked.errors
    assert "files that Toile did not write: mine.txt" in unasked.errors
    assert copy.exists()
    assert "for good: it cannot go into the bin of " in unasked.errors
    assert toile("rm", "./copy", "--yes").output.endswith("copy for good\n")
    assert not copy.exists()
    assert among_runs.exists()


def test_several_of_any_kind_are_deleted_at_once(toile, tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_RUNS", "runs")
    for mark in ("a/state.json", "b/study.json", "c/state.json"):
        (tmp_path / "runs" / mark).parent.mkdir(parents=True)
        (tmp_path / "runs" / mark).write_text("{}")
    unasked = toile("rm", "a", "b")
    assert "runs/a\n" in unasked.errors
    assert "a study, with all its readings\n1 files" in unasked.errors
    assert toile("rm", "a", "b", "nothing", "--yes").code == 2
    assert (tmp_path / "runs" / "a").exists()
    assert toile("rm", "a", "b", "a", "--yes").output == (
        "deleted runs/a\ndeleted runs/b\nfor 30 days toile rm --undo restores them\n"
    )
    assert sorted(one.name for one in (tmp_path / "runs").iterdir()) == [".bin", "c"]
    listed = toile("rm", "--list-bin").output.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["a", "run"], ["b", "study"]]
    assert [one["name"] for one in toile("rm", "--list-bin", "--json").json["bin"]] == ["a", "b"]
    assert toile("rm", "--undo", "b").output == "restored runs/b\n"
    assert (tmp_path / "runs" / "b" / "study.json").exists()
    unasked = toile("rm", "--empty-bin")
    assert "there is no terminal to ask on" in unasked.errors
    assert toile("rm", "--empty-bin", "--yes").output == "deleted 1 for good, 0 kB\n"
    assert "is empty; there is nothing to bring back" in toile("rm", "--undo").errors
    assert toile("rm", "--list-bin").output == "the bin of runs is empty\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name what to delete"),
        (["a", "--empty-bin"], "are for the whole bin"),
        (["--undo", "--list-bin"], "exclude each other"),
    ],
)
def test_what_is_asked_of_the_bin_is_one_thing(toile, words, why):
    answer = toile("rm", *words)
    assert answer.code == 2
    assert why in answer.errors


@pytest.mark.parametrize(("said", "is_gone"), [(b"n\n", False), (b"y\n", True)])
def test_at_a_terminal_it_is_asked_for(tmp_path, among_runs, said, is_gone):
    shutil.copytree(among_runs, tmp_path / "copy")
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, said)
        subprocess.run(
            [sys.executable, "-m", "toile.cli", "rm", "./copy"],
            stdin=terminal,
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert (tmp_path / "copy").exists() is not is_gone


def test_a_page_is_written_anew(toile, among_runs):
    (among_runs / "report.html").unlink()
    answer = toile("report", "last")
    assert answer.output.strip() == str(among_runs / "report.html")
    assert (among_runs / "report.html").stat().st_size > 50_000


@pytest.fixture
def kinds(tmp_path, monkeypatch):
    """A run, and a study and a search that came further after it."""
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "runs"))
    marks = ("some-run/state.json", "a-study/study.json", "b-search/search.json")
    for second, mark in enumerate(marks):
        (tmp_path / "runs" / mark).parent.mkdir(parents=True)
        (tmp_path / "runs" / mark).write_text("{}")
        os.utime(tmp_path / "runs" / mark, (second, second))
    return tmp_path / "runs"


def test_last_is_the_newest_of_what_a_command_takes(toile, kinds):
    # Nothing is in these files, so each command names the one it took for the last.
    assert "b-search" in toile("show", "last").errors
    assert "a-study" in toile("show", "last~1").errors
    assert "b-search" in toile("report", "last").errors
    assert "some-run" in toile("show", "last", "--reach=0.5").errors
    assert "some-run" in toile("evaluate", "last").errors
    assert "b-search" in toile("rm", "last").errors
    os.utime(kinds / "some-run" / "state.json", (9, 9))
    assert "some-run" in toile("show", "last").errors
    assert toile("rm", "last", "--yes").output.splitlines()[0].endswith("some-run")


def test_what_is_not_there_is_none_of_the_kinds_that_are_deleted(toile, kinds):
    said = toile("rm", "b-serch").errors
    assert "no run, study, search or sheet in " in said
    assert "did you mean b-search?" in said
    assert "nothing was deleted" in said
    assert "./nosuch is no run, study, search or sheet" in toile("rm", "./nosuch").errors


def test_data_is_shown_in_a_narrow_listing_where_it_differs(toile, among_runs, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    assert "fashion-sample" not in toile("runs").output
    other = among_runs.parent / "other"
    shutil.copytree(among_runs, other)
    state = json.loads((other / "state.json").read_text())
    (other / "state.json").write_text(json.dumps(state | {"data": "my-pictures"}))
    said = toile("runs").output
    shutil.rmtree(other)
    assert "fashion-sample" in said
    assert "my-pictures" in said
    assert "parameters" not in said


def test_of_the_accuracies_reached_the_highest_are_shown(toile, among_runs, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(among_runs, copy)
    lines = (copy / "history.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    last["validation"]["accuracy"] = 0.935
    (copy / "history.jsonl").write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n")
    said = [line for line in toile("show", copy).output.split("\n") if line.startswith("reached")]
    assert [line.partition(":")[0] for line in said] == [
        f"reached {share} %" for share in ("90.0", "91.0", "92.0", "93.0", "94.0")
    ]
    assert said[-1].endswith("not reached")
