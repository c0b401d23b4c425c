"""A convolution of the pictures themselves, while training on a CPU: one product of two matrices.

oneDNN convolves pictures of one channel at a tenth of its usual rate. Their patches have few
numbers, so all of them are written out, (patch, place), and multiplied with the filters; and no
gradient of the pictures is wanted. With a 2 x 2 max pool behind it, places are ordered by where
they lie in their window: then the pool takes the greatest of four blocks, and its gradient goes
back, in a few passes over memory in order. Forward and backward of 64 filters of 3 x 3 with ReLU
and pool, 128 pictures of 28 x 28, one core of a Zen 5, bfloat16: 8.7 ms by torch's layers, 4.7 so.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from toile.network.padding import Conv2d, MaxPool2d

MOST_PATCH = 64
"""Larger patches are convolved as fast, and would take more memory."""


class FirstBlock:
    """`conv`, and a 2 x 2 max `pool` where there is one, as one step. Holds no weights itself."""

    def __init__(self, conv: Conv2d, pool: MaxPool2d | None) -> None:
        self._conv, self._pool = conv, pool

    @staticmethod
    def fits(conv: Conv2d) -> bool:
        """Whether this convolution is done faster so."""
        return conv.groups == 1 and conv.weight[0].numel() <= MOST_PATCH

    def __call__(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f out_h out_w"]:
        """The pictures of the filters, pooled."""
        if images.device.type != "cpu" or images.requires_grad:
            made: Tensor = self._conv(images)
            return made if self._pool is None else self._pool(made)
        dtype = images.dtype
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
        padded = self._conv.padded(images).to(dtype)
        conv = self._conv
        return _PatchProduct.apply(
            padded, conv.weight, conv.bias, conv.stride[0], 1 if self._pool is None else 2
        )


class _PatchProduct(torch.autograd.Function):
    """Patches times filters, then the greatest of each `side` x `side` window; side is 1 or 2."""

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, stride: int, side: int
    ) -> Tensor:
        kernel = weight.shape[2]
        rows, columns = (((n - kernel) // stride + 1) // side for n in images.shape[2:])
        table = weight.flatten(1)
        if bias is not None:
            table = torch.cat((table, bias[:, None]), 1)
        patches = _patches(images, kernel, stride, side, (rows, columns), bias is not None)
        made = torch.mm(patches.t(), table.to(images.dtype).t())
        wins = made.new_empty(0)
        if side == 2:
            made, wins = _greatest(made.view(4, -1, len(weight)))
        ctx.save_for_backward(patches, wins)
        ctx.weight_shape, ctx.has_bias = weight.shape, bias is not None
        return made.view(len(images), rows, columns, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        patches, wins = ctx.saved_tensors
        flat = gradient.permute(0, 2, 3, 1).reshape(-1, gradient.shape[1])
        if len(wins):
            flat = _to_the_winners(flat, wins).flatten(0, 1)
        table = torch.mm(patches, flat).float()
        length = ctx.weight_shape[1:].numel()
        weight = table[:length].t().reshape(ctx.weight_shape)
        return None, weight, table[length] if ctx.has_bias else None, None, None


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


def _greatest(blocks: Float[Tensor, "4 m f"]) -> tuple[Tensor, Tensor]:
    """The greatest of four, and who won: first over second, third over fourth, pair over pair.

    Of equal ones the first wins, as in torch's pool. As numbers 0 and 1, since torch makes and uses
    booleans several times slower.
    """
    first, second, third, fourth = blocks
    wins = blocks.new_empty((3, *first.shape))
    torch.ge(first, second, out=wins[0])
    torch.ge(third, fourth, out=wins[1])
    upper, lower = torch.maximum(first, second), torch.maximum(third, fourth)
    torch.ge(upper, lower, out=wins[2])
    return torch.maximum(upper, lower), wins


def _to_the_winners(
    gradient: Float[Tensor, "m f"], wins: Float[Tensor, "3 m f"]
) -> Float[Tensor, "4 m f"]:
    blocks = gradient.new_empty((4, *gradient.shape))
    upper = gradient * wins[2]
    lower = gradient - upper
    torch.mul(upper, wins[0], out=blocks[0])
    torch.sub(upper, blocks[0], out=blocks[1])
    torch.mul(lower, wins[1], out=blocks[2])
    torch.sub(lower, blocks[2], out=blocks[3])
    return blocks
