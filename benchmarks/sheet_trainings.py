"""What the lab sheet trains: exercise by exercise, each training's network, epochs and images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toile.recipe import Recipe, plan_network
from toile.searches.sampler import Sampler
from toile.searches.spec import Search, most_epochs, search_space, trial_recipe
from toile.sheets import read_sheet
from toile.sheets.plan import Planned, plan_sheet
from toile.studies.plan import base_recipe

IMAGES, SHAPE, CLASSES = 60_000, (1, 28, 28), 10
EARLY_EPOCHS = 10
"""Where early stopping ends a training, for both sides alike."""
GROUP = 5
"""Trials of about the same size, of which the middle one is measured for all."""


@dataclass(frozen=True)
class Training:
    """One training of the sheet: the network measured for it, and its images an epoch."""

    network: str
    epochs: int
    learnt: int
    scored: int


@dataclass(frozen=True)
class Exercise:
    """`stages` are trainings in the order they are taken; each stage waits for the one before."""

    title: str
    networks: Mapping[str, Recipe]
    stages: Sequence[Sequence[Training]]


def exercises_of(sheet: str) -> list[Exercise]:
    """The exercises that train."""
    return [exercise_of(one) for one in plan_sheet(read_sheet(sheet)) if one.trainings]


def exercise_of(planned: Planned) -> Exercise:
    folds = planned.study.folds if planned.study else None
    stages = searched(planned.search) if planned.search else [study_stage(planned)]
    recipes = {words_of(recipe): recipe for stage in stages for recipe, _ in stage}
    largest_first = sorted(recipes, key=lambda words: -size(recipes[words]))
    return Exercise(
        planned.exercise.title,
        {words: recipes[words] for words in largest_first},
        [[training_of(*one, folds) for one in stage] for stage in stages],
    )


def study_stage(planned: Planned) -> list[tuple[Recipe, int]]:
    """Recipes and epochs, first readings first."""
    assert planned.study is not None
    recipes = [level.recipe for level in planned.levels]
    return [(one, epochs_of(one)) for _ in range(planned.study.readings) for one in recipes]


def searched(search: Search) -> list[list[tuple[Recipe, int]]]:
    """The trials the random sampler picks, none stopped early, and the largest ones' readings.

    A trial has epochs of its own, but its network is the middle one of its group by size.
    """
    base = base_recipe(search.study)
    space = search_space(search, base)
    picked = search.model_copy(update={"sampler": "random"})
    sampler = Sampler(picked, space, most_epochs(base, space))
    trials = [trial_recipe(base, space, sampler.ask(n + 1)) for n in range(search.trials)]
    by_size = sorted(trials, key=size)
    middles = by_size[GROUP // 2 :: GROUP]
    measured = {one.hash: middles[place // GROUP] for place, one in enumerate(by_size)}
    tried = [(measured[one.hash], epochs_of(one)) for one in trials]
    finalists = middles[-search.finalists :]
    return [tried, [(one, epochs_of(one)) for _ in range(search.readings) for one in finalists]]


def epochs_of(recipe: Recipe) -> int:
    epochs = recipe.training.epochs
    return epochs if recipe.training.early_stopping is None else min(epochs, EARLY_EPOCHS)


def training_of(recipe: Recipe, epochs: int, folds: int | None) -> Training:
    scored = int(recipe.data.validation) if folds is None else IMAGES // folds
    return Training(words_of(recipe), epochs, IMAGES - scored, scored)


def words_of(recipe: Recipe) -> str:
    """What tells the sheet's networks apart, as far as it costs time."""
    layers: dict[str, Any] = {layer.kind: layer for layer in reversed(recipe.network)}
    conv, dense = layers["conv"], layers["dense"]
    dropout = ", dropout" if "dropout" in layers else ""
    return f"{conv.filters} filters of {conv.kernel}, {dense.units} units{dropout}"


def size(recipe: Recipe) -> int:
    """Multiply-adds an image."""
    return plan_network(recipe.network, SHAPE, CLASSES).macs
