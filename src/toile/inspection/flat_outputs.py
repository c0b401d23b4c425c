"""The explained output: a class's logit, or one output of a layer inside."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.layers import channel_of, position_of
from toile.inspection.watching import watch
from toile.network import single_view


class FlatOutputs(nn.Module):
    """`network` with outputs (n, units): its logits, or all outputs of `layer`, flattened.

    Logits are those of all views; a layer's outputs are those of the unchanged picture.
    """

    def __init__(self, network: nn.Module, layer: str | None) -> None:
        super().__init__()
        self.network = network if layer is None else single_view(network)
        self.layer = layer

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n units"]:
        """The outputs, with their gradients."""
        if self.layer is None:
            logits: Tensor = self.network(images)
            return logits
        with watch(self.network, [self.layer], keep_graph=True) as layer_outputs:
            self.network(images)
        return layer_outputs[self.layer].flatten(1)


def class_per_image(classes: int | Sequence[int] | None, n: int) -> list[int] | None:
    """A class for each of `n` pictures, or None for the predicted class of each."""
    if classes is None or isinstance(classes, int | np.integer):
        return None if classes is None else [int(classes)] * n
    if len(classes) != n:
        raise ToileError(f"there are {len(classes)} classes for {n} pictures; pass one for each")
    return list(classes)


def classes_of(
    logits: Float[Tensor, "n k"], class_indices: Sequence[int] | None
) -> Int[Tensor, " n"]:
    """`class_indices` as a tensor, or the predicted class of each picture if it is None.

    Raises ToileError if there is no such class.
    """
    if class_indices is None:
        return logits.argmax(1)
    k = logits.shape[1]
    for class_index in class_indices:
        if not 0 <= class_index < k:
            raise ToileError(f"class is {class_index}; the network has {k}, from 0 to {k - 1}")
    return torch.tensor(class_indices)


def outputs_of(
    outputs: Float[Tensor, "n channels *position"],
    layer: str,
    channel: int,
    position: tuple[int, int] | None,
) -> Int[Tensor, " n"]:
    """The flat index of `channel` at `position`, or where the channel is greatest.

    Raises ToileError if there is no such channel or position.
    """
    channel_of(layer, channel, outputs.shape[1])
    if outputs.dim() == 2:
        if position is not None:
            raise ToileError(f"{layer} has units without row and column; leave the position out")
        return torch.full((len(outputs),), channel)
    rows, columns = outputs.shape[2:]
    first = channel * rows * columns
    if position is None:
        return first + outputs[:, channel].flatten(1).argmax(1)
    row, column = position_of(layer, position, rows, columns)
    return torch.full((len(outputs),), first + row * columns + column)
