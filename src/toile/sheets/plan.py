"""A sheet's exercises as studies and searches, with all levels checked before anything runs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from toile.errors import ToileError
from toile.recipe import Recipe
from toile.searches import Search, most_epochs, search_of, search_space
from toile.sheets.sheet import Exercise, Sheet
from toile.studies import (
    PlannedLevel,
    Study,
    base_recipe,
    plan_levels,
    refuse_seed,
    refuse_seeds,
    study_of,
)


@dataclass(frozen=True)
class Planned:
    """An exercise, its number and its trainings; `recipe` has the data that it shows."""

    number: int
    exercise: Exercise
    recipe: Recipe | None = None
    study: Study | None = None
    search: Search | None = None
    levels: tuple[PlannedLevel, ...] = ()

    @property
    def key(self) -> str:
        """The name of the exercise's folder, such as `2-filters`."""
        title = re.sub(r"[^a-z0-9]+", "-", self.exercise.title.lower())[:40].strip("-")
        return f"{self.number}-{title or self.exercise.kind}"

    @property
    def trainings(self) -> int:
        """The number of runs; for a search, the trials and the finalists' readings."""
        if self.search is not None:
            return self.search.trials + self.search.finalists * self.search.readings
        if self.study is None:
            return 0
        return sum(self.study.readings_of(level.name) for level in self.levels)

    @property
    def epochs(self) -> int:
        """The largest possible number of epochs of all runs together."""
        if self.search is not None:
            base = base_recipe(self.search.study)
            return self.trainings * most_epochs(base, search_space(self.search, base))
        if self.study is None:
            return 0
        return sum(
            self.study.readings_of(level.name) * level.recipe.training.epochs
            for level in self.levels
        )


def plan_sheet(
    sheet: Sheet, quick: bool = False, only: Iterable[int] | None = None
) -> tuple[Planned, ...]:
    """The exercises with the numbers `only`, in order; all if `only` is None.

    Raises ToileError for an unknown number, and for an impossible setting or level; the error names
    the exercise.
    """
    valid = range(1, len(sheet.exercises) + 1)
    if isinstance(only, int | str):
        raise ToileError(f"only is {only!r}; it is a list of the exercises' numbers, as [{only}]")
    requested = list(valid) if only is None else list(dict.fromkeys(only))
    for number in requested:
        if number not in valid:
            raise ToileError(
                f"{sheet.name} has no exercise {number}; its exercises go from 1 to {len(valid)}"
            )
    return tuple(_planned(sheet, number, quick) for number in valid if number in requested)


def refuse_fixed_seeds(sheet: Sheet, planned: Iterable[Planned]) -> None:
    """Raise ToileError where a sheet or an exercise changes the seed of a recipe.

    Not when a sheet is planned: so older ones are opened, in which it changed nothing.
    """
    refuse_seed(sheet.set, "held fixed in the sheet (set)")
    for plan in planned:
        try:
            refuse_seed(plan.exercise.set, "held fixed (set)")
            if plan.study is not None:
                refuse_seeds(plan.study)
            if plan.search is not None:
                refuse_seed(plan.search.set, "held fixed (set)")
        except ToileError as error:
            raise ToileError(f"exercise {plan.number}: {error}") from None


def single_readings(planned: Iterable[Planned]) -> list[str]:
    """A note for each exercise that compares levels with one reading of each."""
    return [
        f"exercise {plan.number} takes one reading of each level, which tells nothing of the "
        "spread between readings, so no verdict can come of it; set its readings to 5 or more"
        for plan in planned
        if plan.study is not None and len(plan.levels) > 1
        if max(plan.study.readings_of(level.name) for level in plan.levels) == 1
    ]


def _planned(sheet: Sheet, number: int, quick: bool) -> Planned:
    exercise = sheet.exercises[number - 1]
    try:
        match exercise.kind:
            case "show":
                study_spec = study_of(_document(sheet, number, None, quick))
                return Planned(number, exercise, recipe=base_recipe(study_spec))
            case "study":
                study = study_of(_study(sheet, number, quick))
                return Planned(number, exercise, study=study, levels=plan_levels(study))
            case "search":
                search = search_of(_search(sheet, number, quick))
                search_space(search, base_recipe(search.study))
                return Planned(number, exercise, search=search)
            case "export":
                study = study_of(_trained(sheet, number, quick))
                return Planned(number, exercise, study=study, levels=plan_levels(study))
            case "compare":
                _refuse_levels(sheet, exercise, quick)
    except ToileError as error:
        raise ToileError(f"exercise {number}: {error}") from None
    return Planned(number, exercise)


def _refuse_levels(sheet: Sheet, exercise: Exercise, quick: bool) -> None:
    """Raise ToileError if a side names a level that its study does not have."""
    for side in exercise.sides:
        if side.exercise is None or sheet.exercises[side.exercise - 1].kind == "search":
            continue
        names = [level.name for level in _planned(sheet, side.exercise, quick).levels]
        if side.level not in names and (side.level or len(names) > 1):
            raise ToileError(
                f"exercise {side.exercise} has no level {side.level or 'named'}; its levels are "
                f"{', '.join(names)}"
            )


def _study(sheet: Sheet, number: int, quick: bool) -> dict[str, Any]:
    document = _document(sheet, number, sheet.exercises[number - 1].study, quick)
    if quick:
        requested = document.get("readings") or document.get("folds") or sheet.quick.readings
        document["readings"] = min(requested, sheet.quick.readings)
    return document


def _search(sheet: Sheet, number: int, quick: bool) -> dict[str, Any]:
    document = _document(sheet, number, sheet.exercises[number - 1].search, quick)
    if quick:
        most = {"trials": sheet.quick.trials, "readings": sheet.quick.readings, "finalists": 2}
        document |= {name: min(document.get(name, most[name]), most[name]) for name in most}
    return document


def _trained(sheet: Sheet, number: int, quick: bool) -> dict[str, Any]:
    """A study with one reading of one level: the network to export."""
    export = sheet.exercises[number - 1].export
    assert export is not None
    fields: dict[str, Any] = {"readings": 1, "seed": export.seed}
    if export.recipe is not None:
        fields["recipe"] = export.recipe
    return _document(sheet, number, fields, quick)


def _document(
    sheet: Sheet, number: int, fields: dict[str, Any] | None, quick: bool
) -> dict[str, Any]:
    """The fields of an exercise with the sheet's recipe and all settings held fixed."""
    exercise = sheet.exercises[number - 1]
    fields = {**(fields or {}), **(exercise.quick if quick else {})}
    held = {**sheet.set, **exercise.set, **fields.get("set", {})}
    if quick:
        # The exercise's settings override those of the sheet.
        held |= {**sheet.quick.set, **exercise.quick.get("set", {})}
    return {
        "name": f"{sheet.name}-{number}",
        "question": exercise.question,
        "recipe": sheet.recipe,
        **fields,
        "set": held,
    }
