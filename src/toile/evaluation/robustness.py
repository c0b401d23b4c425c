"""How accuracy falls as pictures get harder: scores at each strength, and which costs most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.accuracy import accuracy
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
    """The score of the answers to pictures of one strength."""
    matrix = confusion_matrix(labels, logits.argmax(1), logits.shape[1])
    return StrengthScore(strength, accuracy(logits, labels), recalls(matrix))


@dataclass(frozen=True, eq=False)
class CorruptionScores:
    """What a `corruption` costs: `clean` is of the same pictures untouched, `levels` mildest first.

    Losses are fractions of the pictures, not of the clean accuracy.
    """

    corruption: Corruption
    clean: StrengthScore
    levels: tuple[StrengthScore, ...]

    @property
    def losses(self) -> tuple[float, ...]:
        """By how much accuracy is lower at each strength."""
        return tuple(self.clean.accuracy.value - level.accuracy.value for level in self.levels)

    @property
    def mean_loss(self) -> float:
        """Their mean, by which corruptions are compared."""
        return sum(self.losses) / len(self.losses)

    @property
    def worst(self) -> StrengthScore:
        """Where accuracy is lowest."""
        return min(self.levels, key=lambda level: level.accuracy.value)

    @property
    def shown(self) -> bool:
        """Whether it is shown to cost accuracy: the lowest interval lies below the clean one."""
        return self.worst.accuracy.high < self.clean.accuracy.low

    @property
    def half(self) -> StrengthScore | None:
        """The mildest strength at which half of the greatest loss has come; None without a loss."""
        most = max(self.losses)
        if most <= 0:
            return None
        return self.levels[next(at for at, loss in enumerate(self.losses) if loss >= most / 2)]

    @property
    def hardest_class(self) -> int:
        """The class whose mean recall falls most; classes without images have none."""
        falls = [
            np.mean([clean.value - level.recalls[at].value for level in self.levels])
            for at, clean in enumerate(self.clean.recalls)
        ]
        return int(np.nanargmax(falls))

    def to_json(self, classes: Sequence[str]) -> dict[str, Any]:
        """The scores as JSON has them."""
        half = self.half
        return {
            "corruption": self.corruption.name,
            "unit": self.corruption.unit,
            "mean_loss": self.mean_loss,
            "shown": self.shown,
            "half_at": None if half is None else half.strength,
            "hardest_class": classes[self.hardest_class],
            "strengths": [level.to_json(classes) for level in self.levels],
        }


def _percent(score: Estimate) -> str:
    """`61.2 % (58.4 to 63.9)`."""
    return f"{100 * score.value:.1f} % ({100 * score.low:.1f} to {100 * score.high:.1f})"


def robustness_sentence(scores: Sequence[CorruptionScores]) -> str:
    """Which corruption costs most on average over its strengths, and where half of that has come.

    Strengths of two corruptions cannot be compared, so it is the most of what was tried.
    """
    hardest = max(scores, key=lambda of: of.mean_loss)
    clean = _percent(hardest.clean.accuracy)
    if not hardest.shown or (half := hardest.half) is None:
        return (
            f"none of the {len(scores)} corruptions is shown to cost it accuracy; untouched it is "
            f"right in {clean}"
        )
    describe, worst = hardest.corruption.describe, hardest.worst
    sentence = (
        f"{hardest.corruption.name} hurts it most of what was tried: {describe(half.strength)} "
        f"it is right in {_percent(half.accuracy)} where untouched it is in {clean}"
    )
    if half is worst:
        return f"{sentence}, its lowest; milder it loses less than half of that"
    return (
        f"{sentence}; by then half of the loss has come, {describe(worst.strength)} it is right in "
        f"{_percent(worst.accuracy)}"
    )
