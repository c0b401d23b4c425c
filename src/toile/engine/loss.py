"""Softmax cross-entropy and its gradient, written out."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def smoothed_cross_entropy(
    logits: Float[Tensor, "b k"], labels: Int[Tensor, " b"], smoothing: float, size: int
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, "b k"]]:
    """Loss, cross-entropy and gradient of the loss, for a part of a batch of `size` images.

    The loss is the part's sum divided by `size`, with `smoothing` of each label spread over all k
    classes. The cross-entropy is the part's sum without smoothing.
    """
    logs = torch.log_softmax(logits, 1)
    right, spread = (1 - smoothing) / size, smoothing / (size * logits.shape[1])
    indices = labels[:, None]
    cross_entropy = logs.gather(1, indices).sum().neg_()
    loss = cross_entropy * right
    if smoothing:
        loss = loss - logs.sum() * spread
    # d loss / d logit = (softmax - smoothed label) / size
    gradient = logs.exp_().mul_(1 / size)
    if smoothing:
        gradient.sub_(spread)
    return (
        loss,
        cross_entropy,
        gradient.scatter_add_(1, indices, gradient.new_full(indices.shape, -right)),
    )
