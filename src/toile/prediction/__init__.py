"""Prediction: prepares any picture like the training images, and classifies it with networks.

Uses uint8 pictures (c, h, w), a run's `DataFacts` and logits (k,), but no runs and no torch.
"""

from toile.prediction.abstention import Abstention, Cost, abstention_from_json, find_abstention
from toile.prediction.answer import ClassProbability, Prediction, Vote, answer, vote
from toile.prediction.classifier import Classifier, LogitsModel
from toile.prediction.corrections import NO_CORRECTIONS, PictureCorrections
from toile.prediction.no_class import blank_pictures, noise_pictures
from toile.prediction.out_of_distribution import are_out_of_distribution
from toile.prediction.pictures import ImageArray, PictureInput, TorchTensor, pixels_in, sources_of
from toile.prediction.prepare import PreparedPicture, prepare
from toile.prediction.seal import Seal
from toile.prediction.step import PreparationStep
from toile.prediction.together import Answered, ask_together

__all__ = [
    "NO_CORRECTIONS",
    "Abstention",
    "Answered",
    "ClassProbability",
    "Classifier",
    "Cost",
    "ImageArray",
    "LogitsModel",
    "PictureCorrections",
    "PictureInput",
    "Prediction",
    "PreparationStep",
    "PreparedPicture",
    "Seal",
    "TorchTensor",
    "Vote",
    "abstention_from_json",
    "answer",
    "are_out_of_distribution",
    "ask_together",
    "blank_pictures",
    "find_abstention",
    "noise_pictures",
    "pixels_in",
    "prepare",
    "sources_of",
    "vote",
]
