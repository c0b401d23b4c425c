"""A run's predictions on the validation images of its score, class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toile.data import AnyPixels
from toile.evaluation import ClassScores, Confusion, Judgement
from toile.recipe import Recipe
from toile.report.mistakes import NUM_PAIRS, surest_mistakes
from toile.report.picture import picture_uri
from toile.runs import Validation, judge_validation, scored_images, scored_part


@dataclass(frozen=True)
class ClassRow:
    """The scores of one class."""

    name: str
    scores: ClassScores


@dataclass(frozen=True)
class ShownMistake:
    """The picture of a wrong prediction, and the predicted class's probability."""

    uri: str
    confidence: float


@dataclass(frozen=True)
class ConfusedPair:
    """A true class, the class predicted instead, how often, and the most confident mistakes."""

    true: str
    predicted: str
    confusion: Confusion
    mistakes: tuple[ShownMistake, ...]


@dataclass(frozen=True)
class ValidationSummary:
    """All that the page says about the stored logits; `of` says of which images they are."""

    of: str
    judgement: Judgement
    classes: tuple[ClassRow, ...]
    pairs: tuple[ConfusedPair, ...]

    @property
    def floor(self) -> float:
        """The start of the scale of recalls: a multiple of .1, below every interval."""
        lowest = min(row.scores.recall.low for row in self.classes)
        # At most 0.9, so that the scale has some width even if all recalls are high.
        return min(math.floor(10 * lowest) / 10, 0.9)


def summarise_validation(
    recipe: Recipe,
    validation: Validation,
    class_names: Sequence[str],
    pixels: AnyPixels | None,
) -> ValidationSummary:
    """Score the logits; with `pixels`, in the same order, show the most confident mistakes."""
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
