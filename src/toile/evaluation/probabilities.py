"""What a network holds likely."""

import numpy as np
from jaxtyping import Float, Float64


def probabilities(logits: Float[np.ndarray, "n k"]) -> Float64[np.ndarray, "n k"]:
    """The softmax of each row: in [0, 1], summing to 1, and without overflow.

    NaN where a logit is NaN or plus infinity, as after a training that diverged.
    """
    # Infinity less infinity: numpy warns of the NaN that is the answer here.
    with np.errstate(invalid="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    softmax: Float64[np.ndarray, "n k"] = powers / powers.sum(axis=1, keepdims=True)
    return softmax
