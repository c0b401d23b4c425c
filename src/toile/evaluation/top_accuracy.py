"""Top-k accuracy: the fraction of images whose class is among the k greatest logits."""

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.estimate import Estimate, proportion


def top_accuracy(
    logits: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, " n"], k: int
) -> Estimate:
    """The fraction of images whose class has one of the `k` greatest logits; 1 is best.

    `k` = 1 is `accuracy`; with `k` at least the number of classes the value is 1. Equal logits are
    ranked in the order of the classes, and NaN before all numbers, as in `accuracy`.
    """
    # The reversed row is sorted upwards and read backwards: so ties and NaN rank as in argmax.
    upwards = np.argsort(logits[:, ::-1], axis=1, kind="stable")
    ranked = logits.shape[1] - 1 - upwards[:, ::-1]
    num_correct = np.count_nonzero(ranked[:, :k] == labels[:, None])
    return proportion(int(num_correct), len(labels))
