"""The maximum of 2 x 2 windows, in a few passes over memory in order.

    y[q] = max over row, column of blocks[row, column, q]
    d blocks[row, column, q] = dy[q] where (row, column) won window q, else 0

`blocks` are (row, column, *positions): block (row, column) holds that element of each window.
`wins` are (3, *positions), 1 or 0: whether left won over right in the upper row, the same in the
lower row, and whether the upper row won over the lower. They are stored as integers to multiply
by, for operations with booleans take 1 to 3.5 ns a value, and `ge(out=integers)` and `mul` .12. For
173,000 values in bfloat16, as integers and as floats: the maximum of two takes 9 us and 29, a
product with 0 or 1 takes 10 and 25, a difference 10 and 28 (one core of a Zen 5, torch 2.13;
docs/log.md).

It must agree with torch's pool to the bit: of equal values the first wins.
"""

import torch
from jaxtyping import Shaped
from torch import Tensor

from toile.engine.kernels.finite import is_finite

ONE_IN_BFLOAT16 = 13
"""Shifted right by this many bits, the bits of the bfloat16 1.0 are those of the integer 1."""


def as_integers(values: Tensor) -> Tensor:
    """bfloat16 seen as int16, on which torch's operations take a third of the time; a view.

    From 0 up integers have the order of the floats, and all negative floats are negative integers.
    Multiplying by 1 or 0, or subtracting 0 or the value itself, gives the bits that floats would
    give. But a NaN with its sign set, which processors produce, is a negative integer too.
    """
    return values.view(torch.int16) if values.dtype == torch.bfloat16 else values


def max_of_windows(
    blocks: Shaped[Tensor, "2 2 *positions"],
    outputs: Shaped[Tensor, "*positions"],
    wins: Shaped[Tensor, "3 *positions"],
    rectifies: bool,
) -> None:
    """Write the maximum of each window into `outputs`, and which element won into `wins`.

    `rectifies` says that a ReLU follows. The dtype of `wins` is that of `outputs`, as integers.
    """
    # Without a ReLU the order of negative values matters too, which integers do not keep.
    blocks = as_integers(blocks) if rectifies else blocks
    won = wins if rectifies else wins.view(outputs.dtype)
    # Two comparisons, of columns and then of rows, whose results are written straight into `wins`.
    left, right = blocks.unbind(1)
    torch.ge(left, right, out=won[:2])
    upper, lower = torch.maximum(left, right)
    torch.ge(upper, lower, out=won[2])
    torch.maximum(upper, lower, out=as_integers(outputs) if rectifies else outputs)
    if not rectifies and wins.dtype == torch.int16:
        wins.bitwise_right_shift_(ONE_IN_BFLOAT16)


def scatter_to_winners(
    gradient: Shaped[Tensor, "*positions"],
    wins: Shaped[Tensor, "3 *positions"],
    blocks: Shaped[Tensor, "2 2 *positions"],
) -> None:
    """Write the gradient of each window into its winner in `blocks`, 0 into the other elements.

    All tensors are `as_integers`.
    """
    if gradient.is_floating_point() and not is_finite(gradient):
        # Infinity times 0 would be NaN, and the other elements must get 0.
        upper, lower = wins[2] == 1, wins[2] == 0
        for row, whose in enumerate((upper, lower)):
            for column, won in enumerate((wins[row] == 1, wins[row] == 0)):
                blocks[row, column] = torch.where(whose & won, gradient, 0.0)
        return
    # First between the rows of a window, then within each row: one side gets the gradient times its
    # win, the other gets the difference. That is two products and two differences, no booleans.
    rows = gradient.new_empty((2, *gradient.shape))
    torch.mul(gradient, wins[2], out=rows[0])
    torch.sub(gradient, rows[0], out=rows[1])
    torch.mul(rows, wins[:2], out=blocks[:, 0])
    torch.sub(rows, blocks[:, 0], out=blocks[:, 1])
