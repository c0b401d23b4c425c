"""The fraction of images whose class is among the first few answers."""

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.estimate import Estimate, proportion


def top_accuracy(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], k: int
) -> Estimate:
    """The fraction of images whose class has one of the `k` greatest logits; 1 is best.

    `k` = 1 is `accuracy`, and from the number of classes on everything is right. Of equal logits
    the first class stands before the others, and NaN before all numbers, as in `accuracy`.
    """
    # Sorted upwards from behind and read backwards: only so do ties and NaN stand as in argmax.
    upwards = np.argsort(logits[:, ::-1], axis=1, kind="stable")
    ranked = logits.shape[1] - 1 - upwards[:, ::-1]
    num_correct = np.count_nonzero(ranked[:, :k] == labels[:, None])
    return proportion(int(num_correct), len(labels))
