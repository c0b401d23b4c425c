"""Two recipes side by side: every address at which they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toile.recipe.choice import Choice
from toile.recipe.layers.layer import Layer, layer_names
from toile.recipe.recipe import Recipe
from toile.recipe.settings import Settings

ABSENT = "-"


@dataclass(frozen=True)
class SettingDifference:
    """A setting's address and its value in each recipe; `-` where one has no such setting."""

    address: str
    first: Any
    second: Any


def recipe_differences(first: Recipe, second: Recipe) -> list[SettingDifference]:
    """The settings in which two recipes differ, in the order of the first; names apart."""
    differing = differing_settings([first, second])
    return [SettingDifference(address, *values) for address, values in differing.items()]


def differing_settings(recipes: Sequence[Recipe]) -> dict[str, tuple[Any, ...]]:
    """The value in each recipe of every setting in which they are not all alike; names apart."""
    listed = [settings_by_address(recipe) for recipe in recipes]
    addresses = dict.fromkeys(address for settings in listed for address in settings)
    values = {
        address: tuple(settings.get(address, ABSENT) for settings in listed)
        for address in addresses
    }
    return {
        address: row for address, row in values.items() if any(value != row[0] for value in row[1:])
    }


def settings_by_address(recipe: Recipe) -> dict[str, Any]:
    """Every setting of `recipe` by its address, but its name and what is said about it."""
    return {
        address: value
        for address, value in _settings(recipe, "")
        if address != "name" and not address.startswith("about.")
    }


def differing_parts(recipes: Sequence[Recipe]) -> tuple[dict[str, tuple[Any, ...]], int]:
    """The differing settings as a reader wants them, and how many other settings are alike in all.

    A layer, optimiser or schedule that not all of them have is one entry: its kind, and what is not
    its default.
    """
    differing = differing_settings(recipes)
    listed = [dict(_settings(recipe, "")) for recipe in recipes]
    named = {address for settings in listed for address in settings if address.startswith("about.")}
    alike = set.intersection(*map(set, listed)) - set(differing) - named - {"name"}
    parts = [dict(_choices(recipe, "")) for recipe in recipes]
    by_address = {
        address: [part.get(address) for part in parts]
        for address in dict.fromkeys(address for choices in parts for address in choices)
    }
    unlike = {
        address: tuple(ABSENT if choice is None else _brief(choice) for choice in row)
        for address, row in by_address.items()
        if len({choice and choice.kind for choice in row}) > 1
    }
    result: dict[str, tuple[Any, ...]] = {}
    for address, values in differing.items():
        names = address.split(".")
        prefixes = [".".join(names[:end]) for end in range(1, len(names) + 1)]
        enclosing = next((prefix for prefix in reversed(prefixes) if prefix in unlike), None)
        result[enclosing or address] = values if enclosing is None else unlike[enclosing]
    return result, len(alike)


def _choices(value: Any, address: str) -> Iterator[tuple[str, Choice]]:
    """Every layer, optimiser, schedule and the like, with its address, without its kind."""
    if isinstance(value, tuple) and value and isinstance(value[0], Layer):
        for name, layer in zip(layer_names(value), value, strict=True):
            yield f"{address}.{name}", layer
            yield from _choices(layer, f"{address}.{name}")
    elif isinstance(value, Settings):
        if isinstance(value, Choice) and not isinstance(value, Layer):
            yield address, value
        for name in type(value).model_fields:
            inner = f"{address}.{name}".lstrip(".")
            yield from _choices(getattr(value, name), inner.removesuffix(".layers"))


def _brief(part: Choice) -> str:
    """`conv, filters 64, padding same`: the kind, and what is not its default."""
    fields = type(part).model_fields
    changed = [
        f"{name} {value}"
        for name, value in part
        if name not in ("name", "layers") and value != fields[name].default
    ]
    return ", ".join([part.kind, *changed])


def _settings(value: Any, address: str) -> Iterator[tuple[str, Any]]:
    """Every single value under `address`, with its own address."""
    if isinstance(value, tuple) and value and isinstance(value[0], Layer):
        for name, layer in zip(layer_names(value), value, strict=True):
            yield f"{address}.{name}", layer.kind
            yield from _settings(layer, f"{address}.{name}")
    elif isinstance(value, Settings):
        if isinstance(value, Choice) and not isinstance(value, Layer):
            address = f"{address}.{value.kind}"
        for name in type(value).model_fields:
            inner = f"{address}.{name}".lstrip(".")
            # A block's layers follow its name directly, as in addresses.
            yield from _settings(getattr(value, name), inner.removesuffix(".layers"))
    else:
        yield address, value
