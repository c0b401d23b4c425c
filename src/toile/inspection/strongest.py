"""The pictures of a set that activate each channel most, and the patches that do."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.inputs import Pictures, checked_batches, refuse_not_finite, whole_number
from toile.inspection.receptive_fields import ReceptiveField, receptive_field
from toile.inspection.watching import watch
from toile.network import single_view


@dataclass(frozen=True, eq=False)
class TopImages:
    """For each channel of `layer`, the pictures where it is greatest, the greatest first.

    `indices` are those of the set. `patches` are the pixels that the greatest output sees: first
    and end row, first and end column.
    """

    layer: str
    indices: Int[np.ndarray, "channels count"]
    values: Float32[np.ndarray, "channels count"]
    patches: Int[np.ndarray, "channels count 4"]


def top_images(
    network: nn.Module, batches: Iterable[Pictures], layer: str, count: int = 9
) -> TopImages:
    """The `count` pictures of `batches` that activate each channel of `layer` most, in one pass.

    Batches are (b, c, h, w), scaled for the network. A picture counts once, by its greatest
    position; of equal pictures the first ones are returned. Raises ToileError if there is no such
    layer or no picture, if `count` is below 1, or if it is not known what the layer's outputs see.
    """
    whole_number("count", count)
    looked = single_view(network)
    # Before the pictures are read: a layer whose field is not known is refused.
    field = receptive_field(looked, layer)
    values: Tensor | None = None
    keys = positions = torch.zeros(0)
    done, size, columns = 0, (0, 0), 1
    for batch in checked_batches(looked, batches):
        with torch.no_grad(), watch(looked, [layer]) as layer_outputs:
            looked(batch)
        outputs = (
            layer_outputs[layer].flatten(2)
            if layer_outputs[layer].dim() > 2
            else layer_outputs[layer][:, :, None]
        )
        refuse_not_finite(outputs, f"the outputs of {layer}")
        columns = layer_outputs[layer].shape[3] if layer_outputs[layer].dim() > 2 else 1
        greatest, at = (tensor.T for tensor in outputs.max(2))
        indices = torch.arange(done, done + len(batch)).expand_as(greatest)
        if values is not None:
            greatest = torch.cat([values, greatest], 1)
            indices, at = torch.cat([keys, indices], 1), torch.cat([positions, at], 1)
        # Stable, so that of equal values the first stay.
        order = greatest.argsort(stable=True, dim=1, descending=True)[:, :count]
        values, keys, positions = (tensor.gather(1, order) for tensor in (greatest, indices, at))
        done, size = done + len(batch), (batch.shape[2], batch.shape[3])
    if values is None:
        raise ToileError("there are no pictures to search; name data with images")
    return TopImages(
        layer,
        keys.numpy(),
        values.numpy(),
        _patches(field, positions.numpy(), columns, size),
    )


def _patches(
    field: ReceptiveField | None,
    positions: Int[np.ndarray, "channels count"],
    columns: int,
    size: tuple[int, int],
) -> Int[np.ndarray, "channels count 4"]:
    height, width = size
    patches = np.empty((*positions.shape, 4), np.int64)
    if field is None:
        patches[:] = 0, height, 0, width
        return patches
    down, across = field
    for at, position in np.ndenumerate(positions):
        row, column = divmod(int(position), columns)
        patches[at] = *down.bounds(row, height), *across.bounds(column, width)
    return patches
