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
    listed = [dict(_settings(recipe, "")) for recipe in recipes]
    addresses = dict.fromkeys(address for one in listed for address in one)
    values = {
        address: tuple(one.get(address, ABSENT) for one in listed)
        for address in addresses
        if address != "name" and not address.startswith("about.")
    }
    return {
        address: own for address, own in values.items() if any(value != own[0] for value in own[1:])
    }


def differing_parts(recipes: Sequence[Recipe]) -> tuple[dict[str, tuple[Any, ...]], int]:
    """The same for a reader, and how many other settings all recipes have alike.

    A layer, optimiser or schedule that not all of them have is one entry: its kind, and what is not
    its default.
    """
    differing = differing_settings(recipes)
    listed = [dict(_settings(recipe, "")) for recipe in recipes]
    named = {address for one in listed for address in one if address.startswith("about.")}
    alike = set.intersection(*map(set, listed)) - set(differing) - named - {"name"}
    parts = [dict(_choices(recipe, "")) for recipe in recipes]
    by_address = {
        address: [part.get(address) for part in parts]
        for address in dict.fromkeys(address for one in parts for address in one)
    }
    unlike = {
        address: tuple(ABSENT if one is None else _brief(one) for one in own)
        for address, own in by_address.items()
        if len({one and one.kind for one in own}) > 1
    }
    found: dict[str, tuple[Any, ...]] = {}
    for address, values in differing.items():
        names = address.split(".")
        upto = [".".join(names[:end]) for end in range(1, len(names) + 1)]
        whole = next((one for one in reversed(upto) if one in unlike), None)
        found[whole or address] = values if whole is None else unlike[whole]
    return found, len(alike)


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
    said = [
        f"{name} {value}"
        for name, value in part
        if name not in ("name", "layers") and value != fields[name].default
    ]
    return ", ".join([part.kind, *said])


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
