"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

TOLERANCE = 1e-6
"""A probability that misses its threshold by rounding reaches it."""


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Suspected images, the most suspected first, and what they were told by.

    `indices` are rows of the probabilities, `suspected` the classes that these may be of, and
    `margins` by how much each is more probable than the label given. `thresholds` are the mean
    probability of each class over the images labelled so. `joint` counts the images labelled i that
    are confidently of class j; those of no class are in none of it.
    """

    thresholds: Float64[np.ndarray, " k"]
    joint: Int64[np.ndarray, "k k"]
    class_counts: Int64[np.ndarray, " k"]
    indices: Int64[np.ndarray, " m"]
    suspected: Int64[np.ndarray, " m"]
    margins: Float64[np.ndarray, " m"]

    @cached_property
    def expected(self) -> float:
        """How many labels are wrong, by `joint` with each row brought to the images of its class.

        It is of the whole set: which images they are it does not say.
        """
        totals = self.joint.sum(axis=1)
        wrong = totals - self.joint.diagonal()
        return float((self.class_counts * wrong / np.maximum(totals, 1)).sum())


def label_errors(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> LabelErrors:
    """Suspect labels by `probabilities` of networks that were not trained on the image itself.

    An image is confidently of class j where the probability of j reaches j's threshold; of several
    such classes, of the most probable. It is suspected where that is another class than its label
    and more probable than it. Equal margins keep the order of the images.
    """
    num_classes = probabilities.shape[1]
    thresholds = _thresholds(probabilities, labels)
    reaches = probabilities >= thresholds - TOLERANCE
    confident = reaches.any(axis=1)
    guess = np.where(reaches, probabilities, -1).argmax(axis=1)
    joint = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(joint, (labels[confident], guess[confident]), 1)
    rows = np.arange(len(labels))
    margins = probabilities[rows, guess] - probabilities[rows, labels]
    suspects = np.flatnonzero(confident & (guess != labels) & (margins > 0))
    ranked = suspects[np.argsort(-margins[suspects], kind="stable")]
    counts = np.bincount(labels, minlength=num_classes)
    return LabelErrors(thresholds, joint, counts, ranked, guess[ranked], margins[ranked])


def _thresholds(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> Float64[np.ndarray, " k"]:
    """The mean probability of each class over its own images; infinite for one without any."""
    return np.array(
        [
            probabilities[labels == label, label].mean() if (labels == label).any() else np.inf
            for label in range(probabilities.shape[1])
        ]
    )
