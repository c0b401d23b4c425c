"""A later convolution of few channels, while training on a CPU, as products of matrices (im2col).

    Y[q, f] = sum over r, s, c of X[q + r columns + s, c] W[f, c, r, s] + b[f]
    dX[q, c] = sum over r, s, f of dY[q - r columns - s, f] W[f, c, r, s]

for every position q of the padded pictures, which lie in memory row after row: q + columns is one
row down. So the inputs that one row r of a filter sees at a position lie together, and patches are
written by one copy for every r. Positions at which a filter would reach over the end of a row are
computed too, and are cut off.

64 pictures of 16 x 14 x 14 by 16 filters of 2 x 2, forward and backward, take 505 us, and 633 by
oneDNN with autograd; pictures of 16 x 7 x 7 take 219 and 353. With 3 x 3 filters it is 833 and 545,
in float32 895 and 780, so those are left to oneDNN (one core of a Zen 5, bfloat16, torch 2.13;
docs/log.md).

It must agree with `Conv2d` by autograd, to rounding, with any padding.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.matmul import matmul
from toile.network import Conv2d

MOST_PATCH = 64
WIDE = torch.complex128
"""A dtype of 16 bytes, in which filter rows are copied: 59 us, and 287 value by value."""


class InnerConvBlock(Block):
    """`conv`, with the gradient of its inputs.

    Padding is multiplied here as zeros, so a weight that is not finite gives NaN there; torch skips
    padding.
    """

    def __init__(self, conv: Conv2d, dtype: torch.dtype) -> None:
        super().__init__([conv])
        self._conv, self._dtype = conv, dtype
        self._padded_shape = (0, 0, 0)
        self._input_images = self._gradient_images = self._patches = torch.empty(0)

    @staticmethod
    def fits(conv: Conv2d, dtype: torch.dtype) -> bool:
        """Whether this block computes `conv` faster than torch does."""
        at_once = WIDE.itemsize // dtype.itemsize
        aligned = conv.in_channels % at_once == conv.out_channels % at_once == 0
        simple = conv.groups == 1 and conv.stride == (1, 1) and conv.kernel_size[0] > 1
        small = conv.weight[0].numel() <= MOST_PATCH
        return dtype == torch.bfloat16 and simple and aligned and small

    def forward(self, inputs: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f out_h out_w"]:
        """The feature maps; a view."""
        left, right, top, bottom = self._conv.full_edge
        n, _, height, width = inputs.shape
        padded_shape = (n, height + top + bottom, width + left + right)
        if padded_shape != self._padded_shape:
            self._begin(padded_shape)
        kernel = self._conv.kernel_size[0]
        # The padding stays 0 from step to step; only the pictures inside it are written.
        pictures = self._as_images(self._input_images)
        pictures[:, top : top + height, left : left + width] = inputs.permute(0, 2, 3, 1)
        self._patches = self._patches_of(self._input_images, 0, 1)
        table = self._conv.weight.to(self._dtype).permute(2, 3, 1, 0).flatten(0, 2)
        bias = self._conv.bias
        # With few filters, adding the bias separately takes as long as three products.
        outputs = matmul(self._patches, table, None if bias is None else bias.to(self._dtype))
        # Positions whose patch reaches over the end of a row, or of a picture, are cut off.
        valid = outputs.view(*padded_shape, -1)[
            :, : padded_shape[1] - kernel + 1, : padded_shape[2] - kernel + 1
        ]
        return valid.permute(0, 3, 1, 2)

    def backward(
        self, gradient: Float[Tensor, "n f out_h out_w"], needs_input_grad: bool
    ) -> tuple[Tensor | None, Tensors]:
        """The gradients of weights and biases in float32, of the inputs as a channels_last view."""
        conv, kernel = self._conv, self._conv.kernel_size[0]
        _, filters, height, width = gradient.shape
        # The gradient stays 0 at positions that were cut off.
        ahead = self._ahead
        flat = self._gradient_images[ahead:]
        self._as_images(flat)[:, :height, :width] = gradient.permute(0, 2, 3, 1)
        flat = flat[: len(self._patches)]
        weight = matmul(flat.t(), self._patches).float()
        weights: Tensors = (weight.view(filters, kernel, kernel, -1).permute(0, 3, 1, 2),)
        if conv.bias is not None:
            weights += (flat.sum(0, dtype=torch.float32),)
        if not needs_input_grad:
            return None, weights
        # An input at a position is seen by the filters at that position and at those before it.
        patches = self._patches_of(self._gradient_images, ahead - kernel + 1, -1)
        # `down` of -1 reverses the rows; columns are copied forward, so the table's are flipped.
        table = conv.weight.to(self._dtype).flip(3).permute(2, 3, 0, 1).flatten(0, 2)
        back = self._as_images(matmul(patches, table))
        left, right, top, bottom = conv.full_edge
        _, rows, columns = self._padded_shape
        inner = back[:, top : rows - bottom, left : columns - right]
        return inner.permute(0, 3, 1, 2), weights

    @property
    def _ahead(self) -> int:
        """How many positions before the first, and after the last, `backward` reads."""
        return (self._conv.kernel_size[0] - 1) * (self._padded_shape[2] + 1)

    def _begin(self, padded_shape: tuple[int, int, int]) -> None:
        """Allocate the padded pictures, whose padding of 0 is not written again."""
        self._padded_shape = padded_shape
        length = torch.Size(padded_shape).numel() + self._ahead
        conv, dtype = self._conv, self._dtype
        self._input_images = conv.weight.new_zeros(length, conv.in_channels, dtype=dtype)
        self._gradient_images = conv.weight.new_zeros(length, conv.out_channels, dtype=dtype)

    def _as_images(self, flat: Tensor) -> Tensor:
        return flat[: torch.Size(self._padded_shape).numel()].view(*self._padded_shape, -1)

    def _patches_of(
        self, flat: Float[Tensor, "position channel"], first: int, down: int
    ) -> Float[Tensor, "n patch"]:
        """The patch of every position, beginning at position `first`.

        Successive rows of a patch are `down` rows of the picture apart: 1 goes down, -1 up.
        """
        count, channels = torch.Size(self._padded_shape).numel(), flat.shape[1]
        kernel, columns = self._conv.kernel_size[0], self._padded_shape[2]
        patches = flat.new_empty(count, kernel, kernel * channels)
        # Overlapping patches are one view of memory, with a stride of one position.
        wide = flat.view(WIDE)
        words = wide.shape[1]
        for row, part in enumerate(patches.view(WIDE).unbind(1)):
            start = (first + down * row * columns) * words
            part.copy_(wide.as_strided((count, kernel * words), (words, 1), start))
        return patches.flatten(1)
