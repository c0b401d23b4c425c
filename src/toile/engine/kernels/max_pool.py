"""A 2 x 2 max pool and the ReLU behind it, while training on a CPU.

    y[q] = max(0, x[2q], x[2q + right], x[2q + below], x[2q + below + right])
    dx = dy where that position won its window and y > 0, else 0

In bfloat16 values are compared as 16-bit integers (see windows.py). Forward and backward, 128 x 64
x 14 x 14 values take 440 us, and torch's pool and ReLU 1,420; 64 x 64 x 24 x 24 take 786, and
2,210; 256 x 64 x 11 x 11 take 696, and 1,700. In float32 it is a third faster or a third slower, so
torch computes those (one core of a Zen 5, torch 2.13; docs/log.md).

It must agree with `MaxPool2d` and `nn.ReLU` by autograd to the bit: nothing is summed.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Tensors
from toile.engine.kernels.finite import FiniteBlock, is_finite
from toile.engine.kernels.windows import as_integers, max_of_windows, scatter_to_winners
from toile.network import MaxPool2d
from toile.torch_private import threshold_backward


class MaxPoolBlock(FiniteBlock):
    """The greatest of each window, or 0 where all of a window are below 0."""

    def __init__(self, pool: MaxPool2d, relu: nn.ReLU) -> None:
        super().__init__([pool, relu], torch.bfloat16)
        self._shape = torch.Size()
        self._outputs = self._wins = torch.empty(0)

    @staticmethod
    def fits(pool: MaxPool2d, dtype: torch.dtype) -> bool:
        """Whether this block computes `pool`, with a ReLU behind it, faster than torch does."""
        return pool.halves and dtype == torch.bfloat16

    def quick_forward(
        self, inputs: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n c rows columns"] | None:
        """The pooled pictures, in channels_last memory."""
        if not is_finite(inputs.permute(0, 2, 3, 1)):
            return None
        self._shape = inputs.shape
        blocks = _blocks(inputs)
        self._outputs = inputs.new_empty(blocks.shape[2:])
        self._wins = as_integers(inputs).new_empty((3, *self._outputs.shape))
        max_of_windows(blocks, self._outputs, self._wins, rectifies=True)
        as_integers(self._outputs).clamp_min_(0)
        return self._outputs.permute(0, 3, 1, 2)

    def quick_backward(
        self, gradient: Tensor, needs_input_grad: bool
    ) -> tuple[Tensor | None, Tensors]:
        """The gradient goes to the greatest of each window, where that is above 0."""
        gradient = as_integers(gradient.to(self._outputs.dtype)).permute(0, 2, 3, 1)
        back = threshold_backward(gradient, as_integers(self._outputs), 0)
        n, channels, height, width = self._shape
        # A last row or column that fills no window gets the gradient 0.
        is_even = height % 2 == width % 2 == 0
        empty = torch.empty if is_even else torch.zeros
        inputs = empty((n, height, width, channels), dtype=self._outputs.dtype).permute(0, 3, 1, 2)
        scatter_to_winners(back, self._wins, as_integers(_blocks(inputs)))
        return inputs, ()


def _blocks(pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "2 2 n rows columns c"]:
    """The values at each of the four positions within a window, for all windows; a view."""
    _, _, height, width = pictures.shape
    cropped = pictures[:, :, : height // 2 * 2, : width // 2 * 2].permute(0, 2, 3, 1)
    return cropped.unflatten(1, (-1, 2)).unflatten(3, (-1, 2)).permute(2, 4, 0, 1, 3, 5)
