"""Blocks that are quick with finite numbers alone, and what to do about the others.

    is_finite(x) = isfinite(sum of x)

NaN and infinities survive a sum, which runs over memory at full speed: 1.6 million numbers in
bfloat16 took 64 us, `torch.isfinite` and `all` 3,562 (one thread of a Zen 5 with others at work,
torch 2.13; docs/log.md). A sum that overflows says no to finite numbers: that costs time, and
other last bits.

A batch that is not finite must be answered by the layers themselves, NaN for NaN, so that a
training that diverges is seen to.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.blocks import AutogradBlock


class FiniteLink(Block):
    """A block for finite numbers: the quick ways take NaN for 0, or infinity times 0 for NaN.

    A batch that has others is computed by `layers` themselves, forward and back, so that a training
    that diverges sees it.
    """

    def __init__(self, layers: Sequence[nn.Module], dtype: torch.dtype) -> None:
        super().__init__(layers)
        self._by_layers = AutogradBlock(layers, dtype)
        self._is_quick = True

    def forward(self, inputs: Tensor) -> Tensor:
        """What the layers make of a batch."""
        outputs = self.quick_forward(inputs)
        self._is_quick = outputs is not None
        return self._by_layers.forward(inputs) if outputs is None else outputs

    def backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """As `Block` says."""
        back = self.quick_backward if self._is_quick else self._by_layers.backward
        return back(gradient, wanted)

    @abstractmethod
    def quick_forward(self, inputs: Tensor) -> Tensor | None:
        """The outputs for a batch; None where some of its numbers may not be finite.

        To ask for one operation takes as long as many numbers do, so this asks for few.
        """

    @abstractmethod
    def quick_backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """`backward` through the last `quick_forward` that gave outputs."""


def is_finite(numbers: Tensor) -> bool:
    """Whether all are finite; may be False where their sum is too large.

    `numbers` are best given in the order of memory. A sum takes .04 ns a number in bfloat16, where
    there are gaps between them .06, and torch.isfinite 2 (one core of a Zen 5, torch 2.13).
    """
    # At once a sum over gaps takes twice as long.
    numbers = numbers if numbers.is_contiguous() else numbers.sum(0)
    return math.isfinite(float(numbers.sum()))
