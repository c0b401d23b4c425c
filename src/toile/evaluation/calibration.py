"""Calibration: whether a network is right as often as its confidence says."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.estimate import Estimate, proportion


@dataclass(frozen=True)
class ConfidenceBin:
    """The images whose confidence is above `low` and at most `high`.

    `confidence` is their mean confidence, NaN without images; `accuracy.n` is their number.
    """

    low: float
    high: float
    confidence: float
    accuracy: Estimate

    @property
    def count(self) -> int:
        """How many images fall in the bin."""
        return self.accuracy.n

    def to_json(self) -> dict[str, object]:
        """The bin as JSON has it: the mean confidence of no images is null."""
        confidence = None if math.isnan(self.confidence) else self.confidence
        return {
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "confidence": confidence,
            "accuracy": self.accuracy.to_json(),
        }


def reliability(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> tuple[ConfidenceBin, ...]:
    """Mean confidence and accuracy in each of `bins` bins of [0, 1]; ideally they are equal.

    Confidence is the top probability. Bins are equally wide and closed on the right. A row with
    NaN, as after a training that diverged, is put in the last bin, whose confidence is then NaN.
    Niculescu-Mizil and Caruana 2005, ICML.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    is_correct = probabilities.argmax(axis=1) == labels
    # Divided, not by linspace: 7 / 100 is exactly the float 0.07, but 7 * 0.01 is not.
    edges = np.arange(bins + 1) / bins
    bin_index = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(bin_index, minlength=bins)
    correct = np.bincount(bin_index[is_correct], minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(bin_index, confidence, bins) / count
    columns = edges[:-1], edges[1:], mean, correct, count
    return tuple(
        ConfidenceBin(low, high, mean_confidence, proportion(num_correct, n))
        for low, high, mean_confidence, num_correct, n in zip(
            *(column.tolist() for column in columns), strict=True
        )
    )


def expected_calibration_error(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy over confidence bins, in [0, 1]; 0 is ideal.

    Confidence is the top probability. Bins are equally wide, closed on the right, and weighted
    by how many images fall in them. NaN if a probability is NaN, and without images.
    Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    filled = [
        confidence_bin
        for confidence_bin in reliability(probabilities, labels, bins)
        if confidence_bin.count
    ]
    gaps = [
        confidence_bin.count * abs(confidence_bin.confidence - confidence_bin.accuracy.value)
        for confidence_bin in filled
    ]
    return math.fsum(gaps) / len(labels) if filled else math.nan
