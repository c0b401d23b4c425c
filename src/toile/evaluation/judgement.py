"""All scores of one network's stored logits, in one record."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int64

from toile.evaluation.accuracies import accuracy, top_accuracy
from toile.evaluation.calibration import ConfidenceBin, expected_calibration_error, reliability
from toile.evaluation.confusion import Confusion, confusion_matrix, most_confused
from toile.evaluation.estimate import Estimate
from toile.evaluation.log_loss import cross_entropy
from toile.evaluation.precision_recall import ClassScores, class_scores, macro_scores
from toile.evaluation.softmax import probabilities
from toile.evaluation.temperature import Temperature

NUM_PAIRS = 10


@dataclass(frozen=True)
class Calibration:
    """Whether `n` predictions were right as often as their confidence says.

    `error` is the expected calibration error and `loss` the cross-entropy; `error_after` and
    `loss_after` are the same with the logits divided by `temperature`, fitted on other images.
    """

    n: int
    error: float
    error_after: float
    loss: float
    loss_after: float
    temperature: Temperature
    bins: tuple[ConfidenceBin, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        plain = {
            name: value for name, value in vars(self).items() if name not in ("temperature", "bins")
        }
        return plain | {
            "temperature": self.temperature.to_json(),
            "bins": [confidence_bin.to_json() for confidence_bin in self.bins],
        }


def calibrate(
    logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], temperature: Temperature
) -> Calibration:
    """Judge confidence on images that `temperature` was not fitted on."""
    untempered = probabilities(logits)
    tempered = logits.astype(np.float64) / temperature.value
    return Calibration(
        len(labels),
        expected_calibration_error(untempered, labels),
        expected_calibration_error(probabilities(tempered), labels),
        cross_entropy(logits, labels),
        cross_entropy(tempered, labels),
        temperature,
        reliability(untempered, labels),
    )


@dataclass(frozen=True, eq=False)
class Judgement:
    """How good a network's predictions were. The rows of `matrix` are the true classes."""

    accuracy: Estimate
    top2: Estimate
    loss: float
    per_class: tuple[ClassScores, ...]
    macro: ClassScores
    matrix: Int64[np.ndarray, "k k"]
    most_confused: tuple[Confusion, ...]
    calibration: Calibration


def judge(
    logits: Float[np.ndarray, "n k"],
    labels: Int[np.ndarray, " n"],
    calibration: Calibration,
) -> Judgement:
    """All scores of the logits. `calibration` may be that of a part of the images only."""
    matrix = confusion_matrix(labels, logits.argmax(axis=1), logits.shape[1])
    return Judgement(
        accuracy(logits, labels),
        top_accuracy(logits, labels, 2),
        cross_entropy(logits, labels),
        class_scores(matrix),
        macro_scores(matrix),
        matrix,
        most_confused(matrix, NUM_PAIRS),
        calibration,
    )
