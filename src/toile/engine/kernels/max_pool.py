"""A 2 x 2 max pool and the ReLU behind it, while training on a CPU.

    y[q] = max(0, x[2q], x[2q + right], x[2q + below], x[2q + below + right])
    dx = dy where that place won its window and y > 0, else 0

In bfloat16 the numbers are compared as whole ones of 16 bits (see windows.py). There and back, 128
x 64 x 14 x 14 took 440 us for torch's pool and ReLU's 1,420; 64 x 64 x 24 x 24 786 for 2,210; 256 x
64 x 11 x 11 696 for 1,700. In float32 it gains a third or loses one, so torch has those (one core
of a Zen 5, torch 2.13; docs/log.md).

It must agree with `MaxPool2d` and `nn.ReLU` by autograd to the bit: nothing is summed.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Tensors
from toile.engine.kernels.finite import FiniteLink, is_finite
from toile.engine.kernels.windows import as_integers, choose, to_the_winners
from toile.network import MaxPool2d
from toile.torch_private import threshold_backward


class MaxPoolBlock(FiniteLink):
    """The greatest of each window, or 0 where all are below.

    128 x 64 x 14 x 14 numbers in bfloat16, there and back: .4 ms, and torch's pool and ReLU 1.5
    (one core of a Zen 5, torch 2.13). In float32 the two take as long.
    """

    def __init__(self, pool: MaxPool2d, relu: nn.ReLU) -> None:
        super().__init__([pool, relu], torch.bfloat16)
        self._shape = torch.Size()
        self._made = self._wins = torch.empty(0)

    @staticmethod
    def fits(pool: MaxPool2d, dtype: torch.dtype) -> bool:
        """Whether this pool, with a ReLU behind it, is done faster so."""
        return pool.halves and dtype == torch.bfloat16

    def quick_forward(
        self, inputs: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n c rows columns"] | None:
        """The pooled pictures, in channels_last memory."""
        if not is_finite(inputs.permute(0, 2, 3, 1)):
            return None
        self._shape = inputs.shape
        blocks = _blocks(inputs)
        self._made = inputs.new_empty(blocks.shape[2:])
        self._wins = as_integers(inputs).new_empty((3, *self._made.shape))
        choose(blocks, self._made, self._wins, rectifies=True)
        as_integers(self._made).clamp_min_(0)
        return self._made.permute(0, 3, 1, 2)

    def quick_backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """That of the greatest of each window, where it is above 0."""
        gradient = as_integers(gradient.to(self._made.dtype)).permute(0, 2, 3, 1)
        back = threshold_backward(gradient, as_integers(self._made), 0)
        n, channels, height, width = self._shape
        # A last row or column that fills no window has no part in anything.
        whole = height % 2 == width % 2 == 0
        empty = torch.empty if whole else torch.zeros
        inputs = empty((n, height, width, channels), dtype=self._made.dtype).permute(0, 3, 1, 2)
        to_the_winners(back, self._wins, as_integers(_blocks(inputs)))
        return inputs, ()


def _blocks(pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "2 2 n rows columns c"]:
    """What lies at each of the four places of all windows; a view."""
    _, _, height, width = pictures.shape
    whole = pictures[:, :, : height // 2 * 2, : width // 2 * 2].permute(0, 2, 3, 1)
    return whole.unflatten(1, (-1, 2)).unflatten(3, (-1, 2)).permute(2, 4, 0, 1, 3, 5)
