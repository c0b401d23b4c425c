"""Asking for a study: what is varied and held fixed, checked before anything runs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toile.data import DataSource, Progress, data_size, data_values, no_progress
from toile.errors import ToileError
from toile.executors import Cluster, MakeExecutor, refuse_more_workers, refuse_no_cluster
from toile.process import num_cores
from toile.recipe import (
    NO_SETTINGS,
    Recipe,
    addressed,
    few_steps_note,
    list_presets,
    read_recipe,
    recipe_of,
    with_settings,
)
from toile.runs import Known, RunsFolder
from toile.statistics import LOOKS, list_names
from toile.studies.folder import refuse_other_recipes, result_of, stored_text, study_folder
from toile.studies.live import LiveStudy, inline, worker_processes
from toile.studies.merge import merge_studies
from toile.studies.plan import (
    Cell,
    PlannedLevel,
    complete,
    plan_cells,
    plan_levels,
    refuse_seed,
    refuse_seeds,
    short_names,
)
from toile.studies.read import is_study_file, read_study_file, study_name
from toile.studies.spec import Alternative, Study, study_of
from toile.studies.worth import worth_levels

MOST_PER_READING = 256
EXECUTORS = ("local", "inline", "ray")
Values = Mapping[str, Any] | Sequence[Any]


def study(
    source: str | Path | Recipe | Study,
    *,
    vary: Mapping[str, Values] | None = None,
    levels: Mapping[str, str | Path | Recipe | Mapping[str, Any]] | None = None,
    worth: str | None = None,
    readings: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    data: DataSource | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    margin: float | None = None,
    folds: int | None = None,
    reach: Sequence[float] | None = None,
    question: str | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    add_readings: int = 0,
    until_decided: bool = False,
    budget_seconds: float | None = None,
    on: str = "local",
    cpus_per_reading: float | None = None,
    gpus_per_reading: float | None = None,
    progress: Progress = no_progress,
) -> LiveStudy:
    """A study of `source`, ready to be taken: a recipe, a study file, or a study to go on with.

    `vary` has values by address, as a list or a mapping by name; several addresses make a grid.
    `levels` are whole alternatives by name: a recipe (a preset's name, a file or a Recipe), or
    settings by their addresses, or both as `{"recipe": ..., "set": {address: value}}`.
    `worth="augmentation"` adds levels that say what each augmentation is worth: without each that
    the recipe has, and with each that it has not. `settings` are held fixed, by their addresses.
    `margin` is a fraction, half a point by default; `reach` are accuracies of which the report
    says how soon they were reached. A study without a name is called by its recipe and its
    factors, so that asking again goes on with it; `out` names its folder itself. `on="ray"` trains
    on the Ray cluster that RAY_ADDRESS names, or on one started here, each reading with so many
    CPUs, 1 unless said, and such a fraction of a GPU; `on="inline"` trains one reading after
    another in this process.
    Raises ToileError for anything a user can put right.

        >>> live = toile.study(recipe, vary={"training.epochs": [1, 2]}, readings=2, on="inline")
        >>> result = live.finish()
        >>> len(result.readings), result.verdict.levels[0].n
        (4, 2)
    """
    executor = executor_on(on, cpus_per_reading, gpus_per_reading)
    if on == "inline":
        refuse_more_workers(workers)
    base, begun = _read(source)
    overrides = {
        "readings": readings,
        "seed": seed,
        "margin": margin,
        "folds": folds,
        "reach": reach,
    }
    document = base | {key: value for key, value in overrides.items() if value is not None}
    document["set"] = base.get("set", {}) | _held(data, settings, epochs)
    document["vary"] = base.get("vary", {}) | dict(vary or {})
    document["levels"] = base.get("levels", {}) | {
        level: _alternative(alternative) for level, alternative in (levels or {}).items()
    }
    if worth is not None:
        document["levels"] |= _worth_levels(document, worth)
        document["name"] = name or study_name(document["recipe"]["name"], [f"worth-of-{worth}"])
    document["question"] = base.get("question", "") if question is None else question
    document["name"] = name or document.get("name") or _name(document)
    spec = complete(study_of(document))
    folder = Path(out) if out else (None if name else begun) or RunsFolder().folder / spec.name
    live = _live(spec, folder, workers, add_readings, until_decided, budget_seconds, progress)
    live.executor = executor
    if on != "local":
        live.workers = 1 if on == "inline" else workers or 0
    return live


def _live(
    spec: Study,
    folder: Path,
    workers: int | None,
    add_readings: int,
    until_decided: bool,
    budget_seconds: float | None,
    progress: Progress,
) -> LiveStudy:
    text = stored_text(folder)
    if text is not None:
        spec = merge_studies(read_study_file(folder / "study.yaml"), spec, folder)
    elif folder.exists() and not _is_free(folder):
        raise ToileError(f"{folder} is there and is no study; name another with --name or --out")
    else:
        refuse_seeds(spec)
    if add_readings < 0:
        raise ToileError(f"add_readings is {add_readings}; it is 0 or more, none are taken away")
    spec = spec.model_copy(update={"readings": spec.readings + add_readings})
    if until_decided:
        spec = _to_the_next_look(spec)
    levels = plan_levels(spec)
    starts: Known = {}
    cells = plan_cells(spec, levels, progress, starts)
    refuse_other_recipes(folder, cells)
    if workers is None:
        workers = max(num_cores() // max(int(cell.recipe.training.threads) for cell in cells), 1)
    notes = _notes(levels, cells)
    if text is not None:
        before = result_of(folder, spec)
        done = before.count("finished", "diverged")
        notes.append(f"continues {folder}: {done} of {len(before.readings)} readings are there")
    return LiveStudy(
        folder,
        spec,
        workers,
        until_decided,
        budget_seconds,
        notes,
        text,
        starts=starts,
        few_steps=_few_steps(cells) if text is None else [],
    )


def _is_free(folder: Path) -> bool:
    """Whether `place` is a folder with nothing in it but what a beginning may have left."""
    return folder.is_dir() and all(path.name == ".lock" for path in folder.iterdir())


def executor_on(on: str, cpus: float | None = None, gpus: float | None = None) -> MakeExecutor:
    """Where readings are trained."""
    options = (("cpus_per_reading", cpus), ("gpus_per_reading", gpus))
    resources = {name: count for name, count in options if count is not None}
    if on not in EXECUTORS:
        raise ToileError(
            f"on is {on}; readings are trained on local, by processes here, on inline, by this "
            "process alone, or on ray"
        )
    for name, count in resources.items():
        if on != "ray":
            raise ToileError(f"{name} is {count:g}, which goes with on ray; here there are workers")
        if not 0 <= count <= MOST_PER_READING or (name == "cpus_per_reading" and not count):
            raise ToileError(f"{name} is {count:g}; it goes from 0 to {MOST_PER_READING}")
    if on != "ray":
        return inline if on == "inline" else worker_processes
    refuse_no_cluster()
    return Cluster(**resources)


def _read(source: str | Path | Recipe | Study) -> tuple[dict[str, Any], Path | None]:
    """The document of what was asked for, and the folder of the study that it means to go on."""
    if isinstance(source, Study):
        return source.model_dump(), None
    if isinstance(source, Recipe):
        return {"recipe": source.model_dump(mode="json")}, None
    path = Path(source)
    is_file = os.path.isfile(path)
    # The beginning of a name is enough for a study, and must not stand for a recipe's whole one.
    folder = None if is_file or str(source) in list_presets() else study_folder(source)
    if folder is not None:
        return read_study_file(folder / "study.yaml").model_dump(), folder
    if is_file and is_study_file(path):
        begun = (path.parent / "study.json").exists() and path.name == "study.yaml"
        return read_study_file(path).model_dump(), path.parent if begun else None
    return {"recipe": read_recipe(source).model_dump(mode="json")}, None


def _held(
    data: DataSource | None, settings: Mapping[str, Any], epochs: int | None
) -> dict[str, Any]:
    """The settings that are held fixed, by address."""
    held = ({} if data is None else data_values(data)) | addressed(settings)
    refuse_seed(held, "held fixed (set)")
    return held | ({} if epochs is None else {"training.epochs": epochs})


def _worth_levels(document: Mapping[str, Any], group: str) -> dict[str, Any]:
    if not isinstance(document["recipe"], dict) or document["vary"] or document["levels"]:
        raise ToileError(
            f"--worth {group} goes with a recipe and nothing varied: it makes the levels itself"
        )
    recipe = with_settings(recipe_of(document["recipe"]), document["set"])
    levels = worth_levels(recipe, group, data_size(recipe.data).shape[-1])
    return {name: _alternative(level) for name, level in levels.items()}


def _alternative(level: str | Path | Recipe | Mapping[str, Any]) -> dict[str, Any]:
    """The document of a level."""
    if isinstance(level, str | Path):
        level = read_recipe(level)
    if isinstance(level, Recipe):
        return {"recipe": level.model_dump(mode="json")}
    if not level.keys() <= Alternative.model_fields.keys():
        return {"set": addressed(level)}
    recipe = level.get("recipe")
    replaced = {"recipe": recipe.model_dump(mode="json")} if isinstance(recipe, Recipe) else {}
    return {**level, **replaced}


def _name(document: Mapping[str, Any]) -> str:
    recipe = document["recipe"]["name"]
    varied = [*document["levels"], *short_names(list(document["vary"])).values()]
    return study_name(recipe, varied) + (
        f"-{document['folds']}-folds" if "folds" in document else ""
    )


def _to_the_next_look(spec: Study) -> Study:
    """`spec` with every level asked for as many readings as its next look is at."""
    if spec.folds is not None:
        raise ToileError("folds are as many as they are; --until-decided cannot add to them")
    most = spec.readings + max(spec.more.values(), default=0)
    if most > LOOKS[-1]:
        raise ToileError(
            f"the study has {most} readings; the looks were fixed at {', '.join(map(str, LOOKS))}"
        )
    look = {n: min(count for count in LOOKS if count >= n) for n in range(1, most + 1)}
    first = look[spec.readings]
    more = {level: look[spec.readings_of(level)] - first for level in spec.more}
    more = {level: count for level, count in more.items() if count}
    return spec.model_copy(update={"readings": first, "more": more, "looks": True})


def _notes(levels: Sequence[PlannedLevel], cells: Sequence[Cell]) -> list[str]:
    requested = {level.name: level.recipe.data.validation for level in levels}
    notes = {
        f"validation: {requested[cell.level]} images asked, {cell.recipe.data.validation} taken"
        for cell in cells
        if isinstance(requested[cell.level], int)
        and cell.recipe.data.folds is None
        and cell.recipe.data.validation != requested[cell.level]
    }
    return sorted(notes)


def _few_steps(cells: Sequence[Cell]) -> list[str]:
    """That the trainings of some levels are few steps; of all, with no level named."""
    first = [cell for cell in cells if cell.number == 1]
    by_note: dict[str, list[str]] = {}
    for cell in first:
        if note := few_steps_note(cell.recipe.training, cell.num_images):
            by_note.setdefault(note, []).append(cell.level)
    return [
        note if len(levels) == len(first) else f"{list_names(levels, 'and')}: {note}"
        for note, levels in by_note.items()
    ]
