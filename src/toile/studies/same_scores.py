"""Whether scores of levels may be compared: accuracies on the same images, taken the same way."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from toile.errors import ToileError
from toile.recipe import Data, Recipe
from toile.runs import is_selected, open_run

LEARNT_FROM = ("name", "size_px", "colour", "corrections", "scaling")
"""Settings of data that may differ: how a picture looks. All others decide which images score."""


def unlike(recipes: Mapping[str, Recipe]) -> str:
    """Why scores of levels by these names do not mean the same; nothing where they do."""
    return next(_differences(recipes), "")


def other_images(recipes: Mapping[str, Recipe]) -> str:
    """Where levels by these names are scored on different images, as that may be the question."""
    (first, base), *remaining = recipes.items()
    for name, recipe in remaining:
        for field in LEARNT_FROM:
            before, after = getattr(base.data, field), getattr(recipe.data, field)
            if before == after or not (field == "name" or _divides(field, base.data)):
                continue
            return (
                f"data.{field} is {_words(before)} in level {first} and {_words(after)} in level "
                f"{name}, so their scores are of different images"
            )
    return ""


def _divides(field: str, data: Data) -> bool:
    """Whether images fall into other parts by another value of a setting of how they are read."""
    # The first rule seals by the pixels as they are read.
    return data.rule == 1 and field in ("size_px", "colour")


def _differences(recipes: Mapping[str, Recipe]) -> Iterator[str]:
    (first, base), *remaining = recipes.items()
    is_base_halved = is_halved(base)
    for name, recipe in remaining:
        for field in Data.model_fields:
            before, after = getattr(base.data, field), getattr(recipe.data, field)
            if field not in LEARNT_FROM and before != after:
                yield (
                    f"data.{field} is {_words(before)} in level {first} and {_words(after)} in "
                    f"level {name}, so their scores would be of different images; hold it fixed, "
                    f"as with --set data.{field}={_words(before)}"
                )
        if is_halved(recipe) != is_base_halved:
            half, all_of_it = (first, name) if is_base_halved else (name, first)
            stops = recipes[half].training.early_stopping is not None
            yield (
                f"level {half} stops early and is scored on the half of validation that did not "
                f"choose its epoch, level {all_of_it} on all of it; in place of off take "
                "training.early_stopping.patience=10000, which never stops and is scored alike"
                if stops
                else f"level {half} begins with weights that half of validation chose and is "
                f"scored on the other half, level {all_of_it} on all of it; let both begin with "
                "such weights, or neither, or set training.early_stopping.patience=10000 for both, "
                "which never stops and is scored on that half"
            )


def is_halved(recipe: Recipe) -> bool:
    """Whether a run of `recipe` is scored on half of validation, since the other half chose."""
    start = recipe.training.start
    # What a run was begun with says so itself.
    if recipe.training.is_selecting or start is None or start.copied:
        return recipe.training.is_selecting
    with suppress(ToileError):
        # One that is not there is refused, with the next step, when the level is begun.
        return is_selected(start, recipe.data, open_run(start.run).recipe)
    return False


def _words(value: object) -> str:
    return "off" if value is None else str(value)
