"""What every layer's model shares: a name, and the sides of a window."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from toile.recipe.choice import Choice

Kernel = Annotated[int, Field(ge=1, le=64)]
Stride = Annotated[int, Field(ge=1, le=16)]


class Layer(Choice):
    """One step of a network; in a document `kind`, or `kind: {fields}`."""

    name: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        max_length=60,
        description="The layer's own name; without one it is its kind and count, as in conv2",
    )


def layer_names(layers: Iterable[Layer]) -> list[str]:
    """Each layer's name: its own, else its kind and how many of the kind have come so far."""
    counts: Counter[str] = Counter()
    names = []
    for layer in layers:
        counts[layer.kind] += 1
        names.append(layer.name or f"{layer.kind}{counts[layer.kind]}")
    return names
