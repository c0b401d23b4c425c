"""Scores of stored logits, as estimates with their doubt; numpy alone, no network is run again.

Speaks logits (n, k), labels and predictions (n,), confusion matrices (k, k) with true rows.
"""

from toile.evaluation.accuracy import accuracy
from toile.evaluation.confusion import Confusion, confusion_matrix, most_confused, recalls
from toile.evaluation.convergence import Reached, convergence
from toile.evaluation.cross_entropy import cross_entropy
from toile.evaluation.estimate import Estimate, proportion
from toile.evaluation.probabilities import probabilities

__all__ = [
    "Confusion",
    "Estimate",
    "Reached",
    "accuracy",
    "confusion_matrix",
    "convergence",
    "cross_entropy",
    "most_confused",
    "probabilities",
    "proportion",
    "recalls",
]
