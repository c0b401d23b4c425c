"""What a run answered on its validation images, class by class and mistake by mistake."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from toile.evaluation import (
    Confusion,
    Estimate,
    confusion_matrix,
    most_confused,
    probabilities,
    recalls,
)
from toile.report.picture import picture_uri
from toile.runs import Validation

NUM_PAIRS = 8
NUM_PICTURES = 6


@dataclass(frozen=True)
class ClassRow:
    """How many of a class's images were found."""

    name: str
    recall: Estimate


@dataclass(frozen=True)
class Mistake:
    """A wrong answer's picture and the probability it was given with."""

    uri: str
    confidence: float


@dataclass(frozen=True)
class Pair:
    """A true class, the class it was taken for, how often, and the surest such mistakes."""

    true: str
    predicted: str
    confusion: Confusion
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class Answers:
    """Everything the page tells about the stored answers."""

    matrix: Int64[np.ndarray, "k k"]
    classes: tuple[ClassRow, ...]
    pairs: tuple[Pair, ...]

    @property
    def floor(self) -> float:
        """Where the scale of the recalls begins: a full tenth below every interval."""
        lowest = min(one.recall.low for one in self.classes)
        # At most 0.9, so that the scale keeps some width however good the recalls are.
        return min(math.floor(10 * lowest) / 10, 0.9)


def read_answers(
    validation: Validation,
    class_names: Sequence[str],
    pixels: UInt8[np.ndarray, "n c h w"] | None,
) -> Answers:
    """Count the answers; with `pixels`, in the order of the answers, show the surest mistakes."""
    predictions = validation.logits.argmax(axis=1)
    matrix = confusion_matrix(validation.labels, predictions, len(class_names))
    classes = tuple(map(ClassRow, class_names, recalls(matrix)))
    pairs = tuple(
        Pair(
            class_names[pair.true],
            class_names[pair.predicted],
            pair,
            () if pixels is None else _surest(validation, pair, pixels),
        )
        for pair in most_confused(matrix, NUM_PAIRS)
    )
    return Answers(matrix, classes, pairs)


def _surest(
    validation: Validation, pair: Confusion, pixels: UInt8[np.ndarray, "n c h w"]
) -> tuple[Mistake, ...]:
    wrong = (validation.labels == pair.true) & (validation.logits.argmax(axis=1) == pair.predicted)
    places = np.flatnonzero(wrong)
    confidence = probabilities(validation.logits[places])[:, pair.predicted]
    # Stable, so that equally sure mistakes stand in the same order each time a page is written.
    order = np.argsort(-confidence, kind="stable")[:NUM_PICTURES]
    return tuple(Mistake(picture_uri(pixels[places[i]]), float(confidence[i])) for i in order)
