"""What a step leaves beside its gradient."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor


class BatchResult(NamedTuple):
    """Of a batch, or a part of it: logits in float32, labels, loss, and summed cross-entropy."""

    logits: Float[Tensor, "b k"]
    labels: Int[Tensor, " b"]
    loss: Float[Tensor, ""]
    cross_entropy: Float[Tensor, ""]
