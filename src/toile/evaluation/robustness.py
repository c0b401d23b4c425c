"""How accuracy falls as pictures get harder: scores at each strength, and the worst corruption."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.accuracies import accuracy
from toile.evaluation.confusion import confusion_matrix, recalls
from toile.evaluation.corruptions import Corruption
from toile.evaluation.estimate import Estimate


@dataclass(frozen=True)
class StrengthScore:
    """Accuracy and each class's recall at `strength`, with Wilson's intervals; 1 is best."""

    strength: float
    accuracy: Estimate
    recalls: tuple[Estimate, ...]

    def to_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """The fields as JSON has them, recalls under the names of `classes`."""
        return {
            "strength": self.strength,
            "accuracy": self.accuracy.to_json(),
            "per_class": {
                name: recall.to_json() for name, recall in zip(classes, self.recalls, strict=True)
            },
        }


def score_strength(
    strength: float, logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> StrengthScore:
    """The scores of `logits` for pictures of one strength."""
    matrix = confusion_matrix(labels, logits.argmax(1), logits.shape[1])
    return StrengthScore(strength, accuracy(logits, labels), recalls(matrix))


@dataclass(frozen=True, eq=False)
class CorruptionScores:
    """What a `corruption` costs in accuracy.

    `clean` is the score of the same pictures unchanged, `levels` those of the strengths, mildest
    first. Losses are fractions of the pictures, not of the clean accuracy.
    """

    corruption: Corruption
    clean: StrengthScore
    levels: tuple[StrengthScore, ...]

    @property
    def losses(self) -> tuple[float, ...]:
        """How much lower accuracy is at each strength than on unchanged pictures."""
        return tuple(self.clean.accuracy.value - level.accuracy.value for level in self.levels)

    @property
    def mean_loss(self) -> float:
        """The mean of the losses, by which corruptions are compared."""
        return sum(self.losses) / len(self.losses)

    @property
    def worst(self) -> StrengthScore:
        """The score of the strength at which accuracy is lowest."""
        return min(self.levels, key=lambda level: level.accuracy.value)

    @property
    def shown(self) -> bool:
        """Whether a loss is shown: the interval of the lowest accuracy lies below the clean one."""
        return self.worst.accuracy.high < self.clean.accuracy.low

    @property
    def half(self) -> StrengthScore | None:
        """The mildest strength to cost half of the greatest loss or more; None without a loss."""
        most = max(self.losses)
        if most <= 0:
            return None
        return self.levels[next(at for at, loss in enumerate(self.losses) if loss >= most / 2)]

    @property
    def hardest_class(self) -> int | None:
        """The class whose recall falls most on average; None if that of no class falls."""
        falls = [
            np.mean([clean.value - level.recalls[at].value for level in self.levels])
            for at, clean in enumerate(self.clean.recalls)
        ]
        # NaN is the recall of a class without images.
        most = int(np.nanargmax(falls))
        return most if falls[most] > 0 else None

    def to_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """The scores as JSON has them."""
        half, hardest = self.half, self.hardest_class
        return {
            "corruption": self.corruption.name,
            "unit": self.corruption.unit,
            "mean_loss": self.mean_loss,
            "shown": self.shown,
            "half_at": None if half is None else half.strength,
            "hardest_class": None if hardest is None else classes[hardest],
            "strengths": [level.to_json(classes) for level in self.levels],
        }


def _percent(score: Estimate) -> str:
    """`61.2 % (58.4 to 63.9)`."""
    return f"{100 * score.value:.1f} % ({100 * score.low:.1f} to {100 * score.high:.1f})"


def robustness_sentence(scores: Sequence[CorruptionScores]) -> str:
    """Say which corruption costs most on average, and which strength costs half of its loss.

    Only corruptions whose loss is shown count. Strengths of different corruptions cannot be
    compared, so it is the most of those tried.
    """
    shown = [of for of in scores if of.shown]
    if not shown:
        return (
            f"none of the {len(scores)} corruptions is shown to lower its accuracy, which is "
            f"{_percent(scores[0].clean.accuracy)} on unchanged pictures"
        )
    hardest = max(shown, key=lambda of: of.mean_loss)
    lowers = "lowers its accuracy most of what was tried"
    if hardest.mean_loss < max(of.mean_loss for of in scores):
        lowers = "is shown to lower its accuracy"
    describe, worst, half = hardest.corruption.describe, hardest.worst, hardest.half
    assert half is not None
    sentence = (
        f"{hardest.corruption.name} {lowers}: from {_percent(hardest.clean.accuracy)} on "
        f"unchanged pictures to {_percent(worst.accuracy)} on pictures {describe(worst.strength)}"
    )
    if half is worst:
        return f"{sentence}; milder strengths lose less than half of that"
    return (
        f"{sentence}; half of that or more is lost on pictures {describe(half.strength)}, "
        f"{_percent(half.accuracy)}"
    )
