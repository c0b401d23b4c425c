"""Why units are dead: since which epoch, and how far below 0 their inputs are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from torch import nn

from toile.inspection.census import Census, LayerCensus
from toile.inspection.layers import layer_names, layer_of

DeadUnits = Mapping[str, Bool[np.ndarray, "*unit"]]
"""For each activation's name, which of its units are dead."""


@dataclass(frozen=True)
class LayerDeath:
    """Facts on the `dead` units of a layer.

    `from_first` of them were dead with the first weights. `killed` has pairs (epoch, units) of
    those that died in a counted epoch; for the others that is `unknown`. `nearest` is the greatest
    input of any of them, `median` the median of their greatest inputs. `bias` is the median of
    their biases, or of a norm's shifts, if the layer before has any.
    """

    name: str
    units: int
    dead: int
    from_first: int
    killed: tuple[tuple[int, int], ...]
    nearest: float
    median: float
    bias: float | None

    @property
    def unknown(self) -> int:
        """Dead units that died in training in an unknown epoch."""
        return self.dead - self.from_first - sum(units for _, units in self.killed)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "name": self.name,
            "units": self.units,
            "dead": self.dead,
            "from_first": self.from_first,
            "killed": [list(entry) for entry in self.killed],
            "unknown": self.unknown,
            "greatest_input": {"nearest": self.nearest, "median": self.median},
            "bias": self.bias,
        }


def dead_units(census: Census) -> DeadUnits:
    """For each layer, which units are dead."""
    return {layer.name: layer.dead for layer in census.layers}


def explain_dead(
    network: nn.Module,
    census: Census,
    first: DeadUnits,
    epochs: Sequence[tuple[int, DeadUnits]] = (),
) -> tuple[LayerDeath, ...]:
    """Since when the dead units of `census` (of `network`) are dead; only layers with dead units.

    `first` are the units that are dead with the first weights, `epochs` those after each counted
    epoch, in order, counted on some of the same images, up to the weights of `census`.
    """
    return tuple(
        _explain(network, layer, first, epochs) for layer in census.layers if layer.dead.any()
    )


def _explain(
    network: nn.Module,
    layer: LayerCensus,
    first: DeadUnits,
    epochs: Sequence[tuple[int, DeadUnits]],
) -> LayerDeath:
    dead = layer.dead
    killed: list[tuple[int, int]] = []
    left = dead & ~first[layer.name]
    # From the last epoch backwards: a unit died in the epoch after which it stayed dead.
    silent = dead
    for index in range(len(epochs) - 1, -1, -1):
        epoch, units = epochs[index]
        silent = silent & units[layer.name]
        before = epochs[index - 1][1] if index else first
        num = int((silent & ~before[layer.name] & left).sum())
        killed += [(epoch, num)] if num else []
    greatest = layer.greatest[dead]
    bias = bias_before(network, layer.name)
    return LayerDeath(
        layer.name,
        layer.units,
        int(dead.sum()),
        int((dead & first[layer.name]).sum()),
        tuple(reversed(killed)),
        float(greatest.max()),
        float(np.median(greatest)),
        None if bias is None else float(np.median(bias[np.nonzero(dead)[0]])),
    )


def bias_before(network: nn.Module, name: str) -> np.ndarray | None:
    """The bias of each channel of the layer just before `name`; None if it has none.

    That is a convolution's or dense layer's bias, or a norm's shift.
    """
    block, _, child = name.rpartition(".")
    names = [sibling for sibling in layer_names(network) if sibling.rpartition(".")[0] == block]
    index = names.index(f"{block}.{child}".lstrip("."))
    if not index:
        return None
    bias = getattr(layer_of(network, names[index - 1]), "bias", None)
    return None if bias is None else bias.detach().numpy().copy()
