"""A study's folder: its settings, its readings' run folders, and how it stands, read back.

The folder is the truth. `study.yaml` holds the whole settings, `readings/` a run folder for each
cell, and `study.json` which readings failed for good and what a listing shows.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.files import write_json
from toile.recipe import Recipe, read_text
from toile.runs import Run, differences, find_kept, read_state
from toile.studies.merge import say_difference
from toile.studies.plan import Cell, cell_key, plan_levels
from toile.studies.read import read_study_file
from toile.studies.records import StudyRecord, TestRecord, read_record
from toile.studies.result import Factors, Reading, StudyResult
from toile.studies.same_scores import other_images, unlike
from toile.studies.spec import Study

VERSION = 1
FILLED = ("taken", "frozen", "seen_validation", "seen_test", "unknown")
"""Settings of a start that beginning a run fills in."""
ENDED = ("finished", "diverged")


def open_study(folder: str | Path) -> StudyResult:
    """The study in `folder`, as it stands. Raises ToileError where there is none."""
    place = study_folder(folder)
    if place is None:
        raise ToileError(f"{folder} is no study; `toile studies` lists them")
    return result_of(place, read_study_file(place / "study.yaml"))


def study_folder(name: str | Path) -> Path | None:
    """The folder of the study called `name`: a path, a name or its beginning, or `last`."""
    # One that was written down and has not begun is called by its folder alone. By os.path, for
    # Path.is_file raises for a name too long.
    if os.path.isfile(Path(name) / "study.yaml"):
        return Path(name)
    kept = find_kept(name, "study")
    return None if kept is None else kept.folder


def result_of(folder: Path, study: Study) -> StudyResult:
    """What `study` has come to in `folder`, which need not be there yet."""
    failed = read_record(folder / "study.json", StudyRecord).get("failed", {})
    levels = plan_levels(study)
    readings = tuple(
        read_reading(folder, level.name, number, study.seed + number - 1, failed)
        for level in levels
        for number in range(1, study.readings_of(level.name) + 1)
    )
    runs = [Run(one.folder) for one in readings if (one.folder / "state.json").exists()]
    environments = [run.environment for run in runs]
    mixed = {text: None for one in environments for text in differences(environments[0], one)}
    recipes = {level.name: level.recipe for level in levels}
    others = other_images(recipes)
    if others and len({run.facts.order for run in runs}) == 1:
        others = ""  # The same images lie in two places.
    return StudyResult(
        folder,
        study,
        tuple(Factors(level.name, level.values) for level in levels),
        readings,
        environments[0] if environments else None,
        tuple(mixed),
        read_record(folder / "test.json", TestRecord) or None,
        unlike(recipes),
        others,
    )


def read_reading(
    folder: Path, level: str, number: int, seed: int, failed: Mapping[str, str]
) -> Reading:
    """How one reading of the study in `folder` stands; `failed` has reasons by key."""
    key = cell_key(level, number)
    run = Run(folder / "readings" / key)
    if not (run.folder / "state.json").exists():
        status = "failed" if key in failed else "waiting"
        return Reading(level, number, seed, run.folder, status, reason=failed.get(key, ""))
    state = read_state(run.folder)
    if state.status not in ENDED:
        # What failed for good the study says; what a run says of itself may be tried again.
        status = "running" if state.alive else "interrupted"
        if state.status == "stopped":
            status = "stopped"
        if key in failed and not state.alive:
            status = "failed"
        reason = failed.get(key, state.reason)
        return Reading(level, number, seed, run.folder, status, reason=reason, epochs=state.epoch)
    has_results = (run.folder / "results.json").exists()
    results = run.results if has_results else None
    finished = state.status == "finished" and results is not None
    return Reading(
        level,
        number,
        seed,
        run.folder,
        state.status,
        results["score"]["accuracy"]["value"] if results and finished else None,
        results["seconds"]["total"] if results else None,
        state.reason,
        state.epoch,
        ((results and results.get("seen")) or {}).get("sentence", ""),
    )


def refuse_other_recipes(folder: Path, cells: Iterable[Cell]) -> None:
    """Raise ToileError where a reading that was begun is not of the recipe now asked for."""
    read: dict[str, Recipe] = {}
    for cell in cells:
        run = Run(folder / "readings" / cell.key)
        if not (run.folder / "state.json").exists():
            continue
        taken = _recipe_of(run, read)
        changed = say_difference(taken, _as_resolved(cell.recipe, taken))
        if changed or taken.seed != cell.recipe.seed:
            changed = changed or f"seed was {taken.seed} and is now {cell.recipe.seed}"
            raise ToileError(
                f"{run.folder}: level {cell.level}, reading {cell.number} was trained otherwise: "
                f"{changed}; nothing was written. Give the changed study a name of its own with "
                "--name, or bring back what it was"
            )


def stored_text(folder: Path) -> str | None:
    """What study.yaml says; None where it is not there."""
    path = folder / "study.yaml"
    return read_text(path) if path.exists() else None


def write_standing(result: StudyResult, status: str, failed: Mapping[str, str]) -> None:
    """Write what a listing shows, and why which readings failed for good, by key."""
    write_json(
        result.folder / "study.json",
        {
            "version": VERSION,
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


def _as_resolved(asked: Recipe, run: Recipe) -> Recipe:
    """`asked` with what only beginning a run finds out: every `auto`, and a start filled in."""
    training = asked.training
    update: dict[str, Any] = {
        name: getattr(run.training, name)
        for name in type(training).model_fields
        if getattr(training, name) == "auto"
    }
    if training.start is not None and run.training.start is not None:
        filled = {key: getattr(run.training.start, key) for key in FILLED}
        path = str(Path(training.start.run).resolve())
        update["start"] = training.start.model_copy(update={**filled, "run": path})
    return asked.model_copy(update={"training": training.model_copy(update=update)})
