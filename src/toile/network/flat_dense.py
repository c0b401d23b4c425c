"""A dense layer on pictures, while training: the weights are put in the pictures' order."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from toile.network.flatten import Flatten


class FlatDense:
    """`flatten` and `dense` as one step. Holds no weights itself.

    Pictures lie in memory place after place, and flattened they are channel after channel. Where
    there are fewer units than pictures, weights are fewer than numbers, and those are moved.
    """

    def __init__(self, flatten: Flatten, dense: nn.Linear) -> None:
        self._flatten, self._dense = flatten, dense

    def __call__(self, images: Float[Tensor, "n *shape"]) -> Float[Tensor, "n units"]:
        """What each unit gives."""
        dense = self._dense
        if images.dim() != 4 or len(images) <= dense.out_features:
            made: Tensor = dense(self._flatten(images))
            return made
        # To half the bytes first, then moved.
        weight = dense.weight.to(images.dtype).unflatten(1, images.shape[1:])
        by_place = weight.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
        rows = images.permute(0, 2, 3, 1).reshape(len(images), -1)
        return F.linear(rows, by_place.flatten(1), dense.bias)
