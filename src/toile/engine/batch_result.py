"""The result of a batch: logits and losses, next to the gradient."""

from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor


class BatchResult(NamedTuple):
    """Logits in float32, labels, loss and summed cross-entropy of a batch, or of a part of it."""

    logits: Float[Tensor, "b k"]
    labels: Int[Tensor, " b"]
    loss: Float[Tensor, ""]
    cross_entropy: Float[Tensor, ""]
