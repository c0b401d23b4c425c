"""A convolution of the pictures themselves, while training on a CPU: one product of two matrices.

oneDNN convolves pictures of one channel at a tenth of its usual rate. Their patches have few
numbers, so all of them are written out, (patch, place), and multiplied with the filters; and no
gradient of the pictures is wanted. With a 2 x 2 max pool behind it, places are ordered by where
they lie in their window: then the pool takes the greatest of four blocks, and its gradient goes
back, in a few passes over memory in order.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from toile.network.link import Link, Tensors
from toile.network.padding import Conv2d
from toile.network.product import product

MOST_PATCH = 64
"""Larger patches are convolved as fast, and would take more memory."""
PIECE_BYTES = 4 << 20
"""What is made at once; more leaves the cache, and less is more operations than it saves."""


class FirstBlock(Link):
    """`conv`, a 2 x 2 max pool behind it where it `pools`, then a ReLU where it `rectifies`."""

    def __init__(self, conv: Conv2d, pools: bool, rectifies: bool, dtype: torch.dtype) -> None:
        super().__init__([conv])
        self._conv, self._dtype = conv, dtype
        self._side, self._rectifies = 2 if pools else 1, rectifies
        self._patches: list[Tensor] = []
        self._made = self._wins = torch.empty(0)

    @staticmethod
    def fits(conv: Conv2d) -> bool:
        """Whether this convolution is done faster so."""
        return conv.groups == 1 and conv.weight[0].numel() <= MOST_PATCH

    def forward(self, inputs: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f out_h out_w"]:
        """The pictures of the filters."""
        conv, side = self._conv, self._side
        images = conv.padded(inputs).to(self._dtype)
        n, kernel, stride = len(images), conv.kernel_size[0], conv.stride[0]
        rows, columns = (((length - kernel) // stride + 1) // side for length in images.shape[2:])
        table = conv.weight.flatten(1)
        if conv.bias is not None:
            table = torch.cat((table, conv.bias[:, None]), 1)
        table = table.to(self._dtype).t()
        made = images.new_empty(n * rows * columns, table.shape[1])
        wins = _as_integers(made).new_empty((3 * (side - 1), *made.shape))
        pictures = max(1, PIECE_BYTES * n // (made.nbytes * side**2))
        length = pictures * rows * columns
        self._patches, self._made, self._wins = [], made, wins
        for piece, part, won in zip(
            images.split(pictures), made.split(length), wins.split(length, 1), strict=True
        ):
            patches = _patches(piece, kernel, stride, side, (rows, columns), conv.bias is not None)
            whole = torch.mm(patches.t(), table, out=part if side == 1 else None)
            if side == 2:
                _choose(whole, part, won, self._rectifies)
            if self._rectifies:
                _as_integers(part).clamp_min_(0)
            self._patches.append(patches)
        return made.view(n, rows, columns, -1).permute(0, 3, 1, 2)

    def backward(self, gradient: Tensor, wanted: bool) -> tuple[None, Tensors]:
        """The gradients of weights and biases; that of the pictures is never asked for."""
        flat = gradient.to(self._dtype).permute(0, 2, 3, 1).flatten(0, 2)
        weight = self._conv.weight
        length = weight[0].numel()
        table = weight.new_zeros(len(self._patches[0]), len(weight))
        sizes = [one.shape[1] // self._side**2 for one in self._patches]
        by_piece = zip(
            self._patches,
            _as_integers(flat).split(sizes),
            _as_integers(self._made).split(sizes),
            self._wins.split(sizes, 1),
            strict=True,
        )
        for patches, part, kept, won in by_piece:
            back = torch.ops.aten.threshold_backward(part, kept, 0) if self._rectifies else part
            back = _to_the_winners(back, won) if self._side == 2 else back
            # A product of bfloat16 is rounded to it; pieces are summed in float32.
            table += product(patches, back.view(self._dtype))
        of_weight = table[:length].t().reshape(weight.shape)
        return None, (of_weight,) if self._conv.bias is None else (of_weight, table[length])


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


def _as_integers(numbers: Tensor) -> Tensor:
    """bfloat16 as whole numbers of as many bits: torch takes a third as long over those.

    They are in the same order from 0 up, and all negative ones are below 0; and times 1 or 0, or
    less themselves or 0, they are what the floats would be. A NaN below 0 is lost in a ReLU.
    """
    return numbers.view(torch.int16) if numbers.dtype == torch.bfloat16 else numbers


def _choose(whole: Tensor, made: Tensor, wins: Tensor, rectifies: bool) -> None:
    """Write the greatest of each window of the product into `made`, and who won into `wins`.

    Wins are 1 and 0: of the first over the second, the third over the fourth, pair over pair. Of
    equal ones the first wins, as in torch's pool.
    """
    # Where none is cut off at 0 the order of negative ones matters too: floats then.
    blocks = (_as_integers(whole) if rectifies else whole).view(2, 2, *made.shape)
    won = wins if rectifies else wins.view(made.dtype)
    first, second = blocks.unbind(1)
    torch.ge(first, second, out=won[:2])
    upper, lower = torch.maximum(first, second)
    torch.ge(upper, lower, out=won[2])
    torch.maximum(upper, lower, out=_as_integers(made) if rectifies else made)
    if not rectifies and wins.dtype == torch.int16:
        wins.bitwise_right_shift_(ONE_IN_BFLOAT16)


ONE_IN_BFLOAT16 = 13
"""So many bits to the right, the bits of 1. are those of 1."""


def _to_the_winners(gradient: Tensor, wins: Tensor) -> Tensor:
    """The gradient of the product, from that of its windows' greatest; as `_as_integers` has it."""
    pairs = gradient.new_empty((2, *gradient.shape))
    torch.mul(gradient, wins[2], out=pairs[0])
    torch.sub(gradient, pairs[0], out=pairs[1])
    blocks = gradient.new_empty((2, 2, *gradient.shape))
    torch.mul(pairs, wins[:2], out=blocks[:, 0])
    torch.sub(pairs, blocks[:, 0], out=blocks[:, 1])
    return blocks.view(-1, gradient.shape[1])
