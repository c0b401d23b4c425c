from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toile.runs import Run
from toile.runs.run_environment import environment_in
from toile.searches.result import SearchResult, Trial
from toile.searches.spec import search_of
from toile.sheets.plan import plan_sheet
from toile.sheets.result import ExerciseOutcome, Expectation, SheetResult
from toile.sheets.sheet import sheet_of
from toile.studies import Factors, Reading, StudyResult, study_of

FILTERS = "network.conv1.filters"
RATE = "training.optimizer.sgd.learning_rate"
OVER = {
    FILTERS: "8..128:log",
    RATE: "1e-4..1e-1:log",
    "network.relu1": {"off": "off", "gelu": "gelu"},
}
ENVIRONMENT = environment_in(
    {"toile": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "cores": 2, "threads": 1}
)
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="  # noqa: E501


@pytest.fixture
def run(make_run) -> Run:
    return make_run()[0]


def study(run: Run, table: Mapping[str, list[float]], **asked: Any) -> StudyResult:
    """Readings that all have one run's folder: a report reads the first one's alone."""
    readings = tuple(
        Reading(level, number, number - 1, run.folder, "finished", score, 30.0)
        for level, row in table.items()
        for number, score in enumerate(row, start=1)
    )
    levels = tuple(Factors(name, {}) for name in table)
    spec = study_of({"recipe": "s1-lab"} | asked)
    return StudyResult(Path("study"), spec, levels, readings, ENVIRONMENT)


@pytest.fixture
def make_search(run) -> Callable[..., SearchResult]:
    """Trials that get better, of which each third is stopped early and the tenth diverges."""

    def make(trials: int = 20, finalists: bool = True, **asked: Any) -> SearchResult:
        rng = np.random.default_rng(0)
        done = []
        for number in range(1, trials + 1):
            filters, rate = int(rng.integers(8, 129)), float(10 ** rng.uniform(-4, -1))
            values = {FILTERS: filters, RATE: rate, "network.relu1": ["off", "gelu"][number % 2]}
            score = 0.9 - 0.02 * abs(np.log10(rate) + 2) + 0.002 * rng.normal()
            status = "pruned" if number % 3 == 0 else "diverged" if number == 10 else "finished"
            scores = tuple(
                score - 0.02 / epoch for epoch in range(1, 2 if status == "pruned" else 6)
            )
            done.append(Trial(number, values, Path(f"trial-{number}"), status, scores, 20.0))
        search = search_of(
            {"recipe": "s1-lab", "over": OVER, "trials": trials, "name": "s"} | asked
        )
        result = SearchResult(Path("search"), search, tuple(done))
        if not finalists:
            return result
        table = {
            f"trial {one.number}": [
                one.scores[-1] - 0.004 + 0.001 * place for place in range(-2, 3)
            ]
            for one in result.chosen()
        }
        fresh = study(run, table, levels={name: {"set": {}} for name in table})
        return replace(result, finalists=fresh)

    return make


@pytest.fixture
def sheet_result(make_search, run, tmp_path) -> SheetResult:
    """A sheet with one exercise of each kind, all done but the photograph."""
    asked = {
        "title": "A sheet <b>",
        "intro": "What helps?",
        "exercises": [
            {"title": "First nine", "question": "What is it?", "show": {}},
            {
                "title": "Filters",
                "question": "Do more help?",
                "expect": "Which will be best?",
                "study": {"vary": {FILTERS: [8, 64]}, "readings": 5},
            },
            {"title": "Best", "search": {"over": OVER, "trials": 20}},
            {
                "title": "Worth it",
                "compare": {"first": {"exercise": 2, "level": "64"}, "second": {"exercise": 3}},
            },
            {"title": "Away", "export": {}},
            {"title": "Last", "question": "And you?"},
        ],
    }
    sheet = sheet_of(asked)
    filters = {"8": [0.8991, 0.8885, 0.8968, 0.8939, 0.8965]}
    filters["64"] = [0.8999, 0.9065, 0.9017, 0.8997, 0.9051]
    shown = {
        "data": "fashion-mnist", "train": 60000, "test": 10000, "shape": [1, 28, 28],
        "classes": ["Coat", "Shirt"], "fingerprint": "ab" * 32,
        "pictures": [{"class": "Coat", "uri": PIXEL}] * 9,
    }  # fmt: skip
    exported = {
        "file": "model.h5", "run": "run", "runtime": "a reader", "picture": "validation-image.png",
        "parity": {"images": 100, "agreement": 1.0, "max_difference": 3e-6},
        "label": "Coat", "top": [{"class": "Coat", "probability": 0.9}], "warnings": ["it is odd"],
    }  # fmt: skip
    made: list[dict[str, Any]] = [
        {"record": shown},
        {
            "study": study(run, filters, vary={FILTERS: [8, 64]}),
            "answer": Expectation(text="64 & more"),
        },
        {"search": make_search()},
        {"record": {"levels": {"64 (exercise 2)": filters["64"], "trial 1": filters["8"]}}},
        {"record": exported},
        {"answer": Expectation(text="Neither", when="2026-11-20T10:00:00+00:00")},
    ]
    outcomes = tuple(
        ExerciseOutcome(planned, tmp_path / planned.key, **({"answer": None} | given))
        for planned, given in zip(plan_sheet(sheet), made, strict=True)
    )
    return SheetResult(tmp_path, sheet, True, outcomes)
