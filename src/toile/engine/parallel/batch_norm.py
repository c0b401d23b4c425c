"""Batch norm of a whole batch whose parts are computed side by side, each by a thread.

A part's statistics are a few numbers, and are reckoned with as numpy's: torch gives up Python's
lock at every operation, and waiting for it cost more than all of the rest together.
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

Numbers = tuple[np.ndarray, ...]
quiet = np.errstate(all="ignore")
"""numpy would warn of what is not finite; as with torch's own, the loss tells."""


class WorkerLostError(Exception):
    """Another part of the batch is gone: it failed, or its process ended or is far too late."""


@runtime_checkable
class AllGather(Protocol):
    """Where the parts of a batch tell each other numbers."""

    def gather(self, part: int, mine: Numbers) -> list[np.ndarray]:
        """Each array of `mine` stacked with those of the other parts, in their order.

        Waits for the last of them. Raises WorkerLostError where one is gone.
        """


class ThreadAllGather:
    """Where the threads that compute the parts of a batch tell each other numbers.

    All of them gather, the same number of times. One that fails must `leave`: the others then get
    a WorkerLostError instead of waiting for it.
    """

    def __init__(self, parts: int) -> None:
        self._parts = range(parts)
        self.begin()

    def gather(self, part: int, mine: Numbers) -> list[np.ndarray]:
        """As `Meets` says."""
        for to in self._parts:
            self._channels[to][part].put(mine)
        gathered = [channel.get() for channel in self._channels[part]]
        if None in gathered:
            raise WorkerLostError
        return [np.stack(same) for same in zip(*gathered, strict=True)]

    def begin(self) -> None:
        """Meet afresh for a new batch, also after one that failed."""
        # One channel from each part to each: who is ahead may have given its next numbers.
        self._channels: list[list[SimpleQueue[Any]]] = [
            [SimpleQueue() for _ in self._parts] for _ in self._parts
        ]

    def leave(self) -> None:
        """Let nobody wait any longer."""
        for channels in self._channels:
            for channel in channels:
                channel.put(None)


class SyncBatchNorm(nn.Module):
    """The batch norm `norm` for one part of a batch, by the statistics of all parts together.

    The numbers are those of `norm` on the whole batch, to rounding. Part 0 keeps the running ones.
    """

    def __init__(self, norm: BatchNorm, all_gather: AllGather, part: int) -> None:
        super().__init__()
        self.norm, self.all_gather, self.part = norm, all_gather, part
        self.nobodys = torch.zeros(norm.num_features)
        self.latest: tuple[np.ndarray, np.ndarray, int] | None = None

    def forward(self, inputs: Float[Tensor, "n c *place"]) -> Float[Tensor, "n c *place"]:
        """The part's numbers, each channel at mean 0 and SD 1 over the batch, scaled and moved."""
        norm = self.norm
        if not norm.training:
            outputs: Tensor = norm(inputs)
            return outputs
        return _SyncedNorm.apply(inputs, norm.weight, norm.bias, self)

    @quiet
    def remember(self) -> None:
        """Move the running statistics towards the latest batch's, if there was one."""
        if self.latest is None:
            return
        norm = self.norm
        (mean, variance, count), self.latest = self.latest, None
        assert norm.momentum is not None
        assert norm.num_batches_tracked is not None
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.num_batches_tracked.numpy()[...] += 1
        for kept, new in (
            (norm.running_mean.numpy(), mean),
            (norm.running_var.numpy(), variance * (count / (count - 1))),
        ):
            kept += norm.momentum * (new - kept)


class _SyncedNorm(torch.autograd.Function):
    @staticmethod
    @quiet
    def forward(
        ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, to: SyncBatchNorm
    ) -> Tensor:
        # Statistics to go on with make torch give the new ones in float32; here they are nobody's.
        own = batch_norm_update_stats(inputs, to.nobodys, to.nobodys, 0)
        count = np.full(len(weight), inputs.numel() // len(weight), np.float32)
        mine = (count, *(one.numpy() for one in own))
        counts, means, variances = to.all_gather.gather(to.part, mine)
        shares = counts / counts.sum(0)
        mean = (shares * means).sum(0)
        # Each part's spread about its own mean, and that mean's about the whole batch's.
        variance = (shares * (variances + (means - mean) ** 2)).sum(0)
        ctx.to, ctx.count = to, int(counts[:, 0].sum())
        to.latest = mean, variance, ctx.count
        statistics = torch.from_numpy(mean), torch.from_numpy(variance)
        ctx.save_for_backward(inputs, weight, *statistics)
        return _scaled(inputs, weight, bias, *statistics, to.norm.eps)

    @staticmethod
    @quiet
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, mean, variance = ctx.saved_tensors
        epsilon = ctx.to.norm.eps
        # As if the statistics were constants: a scale, and the gradients of weight and bias.
        direct, of_weight, of_bias = native_batch_norm_backward(
            gradient, inputs, weight, mean, variance, None, None, False, epsilon, [True] * 3
        )
        gathered = ctx.to.all_gather.gather(ctx.to.part, (of_weight.numpy(), of_bias.numpy()))
        # What comes by way of the statistics: -scale (bias' + normed input * weight') / count.
        scale = weight.numpy() / np.sqrt(variance.numpy() + epsilon) / -ctx.count
        by_weight, by_bias = (torch.from_numpy(scale * parts.sum(0)) for parts in gathered)
        through = _scaled(inputs, by_weight, by_bias, mean, variance, epsilon)
        return direct.add_(through), of_weight, of_bias, None


def _scaled(
    inputs: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> Tensor:
    """Each channel less its mean, over its SD, times `weight`, plus `bias`."""
    return native_batch_norm(inputs, weight, bias, mean, variance, False, 0.0, epsilon)[0]
