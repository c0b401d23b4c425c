"""A convolution of the pictures themselves, while training on a CPU: one product of two matrices.

    P[j, q] = the number of place q's patch at j = (c, row, column), and a 1 beneath for the bias
    Y[q, f] = sum over j of P[j, q] W[j, f];   dW[j, f] = sum over q of P[j, q] dY[q, f]

oneDNN convolves pictures of one channel at a tenth of its usual rate. Their patches have few
numbers, so all of them are written out and multiplied with the filters; and no gradient of the
pictures is wanted. With a 2 x 2 max pool behind it, places are ordered by where they lie in their
window: then the pool takes the greatest of four blocks, and its gradient goes back, in a few passes
over memory in order. There and back, 32 pictures by 32 filters of 3 x 3 took 240 us for 600; 128 by
64 1,371 for 5,449, and 4,670 for 8,735 with pool and ReLU (one core of a Zen 5, bfloat16, torch
2.13; docs/log.md).

It must agree with `Conv2d`, `MaxPool2d` and `nn.ReLU` by autograd, to rounding; of equal numbers in
a window the first must win, as torch has it. What may overflow is left to the layers.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Tensors
from toile.engine.kernels.finite import FiniteLink
from toile.engine.kernels.matmul import product
from toile.engine.kernels.windows import as_integers, choose, to_the_winners
from toile.network import Conv2d, MaxPool2d
from toile.torch_private import threshold_backward

MOST_PATCH = 64
"""Larger patches are convolved as fast, and would take more memory."""
PIECE_BYTES = 4 << 20
"""Bytes of patches at once; more leaves the cache, and less is more operations than it saves."""

LARGEST = 1e38
"""The square of what the filters may make: a third of what either dtype can hold."""


class FirstBlock(FiniteLink):
    """`conv`, a 2 x 2 max pool behind it where it `pools`, then a ReLU where it `rectifies`."""

    def __init__(self, conv: Conv2d, pools: bool, rectifies: bool, dtype: torch.dtype) -> None:
        layers: list[nn.Module] = [conv]
        layers += [MaxPool2d(2, 2, (0, 0, 0, 0))] * pools + [nn.ReLU()] * rectifies
        super().__init__(layers, dtype)
        self._conv, self._dtype = conv, dtype
        self._side, self._rectifies = 2 if pools else 1, rectifies
        self._patches: list[Tensor] = []
        self._made = self._wins = torch.empty(0)

    @staticmethod
    def fits(conv: Conv2d) -> bool:
        """Whether this convolution is done faster so."""
        return conv.groups == 1 and conv.weight[0].numel() <= MOST_PATCH

    def quick_forward(
        self, inputs: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n f out_h out_w"] | None:
        """The pictures of the filters."""
        conv, side = self._conv, self._side
        table = conv.weight.flatten(1)
        if conv.bias is not None:
            table = torch.cat((table, conv.bias[:, None]), 1)
        # The square of the largest sum of products is no more than this, by Cauchy and Schwarz.
        if not float(_squares(inputs) * _squares(table)) < LARGEST:
            return None
        images = conv.padded(inputs).to(self._dtype)
        n, kernel, stride = len(images), conv.kernel_size[0], conv.stride[0]
        # A last row or column that fills no window is not computed.
        rows, columns = (((length - kernel) // stride + 1) // side for length in images.shape[2:])
        table = table.to(self._dtype).t()
        # Place after place, filters together: that is channels_last, which the next layers take.
        outputs = images.new_empty(n * rows * columns, table.shape[1])
        wins = as_integers(outputs).new_empty((3 * (side - 1), *outputs.shape))
        pictures = max(1, PIECE_BYTES * n // (outputs.nbytes * side**2))
        length = pictures * rows * columns
        # So many whole pictures at once as stay in the cache with what is made of them.
        self._patches, self._made, self._wins = [], outputs, wins
        for piece, part, won in zip(
            images.split(pictures), outputs.split(length), wins.split(length, 1), strict=True
        ):
            patches = _patches(piece, kernel, stride, side, (rows, columns), conv.bias is not None)
            whole = torch.mm(patches.t(), table, out=part if side == 1 else None)
            if side == 2:
                choose(whole.view(2, 2, *part.shape), part, won, self._rectifies)
            if self._rectifies:
                # Behind the pool, on a quarter of the numbers; negative ones are below 0 as
                # integers.
                as_integers(part).clamp_min_(0)
            self._patches.append(patches)
        return outputs.view(n, rows, columns, -1).permute(0, 3, 1, 2)

    def quick_backward(self, gradient: Tensor, wanted: bool) -> tuple[None, Tensors]:
        """The gradients of weights and biases; that of the pictures is never asked for."""
        flat = gradient.to(self._dtype).permute(0, 2, 3, 1).flatten(0, 2)
        weight = self._conv.weight
        length = weight[0].numel()
        table = weight.new_zeros(len(self._patches[0]), len(weight))
        sizes = [one.shape[1] // self._side**2 for one in self._patches]
        by_piece = zip(
            self._patches,
            as_integers(flat).split(sizes),
            as_integers(self._made).split(sizes),
            self._wins.split(sizes, 1),
            strict=True,
        )
        for patches, part, kept, won in by_piece:
            back = threshold_backward(part, kept, 0) if self._rectifies else part
            if self._side == 2:
                # In the order in which patches were written, so that one product takes all four.
                blocks = back.new_empty((2, 2, *back.shape))
                to_the_winners(back, won, blocks)
                back = blocks.flatten(0, 2)
            # A product of bfloat16 is rounded to it; pieces are summed in float32.
            table += product(patches, back.view(self._dtype))
        of_weight = table[:length].t().reshape(weight.shape)
        return None, (of_weight,) if self._conv.bias is None else (of_weight, table[length])


def _squares(numbers: Tensor) -> Tensor:
    """The sum of their squares."""
    flat = numbers.reshape(-1)
    return torch.dot(flat, flat)


def _patches(
    images: Float[Tensor, "n c h w"],
    kernel: int,
    stride: int,
    side: int,
    places: tuple[int, int],
    has_bias: bool,
) -> Float[Tensor, "patch place"]:
    """Every patch as a column, beneath it a 1 for the bias.

    A place is (row in its window, column in its window, picture, row and column of the window);
    `places` says how many rows and columns of windows there are.
    """
    n, channels, height, width = images.shape
    rows, columns = places
    # First every distance from a window's corner that some patch of the window has a number at,
    # then patches from those: copies of whole blocks in place of single numbers.
    reach = stride * (side - 1) + kernel
    step = side * stride
    images = images.contiguous()
    apart = images.as_strided(
        (channels, reach, reach, n, rows, columns),
        (height * width, width, 1, channels * height * width, step * width, step),
        images.storage_offset(),
    ).contiguous()
    block = n * rows * columns
    # The number at (row, column) of the patch at (down, across) in its window lies `stride` times
    # down + row below the corner: one view of `apart` for all, each a block that is copied whole.
    windows = apart.as_strided(
        (channels, kernel, kernel, side, side, block),
        (
            reach * reach * block,
            reach * block,
            block,
            stride * reach * block,
            stride * block,
            1,
        ),
    )
    length = channels * kernel * kernel
    patches = images.new_empty(length + has_bias, side * side * block)
    patches[:length].view(windows.shape).copy_(windows)
    if has_bias:
        patches[length] = 1
    return patches
