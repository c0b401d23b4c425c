"""Prediction: any picture made alike to the training images, and what networks answer to it.

Speaks uint8 pictures (c, h, w), a run's `DataFacts` and logits (k,); knows no runs and no torch.
"""

from toile.prediction.abstention import Abstention, Cost, abstention_from_json, find_abstention
from toile.prediction.answer import ClassProbability, Prediction, Vote, answer, vote
from toile.prediction.prepare import PreparedPicture, prepare
from toile.prediction.step import PreparationStep
from toile.prediction.strange import are_strange

__all__ = [
    "Abstention",
    "ClassProbability",
    "Cost",
    "Prediction",
    "PreparationStep",
    "PreparedPicture",
    "Vote",
    "abstention_from_json",
    "answer",
    "are_strange",
    "find_abstention",
    "prepare",
    "vote",
]
