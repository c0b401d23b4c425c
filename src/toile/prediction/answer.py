"""Predictions of networks for a picture: the most probable classes, and the vote of several."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from toile.errors import ToileError
from toile.prediction.step import PreparationStep

UNSURE = 0.5


@dataclass(frozen=True)
class ClassProbability:
    """A class and its probability in [0, 1]."""

    class_name: str
    probability: float

    def to_json(self) -> dict[str, Any]:
        """The class and its probability as JSON."""
        return {"class": self.class_name, "probability": self.probability}


@dataclass(frozen=True)
class Prediction:
    """The prediction of one network for a picture: its most probable classes, sorted.

    If the network abstains, `top` is empty, and `abstained` says why. `steps` are those of the
    picture's preparation, if they were requested.

        >>> prediction = run.classifier().ask(images[0], always=True)
        >>> prediction.top[0].probability >= prediction.top[1].probability
        True
    """

    top: tuple[ClassProbability, ...]
    warnings: tuple[str, ...]
    abstained: tuple[str, ...] = ()
    steps: tuple[PreparationStep, ...] = ()


@dataclass(frozen=True)
class Vote:
    """The vote of several networks: `top` by the mean of their probabilities.

    `agree` networks predict its first class; `sentence` names the others.
    """

    top: tuple[ClassProbability, ...]
    agree: int
    sentence: str


def answer(
    probabilities: Float[np.ndarray, " k"],
    class_names: Sequence[str],
    num_top: int,
    warnings: Sequence[str] = (),
    doubts: Sequence[str] = (),
    always: bool = False,
) -> Prediction:
    """The `num_top` most probable classes, with a warning if none reaches one half.

    If there are `doubts`, no class is named; with `always` they become warnings.
    """
    if doubts and not always:
        return Prediction((), tuple(warnings), tuple(doubts))
    warnings = [*warnings, *doubts]
    top = top_classes(probabilities, class_names, num_top)
    if not top[0].probability >= UNSURE:
        warnings = [*warnings, "no class reaches 50 %"]
    return Prediction(top, tuple(warnings))


def top_classes(
    probabilities: Float[np.ndarray, " k"], class_names: Sequence[str], num_top: int
) -> tuple[ClassProbability, ...]:
    """The `num_top` most probable classes; equal ones are in the order of `class_names`."""
    if num_top < 1:
        raise ToileError(f"num_top is {num_top}; ask for 1 class or more")
    order = np.argsort(-probabilities, kind="stable")[:num_top]
    return tuple(
        ClassProbability(class_names[index], float(probabilities[index])) for index in order
    )


def vote(
    by_run: Mapping[str, Float[np.ndarray, " k"]], class_names: Sequence[str], num_top: int
) -> Vote:
    """The vote of the runs, by the mean of their probabilities."""
    top = top_classes(np.mean(list(by_run.values()), axis=0), class_names, num_top)
    first = {run: class_names[int(row.argmax())] for run, row in by_run.items()}
    agree = Counter(first.values())[top[0].class_name]
    if agree == len(first):
        return Vote(top, agree, f"all {agree} say {top[0].class_name}")
    dissenting = [
        f"{run} says {class_name}"
        for run, class_name in first.items()
        if class_name != top[0].class_name
    ]
    sentence = f"{agree} of {len(first)} say {top[0].class_name}; {'; '.join(dissenting)}"
    return Vote(top, agree, sentence)
