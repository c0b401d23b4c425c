"""A network's first convolution, while training on a CPU, as a product of two matrices (im2col).

    P[j, q] = element j = (c, row, column) of the patch at position q; a last row of 1 for the bias
    Y[q, f] = sum over j of P[j, q] W[j, f];   dW[j, f] = sum over q of P[j, q] dY[q, f]

oneDNN convolves pictures of one channel at a tenth of its usual rate. Their patches are small, so
all of them are written out and multiplied with the filters; and no gradient of the pictures is
needed. With a 2 x 2 max pool behind it, positions are ordered by their element of the window. Then
the pool is the maximum of four blocks, and both it and its gradient are a few passes over memory in
order. Forward and backward, 32 pictures by 32 filters of 3 x 3 take 240 us in place of 600; 128
pictures by 64 filters 1,371 in place of 5,449, and with pool and ReLU 4,670 in place of 8,735 (one
core of a Zen 5, bfloat16, torch 2.13; docs/log.md).

It must agree with `Conv2d`, `MaxPool2d` and `nn.ReLU` by autograd, to rounding. Of equal values in
a window the first must win, as in torch. Batches that may overflow are computed by the layers.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Tensors
from toile.engine.kernels.finite import FiniteBlock
from toile.engine.kernels.matmul import matmul
from toile.engine.kernels.windows import as_integers, max_of_windows, scatter_to_winners
from toile.network import Conv2d, MaxPool2d
from toile.torch_private import threshold_backward

MOST_PATCH = 64
"""Elements of a patch. oneDNN convolves larger ones as fast, and with less memory."""
PIECE_BYTES = 4 << 20
"""Bytes of patches at once: more do not fit in the cache, and fewer take more operations."""

LARGEST = 1e38
"""Bound on the square of the outputs: a third of the greatest value of either dtype."""


class FirstBlock(FiniteBlock):
    """`conv`, a 2 x 2 max pool behind it where it `pools`, then a ReLU where it `rectifies`."""

    def __init__(self, conv: Conv2d, pools: bool, rectifies: bool, dtype: torch.dtype) -> None:
        layers: list[nn.Module] = [conv]
        layers += [MaxPool2d(2, 2, (0, 0, 0, 0))] * pools + [nn.ReLU()] * rectifies
        super().__init__(layers, dtype)
        self._conv, self._dtype = conv, dtype
        self._side, self._rectifies = 2 if pools else 1, rectifies
        self._patches: list[Tensor] = []
        self._outputs = self._wins = torch.empty(0)

    @staticmethod
    def fits(conv: Conv2d) -> bool:
        """Whether this block computes `conv` faster than torch does."""
        return conv.groups == 1 and conv.weight[0].numel() <= MOST_PATCH

    def quick_forward(
        self, inputs: Float[Tensor, "n c h w"]
    ) -> Float[Tensor, "n f out_h out_w"] | None:
        """The feature maps, pooled and rectified."""
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
        # Position after position, filters together: channels_last, which the next layers expect.
        outputs = images.new_empty(n * rows * columns, table.shape[1])
        wins = as_integers(outputs).new_empty((3 * (side - 1), *outputs.shape))
        pictures = max(1, PIECE_BYTES * n // (outputs.nbytes * side**2))
        length = pictures * rows * columns
        # As many pictures at once as fit in the cache together with their outputs.
        self._patches, self._outputs, self._wins = [], outputs, wins
        for piece, part, won in zip(
            images.split(pictures), outputs.split(length), wins.split(length, 1), strict=True
        ):
            patches = _patches(piece, kernel, stride, side, (rows, columns), conv.bias is not None)
            products = torch.mm(patches.t(), table, out=part if side == 1 else None)
            if side == 2:
                max_of_windows(products.view(2, 2, *part.shape), part, won, self._rectifies)
            if self._rectifies:
                # Behind the pool there are a quarter as many values. Negative floats are negative
                # integers.
                as_integers(part).clamp_min_(0)
            self._patches.append(patches)
        return outputs.view(n, rows, columns, -1).permute(0, 3, 1, 2)

    def quick_backward(self, gradient: Tensor, needs_input_grad: bool) -> tuple[None, Tensors]:
        """The gradients of weights and biases; that of the pictures is never needed."""
        flat = gradient.to(self._dtype).permute(0, 2, 3, 1).flatten(0, 2)
        weight = self._conv.weight
        length = weight[0].numel()
        table = weight.new_zeros(len(self._patches[0]), len(weight))
        sizes = [piece.shape[1] // self._side**2 for piece in self._patches]
        by_piece = zip(
            self._patches,
            as_integers(flat).split(sizes),
            as_integers(self._outputs).split(sizes),
            self._wins.split(sizes, 1),
            strict=True,
        )
        for patches, part, outputs, won in by_piece:
            back = threshold_backward(part, outputs, 0) if self._rectifies else part
            if self._side == 2:
                # In the order of the patches, so that one product covers all four blocks.
                blocks = back.new_empty((2, 2, *back.shape))
                scatter_to_winners(back, won, blocks)
                back = blocks.flatten(0, 2)
            # A product of bfloat16 is rounded to it; pieces are summed in float32.
            table += matmul(patches, back.view(self._dtype))
        weight_gradient = table[:length].t().reshape(weight.shape)
        return None, (weight_gradient,) if self._conv.bias is None else (
            weight_gradient,
            table[length],
        )


def _squares(values: Tensor) -> Tensor:
    """The sum of the squares of `values`."""
    flat = values.reshape(-1)
    return torch.dot(flat, flat)


def _patches(
    images: Float[Tensor, "n c h w"],
    kernel: int,
    stride: int,
    side: int,
    grid: tuple[int, int],
    has_bias: bool,
) -> Float[Tensor, "patch position"]:
    """Every patch as a column, with a 1 beneath it for the bias.

    A position is (row in its window, column in its window, picture, row and column of the window);
    `grid` is the number of rows and of columns of windows.
    """
    n, channels, height, width = images.shape
    rows, columns = grid
    # First the pixels at each offset from the windows' corners are gathered into one block, for all
    # offsets that some patch needs; then patches are copied from blocks, not pixel by pixel.
    reach = stride * (side - 1) + kernel
    step = side * stride
    images = images.contiguous()
    offsets = images.as_strided(
        (channels, reach, reach, n, rows, columns),
        (height * width, width, 1, channels * height * width, step * width, step),
        images.storage_offset(),
    ).contiguous()
    block = n * rows * columns
    # Element (row, column) of the patch at (down, across) in its window lies `stride` * down + row
    # below the corner. So all patches are one view of `offsets`, copied block by block.
    windows = offsets.as_strided(
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
