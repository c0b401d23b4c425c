"""Batch norm of a whole batch whose parts are computed side by side, each by a thread."""

import threading
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Tensors = tuple[Tensor, ...]


class Meeting:
    """Where the threads that compute the parts of a batch tell each other numbers.

    All of them share, the same number of times. One that fails must `leave`: the others then get
    threading.BrokenBarrierError instead of waiting for it.
    """

    def __init__(self, parts: int) -> None:
        self._barrier = threading.Barrier(parts)
        # By turns: a part may give its next numbers before the slowest has taken the last ones.
        self._given: tuple[dict[int, Tensors], ...] = ({}, {})
        self._turns = [0] * parts

    def share(self, part: int, mine: Tensors) -> list[Tensor]:
        """Each tensor of `mine` stacked with those of the other parts, in their order.

        Waits for the last of them.
        """
        given = self._given[self._turns[part]]
        self._turns[part] ^= 1
        given[part] = mine
        self._barrier.wait()
        parts = (given[number] for number in range(self._barrier.parties))
        return [torch.stack(same) for same in zip(*parts, strict=True)]

    def begin(self) -> None:
        """Meet afresh for a new batch, also after one that failed."""
        self._barrier.reset()
        self._turns = [0] * self._barrier.parties

    def leave(self) -> None:
        """Let nobody wait any longer."""
        self._barrier.abort()


class JoinedNorm(nn.Module):
    """The batch norm `norm` for one part of a batch, by the statistics of all parts together.

    The numbers are those of `norm` on the whole batch, to rounding. Part 0 keeps the running ones.
    """

    def __init__(self, norm: _BatchNorm, meeting: Meeting, part: int) -> None:
        super().__init__()
        self.norm, self.meeting, self.part = norm, meeting, part

    def forward(self, inputs: Float[Tensor, "n c *place"]) -> Float[Tensor, "n c *place"]:
        """The part's numbers, each channel at mean 0 and SD 1 over the batch, scaled and moved."""
        norm = self.norm
        if not norm.training:
            made: Tensor = norm(inputs)
            return made
        return _Joined.apply(inputs, norm.weight, norm.bias, self)

    @torch.no_grad()
    def remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics towards those of a batch of `count` numbers a channel."""
        norm = self.norm
        if self.part > 0:
            return
        assert norm.momentum is not None
        assert norm.num_batches_tracked is not None
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.num_batches_tracked.add_(1)
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)


class _Joined(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, to: JoinedNorm) -> Tensor:
        # Statistics to go on with make torch give the new ones in float32.
        zeros = torch.zeros_like(weight)
        mean, variance = torch.batch_norm_update_stats(inputs, zeros, torch.ones_like(weight), 0.0)
        counts = torch.full_like(weight, inputs.numel() // len(weight))
        counts, means, variances = to.meeting.share(to.part, (counts, mean, variance))
        total = counts.sum(0)
        mean = (counts * means).sum(0) / total
        # Each part's spread about its own mean, and that mean's about the joint one.
        variance = (counts * (variances + (means - mean) ** 2)).sum(0) / total
        ctx.count = int(total[0])
        to.remember(mean, variance, ctx.count)
        ctx.to = to
        ctx.save_for_backward(inputs, weight, mean, variance)
        return _scaled(inputs, weight, bias, mean, variance, to.norm.eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, mean, variance = ctx.saved_tensors
        epsilon = ctx.to.norm.eps
        # As if the statistics were constants: a scale, and the gradients of weight and bias.
        direct, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, inputs, weight, mean, variance, None, None, False, epsilon, [True] * 3
        )
        given = ctx.to.meeting.share(ctx.to.part, (of_weight, of_bias))
        whole_weight, whole_bias = (parts.sum(0) for parts in given)
        # What comes by way of the statistics: -scale (bias' + normed input * weight') / count.
        scale = weight * torch.rsqrt(variance + epsilon) / -ctx.count
        through = _scaled(inputs, scale * whole_weight, scale * whole_bias, mean, variance, epsilon)
        return direct.add_(through), of_weight, of_bias, None


def _scaled(
    inputs: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> Tensor:
    """Each channel less its mean, over its SD, times `weight`, plus `bias`."""
    return torch.native_batch_norm(inputs, weight, bias, mean, variance, False, 0.0, epsilon)[0]
