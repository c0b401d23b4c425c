"""What a layer makes of pictures: every channel's map, and which of them say nothing."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor, nn

from toile.inspection.watching import watch
from toile.network import single_view

BATCH = 250


@dataclass(frozen=True, eq=False)
class Activations:
    """What `layer` gives to each of n pictures: maps, or behind flatten one number a unit.

    `silent` marks a channel that says nothing of a picture: it has one number at every place, or
    it is a unit and that number is 0.
    """

    layer: str
    maps: Float32[np.ndarray, "n channels *position"]

    @property
    def silent(self) -> Bool[np.ndarray, "n channels"]:
        """Channels by picture that say nothing of it."""
        n, channels = self.maps.shape[:2]
        values = self.maps.reshape(n, channels, -1)
        # One place alone is always equal to itself.
        alike = values.min(2) == values.max(2) if values.shape[2] > 1 else False
        return alike | (values == 0).all(2)


def activations(network: nn.Module, images: Float[Tensor, "n c h w"], layer: str) -> Activations:
    """What `layer` gives to `images`, of all its channels. Raises ToileError for no such layer."""
    looked = single_view(network)
    with torch.no_grad(), watch(looked, [layer]) as layer_outputs:
        looked(images)
    return Activations(layer, layer_outputs[layer].numpy())


def dead_channels(
    network: nn.Module, images: Float[Tensor, "n c h w"], layer: str
) -> Bool[np.ndarray, " channels"]:
    """Channels of `layer` that have one and the same number at every place of all `images`.

    A ReLU whose inputs are never above 0 gives 0 everywhere; so it is with what stands behind it.
    """
    looked = single_view(network)
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
