"""The ledger counts every look, also after a kill, and is never guessed at."""

import errno
import json
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import pytest

from toile.errors import ToileError
from toile.evaluation import Estimate
from toile.recipe import recipe_text, with_settings
from toile.runs import (
    CorruptFile,
    LookScore,
    Run,
    is_of,
    ledger_folders,
    looks_of,
    read_ledger,
    runs_folder,
    write_score,
)
from toile.runs.layout import name_in_ledger
from toile.runs.ledger import write_look
from toile.runs.ledger_file import LookRequest

SCORE = LookScore(Estimate(0.9, 0.8, 0.95, 100))
FACTS = {"weights": "last", "recipe": "r" * 64, "data": "d" * 64, "source": "/data"}


def look(folder: Path, run: str = "run", test: str = "t" * 64):
    return write_look([folder], LookRequest(run=run, test=test, **FACTS), "to know")


def make_run(folder: Path) -> Run:
    """A run's folder as far as finding its ledger goes, with what it is part of around it."""
    folder.mkdir(parents=True)
    (folder / "state.json").write_text("{}")
    for place in folder.parents[:4]:
        for kind in ("study", "search", "sheet"):
            if place.name == kind:
                (place / f"{kind}.json").write_text("{}")
    return Run(folder)


def look_at(run: Run, why: str):
    folders = ledger_folders(run.folder)
    return write_score(
        folders, write_look(folders, LookRequest(run.id, test="t", **FACTS), why), SCORE
    )


def test_no_ledger_is_no_looks(tmp_path):
    assert read_ledger(tmp_path) == ()


def test_looks_are_numbered_and_carry_their_score(tmp_path):
    first, second = look(tmp_path), look(tmp_path, run="other")
    write_score([tmp_path], second, SCORE)

    read = read_ledger(tmp_path)
    assert [one.number for one in read] == [1, 2]
    assert [one.score for one in read] == [None, SCORE]
    assert (read[0], read[1].run) == (first, "other")


@pytest.mark.parametrize(
    ("score", "loss"),
    [
        (LookScore(Estimate(0.9, 0.8, 0.95, 100), 0.25, "some of them were learnt"), 0.25),
        (LookScore(Estimate(0.5, 0.0, 1.0, 2), float("inf")), None),
        (SCORE, None),
    ],
)
def test_a_score_is_read_as_it_was_written_and_a_loss_that_is_not_finite_as_none(
    tmp_path, score, loss
):
    write_score([tmp_path], look(tmp_path), score)
    line = json.loads((tmp_path / "ledger.jsonl").read_text().splitlines()[1])
    (read,) = read_ledger(tmp_path)
    assert read.score == LookScore(score.accuracy, loss, score.seen)
    assert read.to_json()["score"] == {
        name: v for name, v in line["score"].items() if v is not None
    }
    assert line["score"]["accuracy"]["n"] == score.accuracy.n


@pytest.mark.parametrize(
    "place",
    [
        "run",
        "group/run",
        "study/readings/2-1",
        "search/readings/trial-3",
        "search/finalists/readings/trial-3-1",
        "sheet/exercise-2/readings/2-1",
        "sheet/exercise-3/work/readings/2-1",
        "sheet/exercise-4/finalists/readings/2-1",
    ],
)
def test_a_look_at_a_run_anywhere_in_a_workspace_is_in_its_one_ledger(place):
    run = make_run(runs_folder() / place)
    one = look_at(run, "first")
    look_at(make_run(runs_folder() / "another"), "second")

    assert [file.parent for file in runs_folder().rglob("ledger.jsonl")] == [runs_folder()]
    assert [each.why for each in read_ledger()] == ["first", "second"]
    assert looks_of(run) == read_ledger()
    assert read_ledger()[0] == one


def test_a_workspace_in_a_folder_called_readings_has_its_ledger_in_itself(tmp_path, monkeypatch):
    workspace = tmp_path / "me" / "readings" / "runs"
    monkeypatch.setenv("TOILE_RUNS", str(workspace))
    look_at(make_run(workspace / "run"), "first")
    assert list(tmp_path.rglob("ledger.jsonl")) == [workspace / "ledger.jsonl"]


def test_a_run_put_into_a_folder_called_readings_has_its_looks_beside_it(tmp_path):
    kept = tmp_path / "me" / "readings"
    run = make_run(kept / "run")
    # Somebody's own file, which makes no study of what is around it.
    (tmp_path / "study.json").write_text("{}")
    assert ledger_folders(run.folder)[1:] == (kept,)
    assert name_in_ledger(run.folder) == "run"
    # One that was begun has its settings, also where how it stands is lost.
    (kept.parent / "study.yaml").write_text("")
    assert name_in_ledger(run.folder) == "me/readings/run"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("run", "run"),
        ("group/run", "run"),
        ("study/readings/2-1", "study/readings/2-1"),
        ("sheet/exercise-4/finalists/readings/2-1", "sheet/exercise-4/finalists/readings/2-1"),
    ],
)
def test_a_run_is_called_in_the_ledger_by_what_it_is_part_of(place, name, tmp_path):
    for workspace in (runs_folder(), tmp_path / "elsewhere"):
        assert name_in_ledger(make_run(workspace / place).folder) == name


def test_a_look_at_a_reading_is_none_at_its_namesake_in_another_study(trained, tmp_path):
    recipe = trained.run.recipe.hash
    here, there = tmp_path / "one" / "study", tmp_path / "another" / "study"
    runs = []
    for number, study in enumerate((here, there)):
        run = make_run(study / "readings" / "2-1")
        # Of another seed, as readings of two studies are.
        written = recipe_text(with_settings(trained.run.recipe, {"seed": number}), complete=True)
        (run.folder / "recipe.yaml").write_text(written)
        runs.append(run)
    facts = FACTS | {"recipe": recipe}
    look = write_look([tmp_path], LookRequest("study/readings/2-1", test="t", **facts), "now")
    old = write_look(
        [tmp_path], LookRequest("2-1", test="t", **facts), "before looks had whole names"
    )
    assert [is_of(look, run) for run in runs] == [True, True]
    assert [is_of(old, run) for run in runs] == [True, False]
    assert not is_of(
        write_look([tmp_path], LookRequest("b/readings/2-1", test="t", **facts), ""), runs[0]
    )


@pytest.mark.parametrize("place", ["run", "search/readings/trial-3", "sheet/ex-1/readings/2-1"])
def test_a_look_at_a_run_elsewhere_is_beside_it_and_in_the_workspace_and_counted_once(
    tmp_path, place, monkeypatch
):
    run = make_run(tmp_path / "elsewhere" / place)
    (look_at(run, "first"), look_at(make_run(runs_folder() / "here"), "second"))

    assert [one.why for one in read_ledger()] == ["first", "second"]
    assert [one.why for one in read_ledger(tmp_path / "elsewhere")] == ["first"]
    assert [one.why for one in looks_of(run)] == ["first", "second"]
    assert all(one.score == SCORE for one in looks_of(run))
    # Moved, and asked from another workspace, it is still known to have been looked at.
    (tmp_path / "elsewhere").rename(tmp_path / "moved")
    monkeypatch.setenv("TOILE_RUNS", str(tmp_path / "others"))
    assert [one.why for one in looks_of(Run(tmp_path / "moved" / place))] == ["first"]


@pytest.mark.parametrize("place", ["study", "search/readings", "sheet/exercise-1", "group"])
def test_ledgers_that_studies_kept_of_their_own_are_read_and_counted(place):
    """As looks of version 0.1 have no id, alike but for the place they are kept in."""
    old = {"kind": "look", "number": 1, "when": "2026-01-01T10:00:00+0100", "run": "trial-1"}
    old |= {"weights": "last", "recipe": "r", "data": "d", "test": "t" * 64, "why": "in it"}
    score = {"kind": "score", "look": 1, "score": SCORE.to_json()}
    lines = "".join(json.dumps(line) + "\n" for line in (old, score))
    (runs_folder() / place).mkdir(parents=True)
    (runs_folder() / place / "ledger.jsonl").write_text(lines)
    look(runs_folder())

    inner, own = read_ledger()
    assert (inner.why, inner.number, inner.score, own.why) == ("in it", 1, SCORE, "to know")
    # A copy of the same ledger adds nothing.
    (runs_folder() / "copy").mkdir()
    (runs_folder() / "copy" / "ledger.jsonl").write_text(lines)
    assert len(read_ledger()) == 2
    # The same twice in one ledger is two looks within a second.
    (runs_folder() / place / "ledger.jsonl").write_text(lines * 2)
    assert len(read_ledger()) == 3


def test_a_look_that_one_ledger_cannot_take_is_written_to_none(tmp_path):
    run = make_run(tmp_path / "elsewhere" / "run")
    (tmp_path / "elsewhere" / "ledger.jsonl").write_bytes(b"{}\n")
    with pytest.raises(CorruptFile, match="bring back a whole copy"):
        look_at(run, "first")
    assert read_ledger() == ()


def test_a_disk_that_is_full_leaves_no_look_and_no_part_of_a_line(tmp_path, monkeypatch):
    look(tmp_path)
    before = (tmp_path / "ledger.jsonl").read_bytes()

    def fail(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(ToileError, match="No space left"):
            look(tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() == before


@pytest.mark.parametrize("score", [{}, {"accuracy": 0.9}, {"accuracy": {"value": "much"}}, [], 5])
def test_a_score_of_another_form_leaves_its_look_counted_and_the_ledger_readable(tmp_path, score):
    one = look(tmp_path)
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "score", "look": one.id, "score": score}) + "\n")
    assert [each.score for each in read_ledger(tmp_path)] == [None]
    assert look(tmp_path).number == 2


def test_a_reason_in_bytes_of_no_alphabet_is_kept_as_what_can_be_printed(tmp_path):
    write_look([tmp_path], LookRequest(run="run", test="t", **FACTS), "so\udcff")
    (read,) = read_ledger(tmp_path)
    assert read.why == "so?"


def test_a_run_knows_the_looks_beside_it_and_where_runs_are_kept_here(tmp_path, monkeypatch):
    beside, here = tmp_path / "beside", tmp_path / "here"
    for folder in (beside, here):
        folder.mkdir()
        look(folder)
    monkeypatch.setenv("TOILE_RUNS", str(here))
    assert len(looks_of(Run(beside / "run"))) == 2
    assert len(looks_of(Run(here / "run"))) == 1


def test_a_ledger_that_is_no_file_is_said(tmp_path):
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ToileError, match="cannot be read: Is a directory"):
        read_ledger(tmp_path)


def test_a_line_cut_by_a_kill_counts_nothing_and_is_written_over(tmp_path):
    look(tmp_path)
    with (tmp_path / "ledger.jsonl").open("ab") as file:
        file.write(b'{"kind": "look", "numb')

    assert len(read_ledger(tmp_path)) == 1
    assert look(tmp_path).number == 2
    assert len(read_ledger(tmp_path)) == 2


@pytest.mark.parametrize(
    "line",
    [b"not json\n", b"[]\n", b'{"kind": "look"}\n', b'{"kind": "score", "look": 9, "score": {}}\n'],
)
def test_a_damaged_ledger_is_refused_and_not_added_to(tmp_path, line):
    (tmp_path / "ledger.jsonl").write_bytes(line)
    with pytest.raises(CorruptFile, match="bring back a whole copy"):
        look(tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() == line


def test_many_processes_lose_no_look(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        numbers = list(pool.map(_ten_looks, [tmp_path] * 4))
    assert sorted(chain.from_iterable(numbers)) == list(range(1, 41))
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(1, 41))


def _ten_looks(folder: Path) -> list[int]:
    return [look(folder).number for _ in range(10)]
