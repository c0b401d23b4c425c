"""The importance of each channel: the rise of loss without it, and two cheaper measures."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor, nn
from torch.nn import functional as F

from toile.errors import ToileError, not_one_of
from toile.inspection.channel_spaces import Reader, Space
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import (
    Labels,
    Pictures,
    checked_labels,
    checked_pictures,
    refuse_not_finite,
)
from toile.network import single_view

MEASURES = {
    "rise": "measured rise of loss", "norm": "norm of the filter", "taylor": "first-order estimate",
}  # fmt: skip
"""The measures of a channel's importance, in words; `taylor` is that of Molchanov et al."""
Batches = Sequence[tuple[Pictures, Labels]]
"""Pictures (b, c, h, w), scaled for the network, and their labels (b,)."""


@dataclass(frozen=True, eq=False)
class ChannelWorth:
    """The importance of the channels of `layer` by three measures; larger is more important.

    `rise` is the rise of the mean loss, in nats, when the channel is set to 0 where it is read;
    below 0 the network is better without it. `norm` is the Euclidean norm of the filter. `taylor`
    is the mean over images of |sum of activation times gradient|, a first-order estimate of the
    change of loss. Molchanov et al. 2017, arXiv:1611.06440, eq. 8. All NaN where not measured.
    """

    layer: str
    rise: Float64[np.ndarray, " c"]
    norm: Float64[np.ndarray, " c"]
    taylor: Float64[np.ndarray, " c"]


def rank_channels(
    network: nn.Module,
    spaces: Sequence[Space],
    batches: Batches,
    progress: Callable[[int, int], None] = lambda done, total: None,
    measures: Collection[str] = tuple(MEASURES),
) -> list[ChannelWorth]:
    """Measure the importance of each channel of `spaces` on the pictures of `batches`.

    Of `measures` the rise takes a pass for each channel, taylor one for each layer, norm none. If
    the network begins with views, only the unchanged pictures are used. `progress` is called with
    the number of measured channels and their total. Raises ToileError for another measure, and for
    pictures or labels that the network does not take.
    """
    looked = single_view(network)
    if unknown := [name for name in measures if name not in MEASURES]:
        raise not_one_of("measure", unknown[0], MEASURES)
    batches = _checked(looked, batches)
    total = sum(space.channels for space in spaces)
    with evaluating(looked):
        base = _mean_loss(looked, batches)
        done, worths = 0, []
        for space in spaces:

            def measured(channels: int, before: int = done) -> None:
                progress(before + channels, total)

            unmeasured = np.full(space.channels, np.nan)
            rise = taylor = unmeasured
            if "rise" in measures:
                rise = _rise(looked, space, batches, base, measured)
            done += space.channels
            weight: Tensor = looked.get_submodule(space.writers[0]).weight.detach()  # type: ignore[operator]
            norm = weight.flatten(1).norm(dim=1).double().numpy()
            if "taylor" in measures:
                taylor = _taylor(looked, space, batches)
            worths.append(ChannelWorth(space.writers[0], rise, norm, taylor))
    return worths


def _checked(network: nn.Module, batches: Batches) -> Batches:
    """`batches`, refused if there are none, or if their pictures or labels do not fit."""
    if not batches:
        raise ToileError("there are no pictures to measure channels with; pass a batch or more")
    with evaluating(network), torch.no_grad():
        for images, labels in batches:
            logits = network(checked_pictures(network, images)[:1])
            checked_labels(labels, len(images), logits.shape[1])
            refuse_not_finite(logits, "the logits")
    return batches


def _mean_loss(network: nn.Module, batches: Batches) -> float:
    with torch.no_grad():
        losses = [
            float(F.cross_entropy(network(images), labels, reduction="sum"))
            for images, labels in batches
        ]
    return sum(losses) / sum(len(labels) for _, labels in batches)


def _rise(
    network: nn.Module,
    space: Space,
    batches: Batches,
    base: float,
    progress: Callable[[int], None],
) -> Float64[np.ndarray, " c"]:
    """The rise of the mean loss without each channel.

    The layers before the first one that reads the channels are computed once for each batch.
    """
    children = [name for name, _ in network.named_children()]
    first = min(children.index(reader.layer.partition(".")[0]) for reader in space.readers)
    before = nn.Sequential(*list(network.children())[:first])
    behind = nn.Sequential(*list(network.children())[first:])
    losses = np.zeros(space.channels)
    num_done, images_in_all = 0, sum(len(labels) for _, labels in batches)
    for images, labels in batches:
        with torch.no_grad():
            inputs = before(images)
            for channel in range(space.channels):
                with _silenced(network, space.readers, channel):
                    logits = behind(inputs)
                losses[channel] += float(F.cross_entropy(logits, labels, reduction="sum"))
        num_done += len(labels)
        progress(space.channels * num_done // images_in_all)
    return losses / images_in_all - base


@contextmanager
def _silenced(network: nn.Module, readers: Sequence[Reader], channel: int) -> Iterator[None]:
    """Inside the block the `readers` of `network` get 0 as `channel`."""
    with ExitStack() as undo:
        for reader in readers:
            positions = slice(channel * reader.positions, (channel + 1) * reader.positions)

            def silence(
                module: nn.Module, args: Any, positions: slice = positions
            ) -> tuple[Tensor]:
                inputs = args[0].clone()
                inputs[:, positions] = 0
                return (inputs,)

            layer = network.get_submodule(reader.layer)
            undo.callback(layer.register_forward_pre_hook(silence).remove)
        yield


def _taylor(network: nn.Module, space: Space, batches: Batches) -> Float64[np.ndarray, " c"]:
    total, images_in_all = np.zeros(space.channels), 0
    for images, labels in batches:
        activations: list[Tensor] = []
        with ExitStack() as undo:
            for reader in space.readers:

                def keep(
                    module: nn.Module, args: Any, activations: list[Tensor] = activations
                ) -> tuple[Tensor]:
                    (inputs,) = args
                    # After a residual sum it depends on the inputs of an earlier reader.
                    activations.append(
                        inputs if inputs.requires_grad else inputs.detach().requires_grad_()
                    )
                    return (activations[-1],)

                layer = network.get_submodule(reader.layer)
                undo.callback(layer.register_forward_pre_hook(keep).remove)
            loss = F.cross_entropy(network(images), labels, reduction="sum")
        total += _first_order(loss, activations, space.channels)
        images_in_all += len(labels)
    return total / images_in_all


def _first_order(loss: Tensor, read: list[Tensor], channels: int) -> Float64[np.ndarray, " c"]:
    gradients = torch.autograd.grad(loss, read)
    sums = [
        (activation.detach() * slope).reshape(len(activation), channels, -1).sum(2)
        for activation, slope in zip(read, gradients, strict=True)
    ]
    return np.asarray(torch.stack(sums).sum(0).abs().sum(0).double().numpy())
