"""What `evaluate_robustness` finds: scores on harder, attacked and foreign pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toile.errors import ToileError
from toile.evaluation import CorruptionScores, Estimate, StrengthScore, robustness_sentence
from toile.files import write_json
from toile.prediction import Cost
from toile.runs import ROBUSTNESS, Run, refuse_training, seen_words


@dataclass(frozen=True)
class AttackScore:
    """Accuracy after the attack `method`, which changes no pixel by more than `eps` of 255."""

    method: str
    eps: int
    accuracy: Estimate


@dataclass(frozen=True)
class NoClassScore:
    """How many pictures of `kind`, which are of no class, get a prediction.

    `sure` is the median confidence of these predictions; None if there are none.
    """

    kind: str
    answered: Estimate
    sure: float | None


@dataclass(frozen=True, eq=False)
class Robustness:
    """The result of `evaluate_robustness`; `clean` is the score of the unchanged images.

    `weights` are the measured weights, `weights_sha256` identifies them. Attacks are on some of the
    images, whose accuracy without attack is `attacked_clean`. `cost` is how many genuine images get
    no prediction from `toile predict`; None if validation is too small for bounds. `left_out` says
    what could not be measured, and `values` has the logits.

        >>> found = toile.evaluate_robustness(run, attacks=False)
        >>> [scores.corruption.name for scores in found.corruptions][:3]
        ['shift', 'rotate', 'scale']
        >>> found.clean.accuracy.value == run.score.value
        True
    """

    run: Run
    of: str
    weights: str
    weights_sha256: str
    seed: int
    clean: StrengthScore
    corruptions: tuple[CorruptionScores, ...]
    attacked_clean: Estimate | None
    attacks: tuple[AttackScore, ...]
    no_class: tuple[NoClassScore, ...]
    cost: Cost | None
    left_out: tuple[str, ...]
    values: dict[str, np.ndarray]

    @property
    def sentence(self) -> str:
        """Which corruption lowers accuracy most, with intervals."""
        return robustness_sentence(self.corruptions)

    @property
    def attacked(self) -> dict[str, list[tuple[int, Estimate]]]:
        """For each attack pairs (eps of 255, accuracy), the smallest eps first."""
        methods: dict[str, list[tuple[int, Estimate]]] = {}
        for score in self.attacks:
            methods.setdefault(score.method, []).append((score.eps, score.accuracy))
        return methods

    @property
    def seen(self) -> str:
        """The warning for the scores if the network may have been trained on these images."""
        return seen_words(self.run.recipe)

    def save(self) -> Path:
        """Save the scores in the run's folder, for its page and its model card.

        Raises ToileError while the run is trained, if its weights are no longer the measured ones,
        and if its folder cannot be written.
        """
        refuse_training(self.run.folder)
        if self.run.weights_sha256(self.weights) != self.weights_sha256:
            raise ToileError(
                f"the {self.weights} weights of {self.run.id} are no longer those that were "
                "measured; measure again"
            )
        path = self.run.folder / ROBUSTNESS
        write_json(path, self.to_json() | {"run": self.run.id})
        return path

    def to_json(self) -> dict[str, Any]:
        """The scores as JSON has them."""
        names = self.run.data.class_names
        return {
            "run": str(self.run.folder),
            "of": self.of,
            "weights": self.weights,
            "weights_sha256": self.weights_sha256,
            "seed": self.seed,
            "seen": self.seen or None,
            "sentence": self.sentence,
            "clean": self.clean.to_json(names),
            "corruptions": [scores.to_json(names) for scores in self.corruptions],
            "attacks": {
                "clean": self.attacked_clean and self.attacked_clean.to_json(),
                "scores": [
                    {
                        "method": score.method,
                        "eps": score.eps,
                        "accuracy": score.accuracy.to_json(),
                    }
                    for score in self.attacks
                ],
            },
            "no_class": [
                {"kind": score.kind, "answered": score.answered.to_json(), "sure": score.sure}
                for score in self.no_class
            ],
            "abstention": self.cost and vars(self.cost),
            "left_out": list(self.left_out),
        }
