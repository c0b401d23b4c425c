"""Accuracy: the fraction of images whose class has the greatest logit, or one of the k greatest."""

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.estimate import Estimate, proportion


def accuracy(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Estimate:
    """The fraction of right predictions with its interval; 1 is best.

    Of equal logits the first class is the prediction. A NaN is predicted before any number, since
    numpy's argmax ranks it highest.
    """
    num_correct = np.count_nonzero(logits.argmax(axis=1) == labels)
    return proportion(int(num_correct), len(labels))


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
