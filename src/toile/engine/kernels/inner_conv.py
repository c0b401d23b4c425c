"""A convolution of few channels within a network, while training on a CPU, as products of matrices.

    Y[q, f] = sum over r, s, c of X[q + r columns + s, c] W[f, c, r, s] + b[f]
    dX[q, c] = sum over r, s, f of dY[q - r columns - s, f] W[f, c, r, s]

for every place q of the padded pictures, whose rows follow each other: a step of `columns` places
is one row down, also from picture to picture. So the numbers that one row r of a filter sees of any
place lie together, and patches are written out by one copy for every r. Places beyond the last of a
row are computed too, and have no part in anything.

64 pictures of 16 x 14 x 14 by 16 filters of 2 x 2, there and back: 505 us, and oneDNN by autograd
633; of 16 x 7 x 7 219 and 353. With 3 x 3 filters 833 and 545, in float32 895 and 780, so oneDNN
has those (one core of a Zen 5, bfloat16, torch 2.13; docs/log.md).

It must agree with `Conv2d` by autograd, to rounding, at whatever edges.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.matmul import product
from toile.network import Conv2d

MOST_PATCH = 64
WIDE = torch.complex128
"""Its 16 bytes are copied at a time, filter row by filter row: 59 us for 287 by single numbers."""


class InnerConvBlock(Block):
    """`conv`, with the gradient of its inputs.

    Edges are numbers here, times which a weight that is not finite is NaN; torch leaves them out.
    """

    def __init__(self, conv: Conv2d, dtype: torch.dtype) -> None:
        super().__init__([conv])
        self._conv, self._dtype = conv, dtype
        self._places = (0, 0, 0)
        self._inputs = self._outputs = self._patches = torch.empty(0)

    @staticmethod
    def fits(conv: Conv2d, dtype: torch.dtype) -> bool:
        """Whether this convolution is done faster so."""
        at_once = WIDE.itemsize // dtype.itemsize
        whole = conv.in_channels % at_once == conv.out_channels % at_once == 0
        simple = conv.groups == 1 and conv.stride == (1, 1) and conv.kernel_size[0] > 1
        few = conv.weight[0].numel() <= MOST_PATCH
        return dtype == torch.bfloat16 and simple and whole and few

    def forward(self, inputs: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f out_h out_w"]:
        """The pictures of the filters; a view."""
        left, right, top, bottom = self._conv.full_edge
        n, _, height, width = inputs.shape
        places = (n, height + top + bottom, width + left + right)
        if places != self._places:
            self._begin(places)
        kernel = self._conv.kernel_size[0]
        # The edges around stay 0 from step to step; only what is within is written.
        pictures = self._of_places(self._inputs)
        pictures[:, top : top + height, left : left + width] = inputs.permute(0, 2, 3, 1)
        self._patches = self._patches_of(self._inputs, 0, 1)
        table = self._conv.weight.to(self._dtype).permute(2, 3, 1, 0).flatten(0, 2)
        bias = self._conv.bias
        # Added by itself it takes as long as three products, where filters are few.
        outputs = product(self._patches, table, None if bias is None else bias.to(self._dtype))
        # A place whose patch runs over the end of its row, or of its picture, is cut off.
        whole = outputs.view(*places, -1)[:, : places[1] - kernel + 1, : places[2] - kernel + 1]
        return whole.permute(0, 3, 1, 2)

    def backward(
        self, gradient: Float[Tensor, "n f out_h out_w"], wanted: bool
    ) -> tuple[Tensor | None, Tensors]:
        """Of weights and biases in float32; of the inputs in channels_last memory, a view."""
        conv, kernel = self._conv, self._conv.kernel_size[0]
        _, filters, height, width = gradient.shape
        # Whatever the filters saw beyond the last place of a row has no part in anything: it is 0.
        ahead = self._ahead
        flat = self._outputs[ahead:]
        self._of_places(flat)[:, :height, :width] = gradient.permute(0, 2, 3, 1)
        flat = flat[: len(self._patches)]
        weight = product(flat.t(), self._patches).float()
        weights: Tensors = (weight.view(filters, kernel, kernel, -1).permute(0, 3, 1, 2),)
        if conv.bias is not None:
            weights += (flat.sum(0, dtype=torch.float32),)
        if not wanted:
            return None, weights
        # Each place is seen by the filters of those before it.
        seen = self._patches_of(self._outputs, ahead - kernel + 1, -1)
        # Rows are gone through upwards by `down`; columns lie forward in memory, so they are
        # flipped.
        table = conv.weight.to(self._dtype).flip(3).permute(2, 3, 0, 1).flatten(0, 2)
        back = self._of_places(product(seen, table))
        left, right, top, bottom = conv.full_edge
        _, rows, columns = self._places
        inner = back[:, top : rows - bottom, left : columns - right]
        return inner.permute(0, 3, 1, 2), weights

    @property
    def _ahead(self) -> int:
        """So many places before the first are looked at in going back, and after the last."""
        return (self._conv.kernel_size[0] - 1) * (self._places[2] + 1)

    def _begin(self, places: tuple[int, int, int]) -> None:
        """Make room for the pictures, within edges of 0 that are not written again."""
        self._places = places
        length = torch.Size(places).numel() + self._ahead
        conv, dtype = self._conv, self._dtype
        self._inputs = conv.weight.new_zeros(length, conv.in_channels, dtype=dtype)
        self._outputs = conv.weight.new_zeros(length, conv.out_channels, dtype=dtype)

    def _of_places(self, flat: Tensor) -> Tensor:
        return flat[: torch.Size(self._places).numel()].view(*self._places, -1)

    def _patches_of(
        self, flat: Float[Tensor, "place channel"], first: int, down: int
    ) -> Float[Tensor, "n patch"]:
        """The patch of every place, beginning at place `first`.

        A patch's rows are `down` rows of pictures from each other: 1 below, -1 above.
        """
        count, channels = torch.Size(self._places).numel(), flat.shape[1]
        kernel, columns = self._conv.kernel_size[0], self._places[2]
        patches = flat.new_empty(count, kernel, kernel * channels)
        # Overlapping patches are one view of memory with a stride of a place: no index is computed.
        wide = flat.view(WIDE)
        numbers = wide.shape[1]
        for row, part in enumerate(patches.view(WIDE).unbind(1)):
            start = (first + down * row * columns) * numbers
            part.copy_(wide.as_strided((count, kernel * numbers), (numbers, 1), start))
        return patches.flatten(1)
