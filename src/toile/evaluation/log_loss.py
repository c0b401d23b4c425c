"""Cross-entropy: minus the logarithm of the true class's probability, on average."""

import numpy as np
from jaxtyping import Float, Int


def cross_entropy(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> float:
    """Mean of -ln(softmax of the true class): 0 is best, ln k that of guessing among k classes.

    Computed in float64, after the greatest logit is subtracted so that no exponential overflows.
    NaN if a logit is NaN or plus infinity, as after a training that diverged.
    """
    with np.errstate(invalid="ignore"):
        shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
        # Not the log of a softmax: a probability too small for a float is 0, its loss infinite.
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.mean())
