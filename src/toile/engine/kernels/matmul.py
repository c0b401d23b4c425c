"""The product of two matrices, by the faster of torch's libraries.

    Y[i, j] = sum over k of A[i, k] B[k, j] + b[j]

torch multiplies float32 by MKL, which on AMD's processors takes two to three times as long as
oneDNN: for 32 x 10,816 by 10,816 x 250, 3,516 us and 1,401; for 10 x 43,264 by 43,264 x 64, 1,251
and 425 (one core of a Zen 5, torch 2.13; docs/log.md). In bfloat16 torch calls oneDNN itself.

It must agree with `torch.addmm` to rounding.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from toile.torch_private import linear_pointwise


def matmul(
    first: Float[Tensor, "rows inner"],
    second: Float[Tensor, "inner columns"],
    bias: Float[Tensor, " columns"] | None = None,
) -> Float[Tensor, "rows columns"]:
    """`first` times `second`, both on the CPU, plus `bias` in every row."""
    # None in a build of torch without oneDNN.
    if linear_pointwise is None or first.dtype != torch.float32:
        return first @ second if bias is None else torch.addmm(bias, first, second)
    return linear_pointwise(first, second.t(), bias, "none", [], "")
