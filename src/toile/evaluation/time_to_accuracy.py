"""How soon a training reaches target accuracies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reached:
    """The first epoch, counted from 1, at or above `accuracy`; None if no epoch was.

    `seconds` is the time from the start of training to the end of that epoch.
    """

    accuracy: float
    epoch: int | None
    seconds: float | None

    def to_json(self) -> dict[str, float | int | None]:
        """The three fields as JSON has them."""
        return {"accuracy": self.accuracy, "epoch": self.epoch, "seconds": self.seconds}


def convergence(
    epochs: Sequence[tuple[float, float]], targets: Iterable[float]
) -> tuple[Reached, ...]:
    """The epoch at which each target was first reached.

    `epochs` holds, first epoch first, the validation accuracy and the seconds since the start.
    A later epoch below the target changes nothing.
    """
    return tuple(_first(epochs, target) for target in targets)


def _first(epochs: Sequence[tuple[float, float]], target: float) -> Reached:
    for epoch, (accuracy, seconds) in enumerate(epochs, start=1):
        if accuracy >= target:
            return Reached(target, epoch, seconds)
    return Reached(target, None, None)
