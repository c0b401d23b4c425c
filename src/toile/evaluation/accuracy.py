"""Accuracy: the fraction of images whose greatest logit is that of their class."""

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
