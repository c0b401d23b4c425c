"""A study asked for where there is one: what may change, what may not, and the two joined.

Readings and levels may be added, and what only the verdict reads may change. All that decides a
reading's bits must stay.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.recipe import Recipe, recipe_differences
from toile.studies.plan import base_recipe, plan_levels
from toile.studies.spec import Study

RULE = "data.rule"


def merge_studies(old: Study, new: Study, folder: Path) -> Study:
    """`old`, which is in `folder`, with the levels and readings that `new` adds to it.

    Raises ToileError naming the first difference that would make old readings invalid.
    """
    new = keep_rule(old, new)
    difference = next(_differences(old, new), None)
    if difference is not None:
        raise ToileError(
            f"{folder} has another study: {difference}; nothing was written. Give this one a name "
            "of its own with --name, or bring back what the other had"
        )
    levels, vary = {**old.levels, **new.levels}, {}
    for address, values in new.vary.items():
        known = old.vary[address]
        added = {name: value for name, value in values.items() if not _among(value, known)}
        # The order is the one asked for last, where that has all levels.
        has_all = all(_among(value, values) for value in known.values())
        names = {repr(value): name for name, value in known.items()}
        vary[address] = (
            {names.get(repr(value), name): value for name, value in values.items()}
            if has_all
            else {**known, **added}
        )
    return old.model_copy(
        update={
            "vary": vary,
            "levels": levels,
            "readings": max(old.readings, new.readings),
            "margin": new.margin,
            "reach": new.reach or old.reach,
            "looks": old.looks or new.looks,
            # Levels that come new with their recipes have today's rule written in those.
            "set": old.set | {key: new.set[key] for key in (RULE,) if key in new.set},
            "question": new.question or old.question,
        }
    )


def keep_rule(old: Study, new: Study) -> Study:
    """`new`, its images divided by the version of the rules that `old` has, unless it says one.

    So what was begun before a rule changed goes on when it is asked for by the same words.
    """
    rule = base_recipe(old).data.rule
    if RULE in new.set or rule == base_recipe(new).data.rule:
        return new
    return new.model_copy(update={"set": {**new.set, RULE: rule}})


def say_difference(first: Recipe, second: Recipe) -> str | None:
    """The first setting in which two recipes differ, the seed apart, and its two values."""
    return next(
        (
            f"{setting.address} was {_words(setting.first)} and is now {_words(setting.second)}"
            for setting in recipe_differences(first, second)
            if setting.address != "seed"
        ),
        None,
    )


def _differences(old: Study, new: Study) -> Iterator[str]:
    for name in ("seed", "folds", "score"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"its {name} was {_words(before)} and is now {_words(after)}"
    if changed := say_difference(base_recipe(old), base_recipe(new)):
        yield changed
    if set(old.vary) != set(new.vary):
        before, after = (", ".join(study.vary) or "nothing" for study in (old, new))
        yield f"it varied {before} and now varies {after}"
        return
    if bool(old.levels) != bool(new.levels):
        had = "whole" if old.levels else "no whole"
        yield f"it had {had} alternatives as levels"
        return
    new_levels = {level.name: level.recipe for level in plan_levels(new)}
    for level in plan_levels(old):
        if level.name in new_levels and (
            changed := say_difference(level.recipe, new_levels[level.name])
        ):
            yield f"level {level.name} is another: {changed}"


def _among(value: Any, values: dict[str, Any]) -> bool:
    # By repr, since to Python True is 1.
    return repr(value) in map(repr, values.values())


def _words(value: Any) -> str:
    return "off" if value is None else str(value)
