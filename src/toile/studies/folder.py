"""A study's folder: its settings, its readings' run folders, and how it stands, read back.

The folder is the truth. `study.yaml` holds the whole settings, `readings/` a run folder for each
cell, and `study.json` which readings failed for good and what a listing shows.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.files import write_json
from toile.read_once import ReadOnce
from toile.recipe import Recipe, read_text
from toile.runs import (
    Run,
    RunEnvironment,
    RunsFolder,
    differences,
    read_state,
    reading_folder,
    score_same_images,
)
from toile.studies.label_corrections import changed_corrections
from toile.studies.merge import say_difference
from toile.studies.plan import Cell, cell_key, plan_levels
from toile.studies.read import read_study_file
from toile.studies.records import StudyRecord, TestRecord, read_record
from toile.studies.result import Factors, Reading, StudyResult
from toile.studies.same_scores import other_images, unlike
from toile.studies.spec import Study
from toile.studies.study_test import study_test_in

FILLED = ("copied", "frozen", "seen_validation", "seen_test", "unknown", "selected")
"""Settings of a start that beginning a run fills in."""
ENDED = ("finished", "diverged")
UNDER_WAY = ("running", "interrupted")
"""What a reading is by a process too, not by its files alone."""


@dataclass(frozen=True, eq=False)
class PlannedStudy:
    """A study's settings in a folder, and what follows from them alone.

    `readings` are level, number, seed and run; `files` are all that tell how it stands.
    """

    folder: Path
    study: Study
    levels: tuple[Factors, ...]
    readings: tuple[tuple[str, int, int, Run], ...]
    unlike: str
    other_images: str
    has_corrections: bool
    files: tuple[str, ...]


# A study of a thousand readings takes 2 MB, one reading 1 kB.
_PLANNED: ReadOnce[PlannedStudy] = ReadOnce(100)
_RESULTS: ReadOnce[StudyResult] = ReadOnce(100)
_READINGS: ReadOnce[Reading] = ReadOnce(20_000)
_ENVIRONMENTS: ReadOnce[RunEnvironment] = ReadOnce(20_000)


def open_study(name: str | Path) -> StudyResult:
    """The study in a folder, or called so where runs are kept. Raises ToileError without one.

    >>> toile.open_study("epochs").table().shape
    (2, 2)
    """
    path = study_folder(name)
    if path is None:
        raise ToileError(f"{name} is no study; `toile studies` lists them")
    file = path / "study.yaml"
    planned = _PLANNED.of(
        (str(file),), lambda: _plan_study(path, read_study_file(file)), keep=_stands_alone
    )
    return _result(planned)


def study_folder(name: str | Path) -> Path | None:
    """The folder of the study called `name`: a path, a name or its beginning, or `last`."""
    # One that was written down and has not begun is called by its folder alone. By os.path, for
    # Path.is_file raises for a name too long.
    if os.path.isfile(Path(name) / "study.yaml"):
        return Path(name)
    entry = RunsFolder().find(name, "study")
    return None if entry is None else entry.folder


def result_of(folder: Path, study: Study) -> StudyResult:
    """What `study` has come to in `folder`, which need not be there yet."""
    return _result(_plan_study(folder, study))


def _plan_study(folder: Path, study: Study) -> PlannedStudy:
    levels = plan_levels(study)
    recipes = {level.name: level.recipe for level in levels}
    differing = other_images(recipes)
    has_corrections = any(recipe.data.corrections is not None for recipe in recipes.values())
    readings = tuple(
        (
            level.name,
            number,
            study.seed + number - 1,
            Run(reading_folder(folder, cell_key(level.name, number))),
        )
        for level in levels
        for number in range(1, study.readings_of(level.name) + 1)
    )
    names = (
        "state.json",
        "results.json",
        "environment.json",
        *["data.json"] * (bool(differing) or has_corrections),
    )
    files = [f"{folder}/study.json", f"{folder}/test.json"]
    files += [f"{run.folder}/{name}" for *_, run in readings for name in names]
    factors = tuple(Factors(level.name, level.values) for level in levels)
    return PlannedStudy(
        folder, study, factors, readings, unlike(recipes), differing, has_corrections, tuple(files)
    )


def _stands_alone(planned: PlannedStudy) -> bool:
    """Whether the study's recipes are written out, so that no other file can change them."""
    study = planned.study
    sources = [study.recipe, *(level.recipe for level in study.levels.values())]
    return not any(isinstance(source, str) for source in sources)


def _result(planned: PlannedStudy) -> StudyResult:
    return _RESULTS.of(
        planned.files,
        lambda: _read_result(planned),
        planned,
        lambda result: not result.count(*UNDER_WAY),
    )


def _read_result(planned: PlannedStudy) -> StudyResult:
    folder = planned.folder
    failed = read_record(folder / "study.json", StudyRecord).get("failed", {})
    readings = tuple(_reading(*reading, failed) for reading in planned.readings)
    begun = [
        (reading.level, Run(reading.folder))
        for reading in readings
        if (reading.folder / "state.json").exists()
    ]
    runs = [run for _, run in begun]
    environments = [_environment(run) for run in runs]
    mixed = {
        text: None
        for environment in environments
        for text in differences(environments[0].to_json(), environment.to_json())
    }
    test = read_record(folder / "test.json", TestRecord)
    differing = planned.other_images
    if differing and score_same_images(runs):
        differing = ""
    return StudyResult(
        folder,
        planned.study,
        planned.levels,
        readings,
        environments[0] if environments else None,
        tuple(mixed),
        study_test_in(test) if test else None,
        planned.unlike or (changed_corrections(begun) if planned.has_corrections else ""),
        differing,
    )


def _environment(run: Run) -> RunEnvironment:
    return _ENVIRONMENTS.of((f"{run.folder}/environment.json",), lambda: run.environment)


def read_reading(
    folder: Path, level: str, number: int, seed: int, failed: Mapping[str, str]
) -> Reading:
    """How one reading of the study in `folder` stands; `failed` has reasons by key."""
    run = Run(reading_folder(folder, cell_key(level, number)))
    return _reading(level, number, seed, run, failed)


def _reading(level: str, number: int, seed: int, run: Run, failed: Mapping[str, str]) -> Reading:
    key = run.folder.name
    files = (f"{run.folder}/state.json", f"{run.folder}/results.json")
    return _READINGS.of(
        files,
        lambda: _read_reading(level, number, seed, run, failed.get(key)),
        (level, number, seed, failed.get(key)),
        lambda reading: reading.status not in UNDER_WAY,
    )


def _read_reading(level: str, number: int, seed: int, run: Run, failed: str | None) -> Reading:
    """`failed` is why the study gave the reading up; None where it did not."""
    if not (run.folder / "state.json").exists():
        status = "waiting" if failed is None else "failed"
        return Reading(level, number, seed, run.folder, status, reason=failed or "")
    state = read_state(run.folder)
    if state.status not in ENDED:
        # What failed for good the study says; what a run says of itself may be tried again.
        status = "running" if state.alive else "interrupted"
        if state.status == "stopped":
            status = "stopped"
        if failed is not None and not state.alive:
            status = "failed"
        reason = state.reason if failed is None else failed
        return Reading(level, number, seed, run.folder, status, reason=reason, epochs=state.epoch)
    results = run.results if run.has_results else None
    finished = state.status == "finished" and results is not None
    return Reading(
        level,
        number,
        seed,
        run.folder,
        state.status,
        results.score.to_json()["value"] if results and finished else None,
        results.seconds.total if results else None,
        state.reason,
        state.epoch,
        results.warning if results else "",
    )


def refuse_other_recipes(folder: Path, cells: Iterable[Cell]) -> None:
    """Raise ToileError where a reading that was begun is not of the recipe now asked for."""
    read: dict[str, Recipe] = {}
    for cell in cells:
        run = Run(reading_folder(folder, cell.key))
        if not (run.folder / "state.json").exists():
            continue
        trained = _recipe_of(run, read)
        changed = say_difference(trained, _as_resolved(cell.recipe, trained))
        if changed or trained.seed != cell.recipe.seed:
            changed = changed or f"seed was {trained.seed} and is now {cell.recipe.seed}"
            raise ToileError(
                f"{run.folder}: level {cell.level}, reading {cell.number} was trained otherwise: "
                f"{changed}; nothing was written. Give the changed study a name of its own with "
                "--name, or bring back what it was"
            )


def stored_text(folder: Path) -> str | None:
    """What study.yaml says; None where it is not there."""
    path = folder / "study.yaml"
    return read_text(path) if path.exists() else None


def write_status(result: StudyResult, status: str, failed: Mapping[str, str]) -> None:
    """Write what a listing shows, and why which readings failed for good, by key."""
    write_json(
        result.folder / "study.json",
        {
            "name": result.spec.name,
            "status": status,
            "levels": [level.name for level in result.levels],
            "readings": len(result.readings),
            **{ended: result.count(ended) for ended in ENDED},
            "failed": dict(failed),
            "seconds": result.seconds,
        },
    )


def _recipe_of(run: Run, read: dict[str, Recipe]) -> Recipe:
    """The run's recipe; `read` has those read before by their text up to the seed.

    Readings of a level differ in no more, and a hundred texts take seconds to read.
    """
    text, _, seed = read_text(run.folder / "recipe.yaml").rpartition("\nseed: ")
    if not seed.strip().isdecimal():
        return run.recipe
    if text not in read:
        read[text] = run.recipe
    return read[text].model_copy(update={"seed": int(seed)})


def _as_resolved(recipe: Recipe, run: Recipe) -> Recipe:
    """`recipe` with what only beginning a run finds out: every `auto`, and a start filled in."""
    training = recipe.training
    update: dict[str, Any] = {
        name: getattr(run.training, name)
        for name in type(training).model_fields
        if getattr(training, name) == "auto"
    }
    if training.start is not None and run.training.start is not None:
        filled = {key: getattr(run.training.start, key) for key in FILLED}
        path = str(Path(training.start.run).resolve())
        update["start"] = training.start.model_copy(update={**filled, "run": path})
    return recipe.model_copy(update={"training": training.model_copy(update=update)})
