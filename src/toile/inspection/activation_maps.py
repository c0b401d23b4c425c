"""The outputs of a layer for pictures: the map of every channel, and silent channels."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor, nn

from toile.inspection.inputs import Pictures, checked_pictures
from toile.inspection.watching import watch
from toile.network import single_view

BATCH = 250


@dataclass(frozen=True, eq=False)
class Activations:
    """The outputs of `layer` for n pictures: maps, or after flatten one number for each unit.

    A channel is `silent` for a picture if its map has the same value everywhere; a unit is silent
    if its value is 0.
    """

    layer: str
    maps: Float32[np.ndarray, "n channels *position"]

    @property
    def silent(self) -> Bool[np.ndarray, "n channels"]:
        """For each picture, the channels that are silent."""
        n, channels = self.maps.shape[:2]
        values = self.maps.reshape(n, channels, -1)
        # A map of one value is always constant.
        alike = values.min(2) == values.max(2) if values.shape[2] > 1 else False
        return alike | (values == 0).all(2)


def activations(network: nn.Module, images: Pictures, layer: str) -> Activations:
    """The outputs of `layer` for `images`. Raises ToileError if there is no such layer."""
    looked = single_view(network)
    images = checked_pictures(network, images)
    with torch.no_grad(), watch(looked, [layer]) as layer_outputs:
        looked(images)
    # The outputs of flatten and dropout may be the pictures themselves.
    return Activations(layer, layer_outputs[layer].numpy().copy())


def dead_channels(
    network: nn.Module, images: Pictures, layer: str
) -> Bool[np.ndarray, " channels"]:
    """The channels of `layer` that have the same value everywhere in all `images`.

    A ReLU whose inputs are never above 0 outputs 0 everywhere; layers after it are then constant
    too.
    """
    looked = single_view(network)
    images = checked_pictures(network, images)
    least: Tensor | None = None
    most: Tensor | None = None
    for batch in images.split(BATCH):
        with torch.no_grad(), watch(looked, [layer]) as layer_outputs:
            looked(batch)
        values = (
            layer_outputs[layer].flatten(2)
            if layer_outputs[layer].dim() > 2
            else layer_outputs[layer].unsqueeze(2)
        )
        low, high = values.amin((0, 2)), values.amax((0, 2))
        least = low if least is None else torch.minimum(least, low)
        most = high if most is None else torch.maximum(most, high)
    assert least is not None
    assert most is not None
    return (least == most).numpy()
