"""From a study's settings to its levels and cells, each with its whole recipe, all of it checked.

A cell is one reading of one level. Nothing is trained or written here.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from toile.data import (
    Progress,
    known_shape,
    load_data,
    no_progress,
    resolved_data,
    split_data,
)
from toile.errors import ToileError
from toile.recipe import (
    Data,
    Recipe,
    Start,
    plan_network,
    read_recipe,
    read_value,
    recipe_of,
    refuse_blank_pictures,
    with_settings,
)
from toile.runs import (
    Known,
    fill_seen,
    pictures_of,
    pin_start,
    refuse_unknown_start,
    source_run,
)
from toile.studies.same_scores import unlike
from toile.studies.spec import Alternative, Source, Study, study_of, study_text

MOST_LEVELS = 1000
CORRECTIONS = "data.corrections"
START = "training.start"
START_RUN = f"{START}.run"
# Data as it is taken, the shape of its images, the number of classes, and of images to train on.
ResolvedData = tuple[Data, tuple[int, int, int], int, int]


@dataclass(frozen=True)
class PlannedLevel:
    """A level by name, the values as they were written that make it, and its recipe."""

    name: str
    values: Mapping[str, str]
    recipe: Recipe


@dataclass(frozen=True)
class Cell:
    """Reading `number`, from 1, of a level: one run of `recipe` on `num_images` images."""

    level: str
    number: int
    recipe: Recipe
    num_images: int

    @property
    def key(self) -> str:
        """The name of its folder."""
        return cell_key(self.level, self.number)


def cell_key(level: str, number: int) -> str:
    """The level's name, fit for a folder's on any system, and the number: `64-3`."""
    fit = re.sub(r"[^a-z0-9._=-]+", "-", level.lower()).strip("-.")[:60]
    if fit != level:
        fit = f"{fit}-{hashlib.sha256(level.encode()).hexdigest()[:6]}"
    return f"{fit}-{number}"


def plan_levels(study: Study) -> tuple[PlannedLevel, ...]:
    """Every level with its recipe, alternatives first, then the grid in order.

    Raises ToileError for a setting that does not exist or is out of range, naming the level, and
    for two levels that are the same.
    """
    levels = tuple(PlannedLevel(*combination) for combination in _combinations(study))
    names, names_by_hash = set(), dict[str, str]()
    for level in levels:
        if level.name in names:
            raise ToileError(f"level {level.name} stands twice; a level is named once")
        twin = names_by_hash.setdefault(level.recipe.hash, level.name)
        if twin != level.name:
            raise ToileError(
                f"levels {twin} and {level.name} are the same recipe; leave one of them out"
            )
        names.add(level.name)
    return levels


def plan_cells(
    study: Study,
    levels: tuple[PlannedLevel, ...],
    progress: Progress = no_progress,
    starts: Known | None = None,
) -> tuple[Cell, ...]:
    """The cells to fill, first readings first; their recipes with data as it will be taken.

    Weights that they begin with are those in `starts`, where those found here are kept. Reads the
    data once. Raises ToileError, naming the level, where it cannot be had, a network does not fit
    it, or scores would not mean the same in all levels.
    """
    if reason := unlike({level.name: level.recipe for level in levels}):
        raise ToileError(reason)
    most = max(study.readings_of(level.name) for level in levels)
    if study.folds is not None and most > study.folds:
        raise ToileError(
            f"readings is {most}, and folds {study.folds}; each fold is held out once, so there "
            "are as many readings as folds"
        )

    @cache
    def look_up(data: Data, start: Start | None) -> ResolvedData:
        dataset = load_data(data, progress=progress)
        split = split_data(dataset.train, data)
        resolved = resolved_data(data, dataset, split)
        if start is not None:
            source = source_run(start.run)
            in_folds = study.folds is not None
            before = pictures_of(source)
            filled = fill_seen(start, source, before, dataset, split, resolved, in_folds)
            refuse_unknown_start(source.id, filled)
        return resolved, dataset.shape, len(dataset.class_names), len(split.train)

    known = {} if starts is None else starts

    def cell(level: PlannedLevel, number: int) -> Cell:
        recipe, num_images = _cell_recipe(study, level, number, look_up)
        return Cell(level.name, number, pin_start(recipe, known), num_images)

    return tuple(
        cell(level, number)
        for number in range(1, most + 1)
        for level in levels
        if number <= study.readings_of(level.name)
    )


def complete(study: Study) -> Study:
    """`study` with its recipes written out, its data and what it begins with by where they lie.

    So it means the same from another folder, and when a preset has changed. Raises ToileError where
    there is no such run to begin with.
    """
    levels = {
        name: Alternative(
            recipe=None if level.recipe is None else _document(level.recipe), set=located(level.set)
        )
        for name, level in study.levels.items()
    }
    vary = {
        address: {name: located({address: value})[address] for name, value in values.items()}
        for address, values in study.vary.items()
    }
    update = {"recipe": _document(study.recipe), "set": located(study.set)}
    done = study.model_copy(update={**update, "levels": levels, "vary": vary})
    # As it will be read back, `off` for None among others.
    return study_of(read_value(study_text(done), "the study"))


def refuse_seed(addresses: Iterable[str], change: str) -> None:
    """Raise ToileError where `seed` is among the addresses; `change` is what is done, `varied`."""
    if "seed" in addresses:
        raise ToileError(
            f"seed is {change}, which would change nothing, since each reading has a seed of its "
            "own; say the first reading's as that of the study or search itself: --seed, or seed: "
            "in its file"
        )


def refuse_seeds(study: Study) -> None:
    """Raise ToileError where a study changes the seed of a recipe, which would change nothing."""
    refuse_seed(study.set, "held fixed (set)")
    refuse_seed(study.vary, "varied (vary)")
    for level, alternative in study.levels.items():
        refuse_seed(alternative.set, f"set in level {level}")


def base_recipe(study: Study) -> Recipe:
    """What all levels share: the study's recipe with the settings held fixed."""
    return _settled(with_settings(_read(study.recipe), study.set))


def short_names(addresses: list[str]) -> dict[str, str]:
    """The last part of each address, or as many parts as tell it from the others."""
    names = {}
    for address in addresses:
        parts = address.split(".")
        tails = (".".join(parts[start:]) for start in reversed(range(len(parts))))
        names[address] = next(
            tail
            for tail in tails
            if sum(candidate == tail or candidate.endswith(f".{tail}") for candidate in addresses)
            == 1
        )
    return names


def _combinations(study: Study) -> Iterator[tuple[str, dict[str, str], Recipe]]:
    """Name, values and recipe of each level."""
    base = base_recipe(study)
    short = short_names(list(study.vary))
    grid = list(product(*(values.items() for values in study.vary.values())))
    num_levels = len(grid) * max(len(study.levels), 1)
    if num_levels > MOST_LEVELS:
        raise ToileError(f"the study has {num_levels} levels; at most {MOST_LEVELS} are compared")
    alternatives: list[str | None] = [*study.levels] or [None]
    for alternative in alternatives:
        for chosen in grid:
            written = dict(zip(study.vary, (name for name, _ in chosen), strict=True))
            words = [f"{short[address]}={name}" for address, name in written.items()]
            # A single factor needs no name in front of its values.
            words = list(written.values()) if len(written) == 1 else words
            name = ", ".join([*([alternative] if alternative else []), *words]) or base.name
            values = dict(zip(study.vary, (value for _, value in chosen), strict=True))
            yield name, written, _level_recipe(study, base, alternative, values, name)


def _level_recipe(
    study: Study, base: Recipe, alternative: str | None, values: dict[str, Any], name: str
) -> Recipe:
    try:
        if alternative is not None:
            level = study.levels[alternative]
            if level.recipe is not None:
                base = with_settings(_read(level.recipe), study.set)
            base = with_settings(base, level.set)
        return _settled(with_settings(base, values))
    except ToileError as error:
        raise ToileError(f"level {name}: {error}") from None


def _read(source: Source) -> Recipe:
    return read_recipe(source) if isinstance(source, str) else recipe_of(source)


def _document(source: Source) -> dict[str, Any]:
    recipe = _settled(_read(source))
    values = {"data.name": recipe.data.name, CORRECTIONS: recipe.data.corrections}
    if recipe.training.start is not None:
        values[START_RUN] = recipe.training.start.run
    return with_settings(recipe, located(values)).model_dump(mode="json")


def located(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by address; paths of data and corrections, and a run, named by where they lie."""
    resolved, name, start = dict(values), values.get("data.name"), values.get(START)
    if isinstance(name, str) and not known_shape(name) and Path(name).expanduser().exists():
        resolved["data.name"] = str(Path(name).expanduser().resolve())
    file = values.get(CORRECTIONS)
    if isinstance(file, str) and file != "off":
        resolved[CORRECTIONS] = str(Path(file).expanduser().resolve())
    if isinstance(values.get(START_RUN), str):
        resolved[START_RUN] = _run_folder(values[START_RUN])
    if isinstance(start, dict) and isinstance(start.get("run"), str):
        resolved[START] = {**start, "run": _run_folder(start["run"])}
    return resolved


def _run_folder(name: str) -> str:
    # `last` would be another run for later readings.
    return str(source_run(name).folder.resolve())


def _settled(recipe: Recipe) -> Recipe:
    """One thread and float32 unless asked otherwise: many readings share the cores, and agree."""
    settled = {"threads": 1, "precision": "float32"}
    auto = {key: value for key, value in settled.items() if getattr(recipe.training, key) == "auto"}
    if not auto:
        return recipe
    return with_settings(recipe, {f"training.{key}": value for key, value in auto.items()})


def _cell_recipe(
    study: Study,
    level: PlannedLevel,
    number: int,
    look_up: Callable[[Data, Start | None], ResolvedData],
) -> tuple[Recipe, int]:
    """The recipe of one reading: its seed, its fold, its data as it lies here; how many images."""
    data = level.recipe.data
    if study.folds is not None:
        data = data.model_copy(update={"folds": study.folds, "fold": number - 1})
    try:
        if not data.holds_out:
            raise ToileError(
                "data.validation is 0, and scores of validation images are what is compared; hold "
                "some out, as with --set data.validation=0.1"
            )
        resolved, shape, num_classes, num_images = look_up(data, level.recipe.training.start)
        plan_network(level.recipe.network, shape, num_classes)
        refuse_blank_pictures(level.recipe.augmentation, shape)
    except ToileError as error:
        raise ToileError(f"level {level.name}: {error}") from None
    update = {"data": resolved, "seed": study.seed + number - 1}
    return level.recipe.model_copy(update=update), num_images
