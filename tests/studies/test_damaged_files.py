"""Every file of a study, a search or a sheet, damaged in any way, is read or refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzzing import unanswered
from toile.errors import ToileError
from toile.runs import Run, runs_folder
from toile.runs.state import State, write_state
from toile.searches import open_search
from toile.searches.result import finalist_mean, trial_key
from toile.searches.sentences import search_sentence, search_summary
from toile.searches.spec import search_of, search_text
from toile.sheets import open_sheet
from toile.studies import open_study, study_sentence, study_summary
from toile.studies.plan import cell_key, complete
from toile.studies.spec import study_of, study_text
from toile.workbench.listing import list_studies

FILTERS = "network.conv1.filters"
QUICK, MANY = 170, 20_000
ESTIMATE = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 100}
SECONDS = {"total": 2.0, "training": 1.5, "evaluation": 0.5, "first_epoch": 1.5, "per_epoch": None}
HALF = {"loss": 0.4, "accuracy": 0.9}
EPOCH = {
    "kind": "epoch", "epoch": 1, "step": 5, "training": HALF, "validation": HALF, "holdout": HALF,
    "selection": HALF, "best": True, "seconds": 1.5, "evaluation_seconds": 0.5,
    "total_seconds": 2.0,
}  # fmt: skip
ENVIRONMENT = {
    "toile": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "numpy": "2.4.6", "system": "Linux",
    "machine": "x86_64", "processor": "EPYC", "cores": 2, "device": "cpu", "threads": 1,
    "precision": "float32",
}  # fmt: skip
SHEET = f"""
title: A lab
recipe: s1-lab
set: {{data.name: fashion-sample, training.epochs: 1}}
exercises:
  - title: Filters
    question: Do more help?
    expect: Will they?
    study: {{vary: {{{FILTERS}: [2, 3]}}, readings: 2}}
  - title: Both
    compare: {{first: {{exercise: 1, level: "2"}}, second: {{exercise: 1, level: "3"}}}}
  - title: The best
    search: {{over: {{{FILTERS}: 2..6}}, trials: 2, finalists: 1, readings: 2}}
  - title: Why?
    question: Why is that so?
"""


def write_run(folder: Path, score: float) -> None:
    """As much of a finished run as a study reads."""
    folder.mkdir(parents=True)
    write_state(folder, State("finished", "lab", "d", 0, 1, "2026-01-01", 5, 1, score))
    value = ESTIMATE | {"value": score}
    results = {
        "state": "finished", "epochs": 1, "steps": 5, "parameters": 5, "macs": 9,
        "seconds": SECONDS, "convergence": [], "weights": {"last": "a", "best": "b"},
        "validation": {"accuracy": value, "loss": 0.4},
        "score": {"accuracy": value, "of": "validation", "weights": "last"},
        "best": {"epoch": 1, "accuracy": value, "of": "half"},
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "environment.json").write_text(json.dumps(ENVIRONMENT))
    (folder / "history.jsonl").write_text(json.dumps(EPOCH) + "\n")


def write_study(folder: Path, **more: object) -> None:
    asked = {"recipe": "s1-lab", "name": "lab", "readings": 2, "vary": {FILTERS: [2, 3]}} | more
    asked |= {"set": {"data.name": "fashion-sample"}}
    for level, scores in {"2": (0.8, 0.81), "3": (0.9, 0.88)}.items():
        for number, score in enumerate(scores, start=1):
            write_run(folder / "readings" / cell_key(level, number), score)
    (folder / "study.yaml").write_text(study_text(complete(study_of(asked))))
    standing = {"name": "lab", "status": "finished", "readings": 4, "finished": 4, "failed": {}}
    (folder / "study.json").write_text(json.dumps(standing | {"seconds": 8.0}))
    look = {"when": "2026-01-01T00:00:00+0000", "why": "they are in"}
    levels = {name: {"n": 2, "mean": 0.8, "low": 0.7, "high": 0.9} for name in ("2", "3")}
    test = {"levels": levels, "runs": ["2-1"], "accuracies": [0.8], "images": 10, "looks": 1}
    (folder / "test.json").write_text(json.dumps(test | {"networks": 1, "look": look}))
    (folder / "verdict.json").write_text(json.dumps(study_summary(open_study(folder))))


def write_search(folder: Path) -> None:
    document = {"recipe": "s1-lab", "name": "best", "trials": 2, "finalists": 1, "readings": 2}
    document["over"] = {FILTERS: "2..6"}
    for number, score in ((1, 0.8), (2, 0.9)):
        write_run(folder / "readings" / trial_key(number), score)
    (folder / "readings" / trial_key(1) / "pruned.json").write_text('{"epoch": 1}')
    (folder / "search.yaml").write_text(search_text(search_of(document)))
    asked = [{FILTERS: 2}, {FILTERS: 3}]
    memory = {"version": 1, "asked": asked, "told": [1, 2], "failed": {}}
    (folder / "search.json").write_text(json.dumps(memory))
    (folder / "summary.json").write_text(json.dumps(search_summary(open_search(folder))))


def write_sheet(folder: Path) -> None:
    write_study(folder / "exercise-1")
    write_search(folder / "exercise-3")
    (folder / "sheet.yaml").write_text(SHEET)
    standing = {"version": 1, "title": "A lab", "quick": False, "exercises": 4, "ended": 2}
    (folder / "sheet.json").write_text(json.dumps(standing))
    (folder / "answers.yaml").write_text('exercise-1: {text: They will, when: "2026"}\n')
    (folder / "exercise-2").mkdir()
    outcome = {"levels": {"2 (exercise 1)": [0.8, 0.81], "3 (exercise 1)": [0.9, 0.88]}}
    (folder / "exercise-2" / "outcome.json").write_text(json.dumps(outcome))


def read_study(folder: Path) -> object:
    result = open_study(folder)
    return study_summary(result), study_sentence(result), result.table(), result.command


def read_search(folder: Path) -> object:
    result = open_search(folder)
    means = [finalist_mean(result, one) for one in result.ranked()]
    return search_summary(result), search_sentence(result), means


def read_sheet(folder: Path) -> object:
    return (open_sheet(folder).to_json(),)


@pytest.fixture
def files(monkeypatch) -> tuple[dict[str, bytes], dict[str, Callable[[bytes], object]]]:
    """The files of a study, a search and a sheet, and for each what reads it once it is damaged."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    kinds = {
        "study": (write_study, read_study),
        "search": (write_search, read_search),
        "sheet": (write_sheet, read_sheet),
    }
    seeds: dict[str, bytes] = {}
    read: dict[str, Callable[[bytes], object]] = {}

    def reader(path: Path, read_kind: Callable[[Path], object], folder: Path):
        sound = path.read_bytes()

        def damaged(content: bytes) -> object:
            path.write_bytes(content)
            try:
                listed = [(one.state, one.sentence.encode()) for one in list_studies()]
                return listed, json.dumps(read_kind(folder)[0], allow_nan=True)
            finally:
                path.write_bytes(sound)

        return damaged

    for kind, (write, read_kind) in kinds.items():
        folder = runs_folder() / kind
        write(folder)
        # One reading is like another, and in a sheet like those outside it.
        own = [path for path in folder.rglob("*.*") if "readings" not in path.parts]
        if kind == "search":
            own += list(Run(folder / "readings" / trial_key(1)).folder.iterdir())
        if kind == "sheet":
            own = [path for path in own if path.parent == folder or path.name == "outcome.json"]
        for path in sorted(own):
            name = str(path.relative_to(runs_folder()))
            seeds[name] = path.read_bytes()
            read[name] = reader(path, read_kind, folder)
    return seeds, read


def test_a_damaged_file_of_a_study_a_search_or_a_sheet_is_read_or_refused(files):
    seeds, read = files
    assert len(seeds) == 17
    assert unanswered(read, seeds, QUICK) == []


@pytest.mark.parametrize("accuracies", [None, 0.5, ["x"], {}])
def test_accuracies_of_a_test_that_are_no_list_of_numbers_are_refused(files, accuracies):
    seeds, read = files
    record = json.loads(seeds["study/test.json"]) | {"accuracies": accuracies}
    with pytest.raises(ToileError, match=r"test\.json is damaged: accuracies"):
        read["study/test.json"](json.dumps(record).encode())


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_one_damaged_in_very_many_ways_is_read_or_refused(files):
    seeds, read = files
    assert unanswered(read, seeds, MANY, seed=1) == []
