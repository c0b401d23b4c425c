"""Asking for a search: its space checked on the recipe and the data before anything runs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toile.data import DataSource, Progress, data_values, load_data, no_progress
from toile.errors import ToileError
from toile.executors import refuse_more_workers
from toile.process import num_cores
from toile.recipe import (
    NO_SETTINGS,
    Recipe,
    addressed,
    list_presets,
    plan_network,
    read_recipe,
    read_text,
    refuse_blank_pictures,
    with_settings,
)
from toile.runs import RunsFolder
from toile.searches.live import LiveSearch, trials_inline
from toile.searches.result import read_memory, read_search, search_folder
from toile.searches.same_start import refuse_other_start
from toile.searches.sampler import Sampler
from toile.searches.sentences import ORDER_DECIDES
from toile.searches.spec import Choices, Search, SearchRange, search_of, search_space
from toile.searches.trials import Ground
from toile.studies import (
    START,
    base_recipe,
    complete,
    inline,
    keep_rule,
    located,
    plan_cells,
    plan_levels,
    refuse_seed,
    say_difference,
    short_names,
    study_name,
)


def search(
    source: str | Path | Recipe | Search,
    *,
    over: Mapping[str, str | Sequence[Any] | Mapping[str, Any]] | None = None,
    trials: int | None = None,
    sampler: str | None = None,
    pruner: str | None = None,
    finalists: int | None = None,
    readings: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    data: DataSource | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    margin: float | None = None,
    question: str | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    on: str = "local",
    progress: Progress = no_progress,
) -> LiveSearch:
    """A search from `source`, ready to be taken: a recipe, or a search to go on with.

    `over` has by address a range, `"8..128"`, `"1e-4..1e-1:log"` or `"8..128:8"`, or a list of
    choices. Trials are judged on the half of validation that chooses; the best are read again with
    fresh seeds as a study, which alone is the result. Asking again goes on, and more `trials` may
    be asked. With one worker the same seed comes to the same trials; with several, which trial ends
    first decides what is tried and stopped next, unless the sampler is random and the pruner none.
    `on="inline"` trains in this process, one after another, in place of processes.
    Raises ToileError for anything a user can put right.

        >>> over = {"training.batch_size": [32, 64], "network.conv1.filters": "2..8"}
        >>> live = toile.search(recipe, over=over, trials=2, on="inline")
        >>> live.spec.trials, live.spec.finalists
        (2, 3)
    """
    if on not in ("local", "inline"):
        raise ToileError(
            f"on is {on}; trials are trained on local, by processes here, or on inline, by this "
            "process alone"
        )
    base, begun = _read(source)
    overrides = {
        "trials": trials, "sampler": sampler, "pruner": pruner, "finalists": finalists,
        "readings": readings, "seed": seed, "margin": margin, "question": question,
    }  # fmt: skip
    document = base | {key: value for key, value in overrides.items() if value is not None}
    held = ({} if data is None else data_values(data)) | addressed(settings)
    held |= {} if epochs is None else {"training.epochs": epochs}
    refuse_seed(held, "held fixed (set)")
    document["set"] = base.get("set", {}) | held
    document["over"] = base.get("over", {}) | dict(over or {})
    if not document["over"]:
        raise ToileError(
            "nothing is searched; name a setting, as in --over network.conv1.filters=8..128"
        )
    document["name"] = name or document.get("name") or _name(document)
    spec = _complete(search_of(document))
    folder = Path(out) if out else (None if name else begun) or RunsFolder().folder / spec.name
    return _live(spec, folder, workers, on, progress)


def _live(
    spec: Search, folder: Path, workers: int | None, on: str, progress: Progress
) -> LiveSearch:
    # What is no setting or no range is refused before any data is read, and before a search of this
    # name is found to differ by it.
    search_space(spec, base_recipe(spec.study))
    text = read_text(folder / "search.yaml") if (folder / "search.yaml").exists() else None
    if text is not None:
        spec = _merged(read_search(folder), spec, folder)
    elif folder.is_dir() and any(path.name != ".lock" for path in folder.iterdir()):
        raise ToileError(f"{folder} is not empty and no search; name another with --name or --out")
    else:
        refuse_seed(spec.set, "held fixed (set)")
    ground = _ground(spec, progress)
    if text is not None and _begins_with_weights(ground):
        refuse_other_start(folder)
    # A missing optuna is said before anything is written.
    Sampler(spec, ground.space, ground.most_epochs)
    if on == "inline":
        refuse_more_workers(workers)
        workers = 1
    if workers is None:
        workers = max(num_cores() // max(int(ground.base.training.threads), 1), 1)
    notes = []
    if workers > 1 and not spec.repeats:
        notes.append(f"with {workers} workers {ORDER_DECIDES}; --workers 1 repeats a search")
    if text is not None:
        memory = read_memory(folder)
        notes.append(f"continues {folder}: {len(memory.told)} of {spec.trials} trials are there")
    live = LiveSearch(folder, spec, ground, workers, notes, text)
    if on == "inline":
        live.executor, live.finalists_executor = trials_inline, inline
    return live


def _ground(spec: Search, progress: Progress) -> Ground:
    """The recipe with its data as it is taken, and the space, its ends fitting that data."""
    (cell,) = plan_cells(spec.study, plan_levels(spec.study), progress)
    # Which of a run's weights may be searched, so they are pinned with each trial.
    start = base_recipe(spec.study).training.start
    training = cell.recipe.training.model_copy(update={"start": start})
    base = cell.recipe.model_copy(update={"training": training})
    dataset = load_data(base.data, progress=progress)
    ground = Ground(base, search_space(spec, base), dataset.shape, len(dataset.class_names))
    for address, searched in ground.space.items():
        match searched:
            case SearchRange(low=low, high=high):
                ends: tuple[Any, ...] = (low, high)
            case Choices(values):
                ends = tuple(values.values())
        for end in ends:
            _fits(ground, address, end)
    return ground


def _begins_with_weights(ground: Ground) -> bool:
    return ground.base.training.start is not None or any(
        address.startswith(START) for address in ground.space
    )


def _fits(ground: Ground, address: str, end: Any) -> None:
    try:
        recipe = with_settings(ground.base, {address: end})
        plan_network(recipe.network, ground.shape, ground.num_classes)
        refuse_blank_pictures(recipe.augmentation, ground.shape)
    except ToileError as error:
        raise ToileError(f"over {address}, at {end}: {error}") from None


def _read(source: str | Path | Recipe | Search) -> tuple[dict[str, Any], Path | None]:
    """The document of what was asked for, and the folder of the search that it means to go on."""
    if isinstance(source, Search):
        return source.model_dump(), None
    if isinstance(source, Recipe):
        return {"recipe": source.model_dump(mode="json")}, None
    is_recipe = str(source) in list_presets() or os.path.isfile(source)
    folder = None if is_recipe else search_folder(source)
    if folder is not None:
        return read_search(folder).model_dump(), folder
    return {"recipe": read_recipe(source).model_dump(mode="json")}, None


def _complete(spec: Search) -> Search:
    """`spec` with its recipe written out and its data by where it lies."""
    study = complete(spec.study)
    over = {
        address: values
        if isinstance(values, str) or not address.startswith(START)
        else {name: located({address: value})[address] for name, value in values.items()}
        for address, values in spec.over.items()
    }
    return spec.model_copy(update={"recipe": study.recipe, "set": study.set, "over": over})


def _name(document: Mapping[str, Any]) -> str:
    searched = list(short_names(list(document["over"])).values())
    return study_name(f"{document['recipe']['name']}-search", searched)[:80].strip("-.")


def _merged(old: Search, new: Search, folder: Path) -> Search:
    """`old`, which is in `folder`, asked for more trials, or for other finalists.

    Raises ToileError naming the first difference by which its trials would be others.
    """
    recipe = base_recipe(keep_rule(old.study, new.study))
    difference = say_difference(base_recipe(old.study), recipe)
    for name in ("over", "sampler", "pruner", "seed"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            difference = difference or f"its {name} was {before} and is now {after}"
    if difference is not None:
        raise ToileError(
            f"{folder} has another search: {difference}; nothing was written. Give this one a name "
            "of its own with --name, or bring back what the other had"
        )
    if new.trials < len(read_memory(folder).asked):
        new = new.model_copy(update={"trials": old.trials})
    counts = {"trials": new.trials, "finalists": new.finalists, "readings": new.readings}
    return old.model_copy(
        update={**counts, "margin": new.margin, "question": new.question or old.question}
    )
