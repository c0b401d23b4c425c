"""Two recipes side by side: every address at which they differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toile.recipe.choice import Choice
from toile.recipe.layers import Layer, layer_names
from toile.recipe.recipe import Recipe
from toile.recipe.settings import Settings

ABSENT = "-"


@dataclass(frozen=True)
class Difference:
    """A setting's address and its value in each recipe; `-` where one has no such setting."""

    address: str
    first: Any
    second: Any


def recipe_differences(first: Recipe, second: Recipe) -> list[Difference]:
    """The settings in which two recipes differ, in the order of the first; names apart."""
    differing = differing_settings([first, second])
    return [Difference(address, *values) for address, values in differing.items()]


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
