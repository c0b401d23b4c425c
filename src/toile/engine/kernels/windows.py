"""The greatest of windows of 2 x 2, in a few passes over memory in order.

    y[q] = max over row, column of blocks[row, column, q]
    d blocks[row, column, q] = dy[q] where (row, column) won window q, else 0

`blocks` are (row, column, *places): the numbers that lie at one place of each window. Wins are (3,
*places), 1 and 0: of the left ones over the right in the upper row and in the lower, and of the
upper row over the lower. They are kept as numbers to be multiplied by: what takes or makes booleans
runs at 1 to 3.5 ns a number, and `ge(out=numbers)` and `mul` at .12. The greatest of two of 173,000
numbers in bfloat16 took 9 us as whole numbers for 29; times 0 or 1 10 for 25; less 10 for 28 (one
core of a Zen 5, torch 2.13; docs/log.md).

It must agree with torch's pool to the bit: of equal ones the first wins.
"""

import torch
from jaxtyping import Shaped
from torch import Tensor

from toile.engine.kernels.finite import is_finite

ONE_IN_BFLOAT16 = 13
"""So many bits to the right, the bits of 1. are those of 1."""


def as_integers(numbers: Tensor) -> Tensor:
    """bfloat16 as whole numbers of as many bits: torch takes a third as long over those.

    They are in the same order from 0 up, and all negative ones are below 0; and times 1 or 0, or
    less themselves or 0, they are what the floats would be. But a NaN with its sign set, as
    processors make them, is below 0 too.
    """
    return numbers.view(torch.int16) if numbers.dtype == torch.bfloat16 else numbers


def choose(
    blocks: Shaped[Tensor, "2 2 *places"],
    outputs: Shaped[Tensor, "*places"],
    wins: Shaped[Tensor, "3 *places"],
    rectifies: bool,
) -> None:
    """Write the greatest of each window into `made`, and who won into `wins`.

    `rectifies` says that a ReLU follows. The dtype of `wins` is that of `made`, as integers.
    """
    # Where none is cut off at 0 the order of negative ones matters too: floats then.
    blocks = as_integers(blocks) if rectifies else blocks
    won = wins if rectifies else wins.view(outputs.dtype)
    # Two comparisons of half the numbers each, written where they stay: of columns, then of rows.
    left, right = blocks.unbind(1)
    torch.ge(left, right, out=won[:2])
    upper, lower = torch.maximum(left, right)
    torch.ge(upper, lower, out=won[2])
    torch.maximum(upper, lower, out=as_integers(outputs) if rectifies else outputs)
    if not rectifies and wins.dtype == torch.int16:
        wins.bitwise_right_shift_(ONE_IN_BFLOAT16)


def to_the_winners(
    gradient: Shaped[Tensor, "*places"],
    wins: Shaped[Tensor, "3 *places"],
    blocks: Shaped[Tensor, "2 2 *places"],
) -> None:
    """Write into `blocks` the gradient of what `choose` had, all of them `as_integers`."""
    if gradient.is_floating_point() and not is_finite(gradient):
        # Infinity times 0 is NaN, and the losers get 0.
        upper, lower = wins[2] == 1, wins[2] == 0
        for row, whose in enumerate((upper, lower)):
            for column, won in enumerate((wins[row] == 1, wins[row] == 0)):
                blocks[row, column] = torch.where(whose & won, gradient, 0.0)
        return
    # First to the row that won, then within each row: times 1 or 0 to one side, and what is left
    # to the other. Two products and two differences, of which none makes a boolean.
    rows = gradient.new_empty((2, *gradient.shape))
    torch.mul(gradient, wins[2], out=rows[0])
    torch.sub(gradient, rows[0], out=rows[1])
    torch.mul(rows, wins[:2], out=blocks[:, 0])
    torch.sub(rows, blocks[:, 0], out=blocks[:, 1])
