"""The output that is attributed: a class's logit, or one output of a layer inside."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.layers import channel_of
from toile.inspection.watching import watch
from toile.network import single_view


class FlatOutputs(nn.Module):
    """`network` as (n, units): its logits, or every output of `layer` in one row.

    Logits are those of all views; a layer is looked at in the picture as it is.
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
    """A class for each of `n` pictures, or None for the likeliest of each."""
    if classes is None or isinstance(classes, int):
        return None if classes is None else [classes] * n
    if len(classes) != n:
        raise ToileError(f"{len(classes)} classes were given for {n} pictures; give one for each")
    return list(classes)


def classes_of(
    logits: Float[Tensor, "n k"], class_indices: Sequence[int] | None
) -> Int[Tensor, " n"]:
    """`class_indices` as a tensor; the most likely class of each picture where there are none.

    Raises ToileError where there is no such class.
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
    """The index in a row of outputs of `channel` at `position`, or where the channel is greatest.

    Raises ToileError where there is no such channel or position.
    """
    channel_of(layer, channel, outputs.shape[1])
    if outputs.dim() == 2:
        if position is not None:
            raise ToileError(f"{layer} has units; they have no row and column")
        return torch.full((len(outputs),), channel)
    rows, columns = outputs.shape[2:]
    first = channel * rows * columns
    if position is None:
        return first + outputs[:, channel].flatten(1).argmax(1)
    row, column = position
    if not (0 <= row < rows and 0 <= column < columns):
        raise ToileError(
            f"{layer} has no place {row},{column}; it gives {rows} x {columns}, from 0,0 to "
            f"{rows - 1},{columns - 1}"
        )
    return torch.full((len(outputs),), first + row * columns + column)
