"""Scores of stored logits with their intervals, by numpy and scipy; no network runs again.

Speaks logits and probabilities (n, k), labels and predictions (n,), and confusion matrices (k, k)
whose rows are the true classes. Corruptions make pictures, uint8 (n, c, h, w), harder to read.
"""

from toile.evaluation.accuracies import accuracy, top_accuracy
from toile.evaluation.baselines import Baseline, fit_baselines
from toile.evaluation.calibration import ConfidenceBin, expected_calibration_error, reliability
from toile.evaluation.confident_learning import LabelErrors, label_errors
from toile.evaluation.confusion import Confusion, confusion_matrix, most_confused, recalls
from toile.evaluation.corruptions import CORRUPTIONS, Corruption, corrupt
from toile.evaluation.estimate import Estimate, proportion
from toile.evaluation.judgement import Calibration, Judgement, calibrate, judge
from toile.evaluation.log_loss import cross_entropy
from toile.evaluation.majority_class import Commonest, commonest
from toile.evaluation.mcnemar_test import McNemar, mcnemar
from toile.evaluation.paired import paired_difference
from toile.evaluation.precision_recall import ClassScores, class_scores, macro_scores, precisions
from toile.evaluation.robustness import (
    CorruptionScores,
    StrengthScore,
    robustness_sentence,
    score_strength,
)
from toile.evaluation.softmax import probabilities
from toile.evaluation.temperature import UNFITTED, Temperature, fit_temperature
from toile.evaluation.time_to_accuracy import Reached, convergence
from toile.evaluation.wrong_answers import RepeatedErrors, confident_errors, repeated_errors

__all__ = [
    "CORRUPTIONS",
    "UNFITTED",
    "Baseline",
    "Calibration",
    "ClassScores",
    "Commonest",
    "ConfidenceBin",
    "Confusion",
    "Corruption",
    "CorruptionScores",
    "Estimate",
    "Judgement",
    "LabelErrors",
    "McNemar",
    "Reached",
    "RepeatedErrors",
    "StrengthScore",
    "Temperature",
    "accuracy",
    "calibrate",
    "class_scores",
    "commonest",
    "confident_errors",
    "confusion_matrix",
    "convergence",
    "corrupt",
    "cross_entropy",
    "expected_calibration_error",
    "fit_baselines",
    "fit_temperature",
    "judge",
    "label_errors",
    "macro_scores",
    "mcnemar",
    "most_confused",
    "paired_difference",
    "precisions",
    "probabilities",
    "proportion",
    "recalls",
    "reliability",
    "repeated_errors",
    "robustness_sentence",
    "score_strength",
    "top_accuracy",
]
