"""Labels that are likely wrong, by confident learning (Northcutt et al. 2021, arXiv:1911.00068)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

TOLERANCE = 1e-6
"""How far below its threshold a probability still reaches it, for rounding."""


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Images whose labels are suspected, the most suspected first, and the evidence.

    `indices` are rows of the probabilities, `suspected` their more probable classes, and `margins`
    by how much these are more probable than the labels. `thresholds` has, for each class, its mean
    probability over the images labelled so. `joint` (given labels as rows) counts the images
    labelled i that are confidently of class j; images of no confident class are not counted.
    """

    thresholds: Float64[np.ndarray, " k"]
    joint: Int64[np.ndarray, "k k"]
    class_counts: Int64[np.ndarray, " k"]
    indices: Int64[np.ndarray, " m"]
    suspected: Int64[np.ndarray, " m"]
    margins: Float64[np.ndarray, " m"]

    @cached_property
    def expected(self) -> float:
        """How many labels of the whole set are wrong, estimated from `joint`.

        Each row of `joint` is first scaled to the number of images labelled so. The estimate does
        not say which images are wrong.
        """
        totals = self.joint.sum(axis=1)
        wrong = totals - self.joint.diagonal()
        return float((self.class_counts * wrong / np.maximum(totals, 1)).sum())


def label_errors(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> LabelErrors:
    """Find suspect labels from `probabilities` of networks not trained on the image itself.

    An image is confidently of class j if the probability of j reaches j's threshold; if several
    classes do, it is of the most probable of them. Its label is suspected if that class is another
    and more probable than the label. Images of equal margins keep their order.
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
    """The mean probability of each class over its own images; infinite for a class of none."""
    return np.array(
        [
            probabilities[labels == label, label].mean() if (labels == label).any() else np.inf
            for label in range(probabilities.shape[1])
        ]
    )
