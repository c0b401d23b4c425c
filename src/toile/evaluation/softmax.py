"""Probabilities of classes, from logits."""

import numpy as np
from jaxtyping import Float, Float64


def probabilities(logits: Float[np.ndarray, "n k"]) -> Float64[np.ndarray, "n k"]:
    """The softmax of each row, computed without overflow: values in [0, 1] that sum to 1.

    A row is NaN if a logit of it is NaN or plus infinity, as after a training that diverged.
    """
    # Infinity minus infinity is NaN, as it should be here; numpy would warn.
    with np.errstate(invalid="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    softmax: Float64[np.ndarray, "n k"] = powers / powers.sum(axis=1, keepdims=True)
    return softmax
