"""A list of layers as a document writes it, and the block that holds two such lists."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, model_validator

from toile.errors import ToileError
from toile.recipe.choice import read_choice, split_entry, write_choice
from toile.recipe.complaint import value_text
from toile.recipe.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Scale,
    Sigmoid,
    SiLU,
    Tanh,
)
from toile.recipe.layers.dropout import Dropout, SpatialDropout
from toile.recipe.layers.layer import Layer, layer_names
from toile.recipe.layers.norms import BatchNorm, GroupNorm, LayerNorm
from toile.recipe.layers.pooling import AvgPool, Flatten, GlobalPool, MaxPool
from toile.recipe.layers.views import Views
from toile.recipe.layers.weighted import Conv, Dense

MAX_LAYERS = 1_000
# Deeper than any network of use, and far from where Python's own recursion ends.
MAX_DEPTH = 8


def _read_layers(entries: object, info: ValidationInfo) -> tuple[Layer, ...]:
    """The layers of a field; the context is the address of the block the field belongs to."""
    if info.field_name == "shortcut":
        return read_layers(entries, f"{info.context}.shortcut")
    layers = read_layers(entries, info.context or "network")
    if not layers:
        raise ToileError(f"{info.context or 'network'} is empty; it is a list of layers")
    return layers


Layers = Annotated[
    tuple[Layer, ...],
    Field(strict=False),  # a document has a list where the model has a tuple
    BeforeValidator(_read_layers, json_schema_input_type=list[Any]),
    PlainSerializer(lambda layers: [write_choice(layer) for layer in layers], return_type=list),
]


class Residual(Layer):
    """The sum of a branch of layers and a shortcut around them."""

    kind: ClassVar[str] = "residual"
    shorthand: ClassVar[str | None] = "layers"
    layers: Layers = Field(description="The branch, as a list of layers")
    shortcut: Layers = Field((), description="Layers on the way around; none leaves it as it is")

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        if depth(self.layers + self.shortcut) >= MAX_DEPTH:
            raise ValueError(f"residual blocks may stand {MAX_DEPTH} deep, one inside the other")
        return self


KINDS: dict[str, type[Layer]] = {
    model.kind: model
    for model in (
        Conv, BatchNorm, LayerNorm, GroupNorm, ReLU, LeakyReLU, ELU, GELU, SiLU, Tanh, Sigmoid,
        MaxPool, AvgPool, GlobalPool, Dropout, SpatialDropout, Flatten, Dense, Scale, Residual,
        Views,
    )
}  # fmt: skip


def read_layers(entries: object, address: str) -> tuple[Layer, ...]:
    """The layers of a document's list. Raises ToileError naming the layer that is wrong."""
    if not isinstance(entries, list | tuple):
        raise ToileError(f"{address} is {value_text(entries)}; it is a list of layers")
    if len(entries) > MAX_LAYERS:
        raise ToileError(f"{address} has {len(entries)} layers; at most {MAX_LAYERS} are allowed")
    counts: Counter[str] = Counter()
    layers: list[Layer] = []
    for number, entry in enumerate(entries, start=1):
        layer = entry if isinstance(entry, Layer) else _read_layer(entry, address, number, counts)
        counts[layer.kind] += 1
        layers.append(layer)
    # A block's way around has this name in every block, so no layer may: residual1.shortcut.conv1.
    names = Counter([*layer_names(layers), "shortcut"])
    for name, times in names.items():
        if times > 1:
            raise ToileError(f"{address}.{name}: this name is taken; every layer has its own")
    if (total := num_layers(layers)) > MAX_LAYERS:
        raise ToileError(
            f"{address} has {total} layers, those inside blocks included; "
            f"at most {MAX_LAYERS} are allowed"
        )
    return tuple(layers)


def _read_layer(entry: object, address: str, number: int, counts: Counter[str]) -> Layer:
    """The layer of one entry; `counts` counts the kinds of the layers before it."""
    kind, value = split_entry(entry, KINDS, f"{address}, layer {number},")
    name = value.get("name") if isinstance(value, dict) else None
    location = f"{address}.{name if isinstance(name, str) else f'{kind}{counts[kind] + 1}'}"
    if value == "off":
        raise ToileError(f"{location} is off; in a list, a layer is left out by removing its line")
    return read_choice(entry, KINDS, address, location)


def depth(layers: tuple[Layer, ...]) -> int:
    """How many residual blocks stand one inside the other; 0 without any."""
    blocks = [layer for layer in layers if isinstance(layer, Residual)]
    return max((1 + depth(block.layers + block.shortcut) for block in blocks), default=0)


def num_layers(layers: Iterable[Layer]) -> int:
    """How many layers there are, blocks and what is inside them included."""
    return sum(
        1 + (num_layers(layer.layers + layer.shortcut) if isinstance(layer, Residual) else 0)
        for layer in layers
    )
