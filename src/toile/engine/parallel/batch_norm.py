"""Batch norm over a full batch whose parts are computed side by side.

The statistics are a few values, and numpy computes with them: torch releases Python's lock at every
operation, and waiting for the lock took longer than everything else together.
"""

from queue import SimpleQueue
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.torch_private import (
    BatchNorm,
    batch_norm_update_stats,
    native_batch_norm,
    native_batch_norm_backward,
)

Arrays = tuple[np.ndarray, ...]
quiet = np.errstate(all="ignore")
"""Without numpy's warnings of values that are not finite; the loss tells, as in torch."""


class WorkerLostError(Exception):
    """Another part of the batch is gone: it failed, or its process ended or is far too late."""


@runtime_checkable
class AllGather(Protocol):
    """Exchanges arrays between the parts of a batch."""

    def gather(self, part: int, arrays: Arrays) -> list[np.ndarray]:
        """Each array of `part` stacked with those of the other parts, in the order of the parts.

        Waits for the last part. Raises WorkerLostError where a part is gone.
        """


class ThreadAllGather:
    """Exchanges arrays between threads that each compute a part of a batch.

    All threads gather the same number of times. A thread that fails must call `leave`; then the
    others get a WorkerLostError instead of waiting for it.
    """

    def __init__(self, parts: int) -> None:
        self._parts = range(parts)
        self.begin()

    def gather(self, part: int, arrays: Arrays) -> list[np.ndarray]:
        """See `AllGather`."""
        for receiver in self._parts:
            self._channels[receiver][part].put(arrays)
        gathered = [channel.get() for channel in self._channels[part]]
        if None in gathered:
            raise WorkerLostError
        return [np.stack(stack) for stack in zip(*gathered, strict=True)]

    def begin(self) -> None:
        """Start with empty channels for a new batch, also after one that failed."""
        # One channel from each part to each: a part that is ahead may already send its next arrays.
        self._channels: list[list[SimpleQueue[Any]]] = [
            [SimpleQueue() for _ in self._parts] for _ in self._parts
        ]

    def leave(self) -> None:
        """Make every waiting part raise WorkerLostError."""
        for channels in self._channels:
            for channel in channels:
                channel.put(None)


class SyncBatchNorm(nn.Module):
    """The batch norm `norm` for one part of a batch, with the statistics of all parts together.

    The outputs are those of `norm` on the full batch, to rounding. Part 0 keeps the running
    statistics.
    """

    def __init__(self, norm: BatchNorm, all_gather: AllGather, part: int) -> None:
        super().__init__()
        self.norm, self.all_gather, self.part = norm, all_gather, part
        self.unused_statistics = torch.zeros(norm.num_features)
        self.latest: tuple[np.ndarray, np.ndarray, int] | None = None

    def forward(self, inputs: Float[Tensor, "n c *position"]) -> Float[Tensor, "n c *position"]:
        """The inputs, each channel at mean 0 and SD 1 over the batch, then scaled and shifted."""
        norm = self.norm
        if not norm.training:
            outputs: Tensor = norm(inputs)
            return outputs
        return _SyncedNorm.apply(inputs, norm.weight, norm.bias, self)

    @quiet
    def remember(self) -> None:
        """Move the running statistics towards those of the latest batch, if there was one."""
        if self.latest is None:
            return
        norm = self.norm
        (mean, variance, count), self.latest = self.latest, None
        assert norm.momentum is not None
        assert norm.num_batches_tracked is not None
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.num_batches_tracked.numpy()[...] += 1
        for running, new in (
            (norm.running_mean.numpy(), mean),
            (norm.running_var.numpy(), variance * (count / (count - 1))),
        ):
            running += norm.momentum * (new - running)


class _SyncedNorm(torch.autograd.Function):
    @staticmethod
    @quiet
    def forward(
        ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, layer: SyncBatchNorm
    ) -> Tensor:
        # torch gives the new statistics in float32 where it is passed running ones; these are
        # unused.
        part_statistics = batch_norm_update_stats(
            inputs, layer.unused_statistics, layer.unused_statistics, 0
        )
        count = np.full(len(weight), inputs.numel() // len(weight), np.float32)
        arrays = (count, *(statistic.numpy() for statistic in part_statistics))
        counts, means, variances = layer.all_gather.gather(layer.part, arrays)
        fractions = counts / counts.sum(0)
        mean = (fractions * means).sum(0)
        # The variance within each part, plus that of the parts' means about the batch's mean.
        variance = (fractions * (variances + (means - mean) ** 2)).sum(0)
        ctx.layer, ctx.count = layer, int(counts[:, 0].sum())
        layer.latest = mean, variance, ctx.count
        statistics = torch.from_numpy(mean), torch.from_numpy(variance)
        ctx.save_for_backward(inputs, weight, *statistics)
        return _scaled(inputs, weight, bias, *statistics, layer.norm.eps)

    @staticmethod
    @quiet
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, mean, variance = ctx.saved_tensors
        epsilon = ctx.layer.norm.eps
        # First as if the statistics were constants: the direct gradient, and weight's and bias'.
        direct, of_weight, of_bias = native_batch_norm_backward(
            gradient, inputs, weight, mean, variance, None, None, False, epsilon, [True] * 3
        )
        gathered = ctx.layer.all_gather.gather(ctx.layer.part, (of_weight.numpy(), of_bias.numpy()))
        # Then the gradient through the statistics: -scale (bias' + normed input * weight') / count.
        scale = weight.numpy() / np.sqrt(variance.numpy() + epsilon) / -ctx.count
        by_weight, by_bias = (torch.from_numpy(scale * parts.sum(0)) for parts in gathered)
        through = _scaled(inputs, by_weight, by_bias, mean, variance, epsilon)
        return direct.add_(through), of_weight, of_bias, None


def _scaled(
    inputs: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> Tensor:
    """(inputs - mean) / SD * `weight` + `bias`, for each channel."""
    return native_batch_norm(inputs, weight, bias, mean, variance, False, 0.0, epsilon)[0]
