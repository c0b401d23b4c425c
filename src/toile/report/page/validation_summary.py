"""What a run answered on the validation images it is scored on, class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from toile.evaluation import ClassScores, Confusion, Judgement
from toile.recipe import Recipe
from toile.report.mistakes import NUM_PAIRS, surest_mistakes
from toile.report.picture import picture_uri
from toile.runs import Validation, judge_validation, scored_images, scored_part


@dataclass(frozen=True)
class ClassRow:
    """How well one class was told from the others."""

    name: str
    scores: ClassScores


@dataclass(frozen=True)
class ShownMistake:
    """A wrong answer's picture and the probability it was given with."""

    uri: str
    confidence: float


@dataclass(frozen=True)
class ConfusedPair:
    """A true class, the class it was taken for, how often, and the surest such mistakes."""

    true: str
    predicted: str
    confusion: Confusion
    mistakes: tuple[ShownMistake, ...]


@dataclass(frozen=True)
class ValidationSummary:
    """Everything the page tells about the stored answers; `of` says which images they are of."""

    of: str
    judgement: Judgement
    classes: tuple[ClassRow, ...]
    pairs: tuple[ConfusedPair, ...]

    @property
    def floor(self) -> float:
        """Where the scale of the recalls begins: a full tenth below every interval."""
        lowest = min(row.scores.recall.low for row in self.classes)
        # At most 0.9, so that the scale keeps some width however good the recalls are.
        return min(math.floor(10 * lowest) / 10, 0.9)


def summarise_validation(
    recipe: Recipe,
    validation: Validation,
    class_names: Sequence[str],
    pixels: UInt8[np.ndarray, "n c h w"] | None,
) -> ValidationSummary:
    """Judge the answers; with `pixels`, in the order of the answers, show the surest mistakes."""
    judgement = judge_validation(recipe, validation)
    among = np.flatnonzero(scored_images(recipe, validation))
    logits, labels = validation.logits[among], validation.labels[among]
    pairs = tuple(
        ConfusedPair(
            class_names[pair.true],
            class_names[pair.predicted],
            pair,
            tuple(
                ShownMistake(picture_uri(pixels[among[mistake.index]]), mistake.confidence)
                for mistake in surest_mistakes(logits, labels, pair)
            )
            if pixels is not None
            else (),
        )
        for pair in judgement.most_confused[:NUM_PAIRS]
    )
    rows = tuple(map(ClassRow, class_names, judgement.per_class))
    return ValidationSummary(scored_part(recipe), judgement, rows, pairs)
