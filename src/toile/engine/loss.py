"""Softmax cross-entropy and its gradient, written out."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def smoothed_cross_entropy(
    logits: Float[Tensor, "b k"], labels: Int[Tensor, " b"], smoothing: float, size: int
) -> tuple[Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, "b k"]]:
    """The loss of a part of a batch of `size` images, its cross-entropy, and the loss's gradient.

    The loss is a sum over that size, with `smoothing` of each label spread over all k classes; the
    cross-entropy is the sum without smoothing.
    """
    logs = torch.log_softmax(logits, 1)
    right, spread = (1 - smoothing) / size, smoothing / (size * logits.shape[1])
    places = labels[:, None]
    cross_entropy = logs.gather(1, places).sum().neg_()
    loss = cross_entropy * right
    if smoothing:
        loss = loss - logs.sum() * spread
    # Of the loss by a logit: softmax less the share of the label that is the class's.
    gradient = logs.exp_().mul_(1 / size)
    if smoothing:
        gradient.sub_(spread)
    return (
        loss,
        cross_entropy,
        gradient.scatter_add_(1, places, gradient.new_full(places.shape, -right)),
    )
