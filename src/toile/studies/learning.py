"""How a study's readings learnt, epoch by epoch, and how soon they reached an accuracy."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toile.evaluation import Reached, convergence
from toile.read_once import ReadOnce
from toile.runs import TARGETS, Run
from toile.studies.result import Reading, StudyResult

MOST_TARGETS = 4
LADDER = (0.1, 0.2, 0.3, 0.4, *TARGETS)
"""Accuracies that a report picks from, lower than a run's own: a hundred classes begin low."""


@dataclass(frozen=True)
class LearningCurve:
    """One reading's accuracy on all validation images after each epoch; NaN where it had none.

    `seconds` are those of training and scoring since its start, `best` the epoch kept as the best.
    """

    number: int
    diverged: bool
    accuracies: tuple[float, ...]
    seconds: tuple[float, ...]
    best: int

    @property
    def last_gain(self) -> float | None:
        """What the last epoch added; None of a training of one epoch."""
        return None if len(self.accuracies) < 2 else self.accuracies[-1] - self.accuracies[-2]

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {**vars(self), "accuracies": list(self.accuracies), "seconds": list(self.seconds)}

    def reached(self, accuracy: float) -> Reached:
        """When it first was as good; a training that diverged counts as one that never was."""
        epochs = () if self.diverged else tuple(zip(self.accuracies, self.seconds, strict=True))
        return convergence(epochs, [accuracy])[0]


Curves = Mapping[str, tuple[LearningCurve, ...]]
"""By level, those of its readings that finished or diverged."""
_CURVES: ReadOnce[LearningCurve | None] = ReadOnce(5_000)


@dataclass(frozen=True)
class LevelReached:
    """How soon the readings of a level reached `accuracy`.

    `epochs` and `seconds` are medians over all `readings`, those that never did counted as later
    than any; None where the median is one of them.
    """

    accuracy: float
    level: str
    readings: int
    reached: int
    epochs: float | None
    seconds: float | None

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return dict(vars(self))


def learning_curves(result: StudyResult) -> Curves:
    """The learning curves of each level's readings, levels in the study's order."""
    curves: dict[str, list[LearningCurve]] = {level.name: [] for level in result.levels}
    for reading in result.readings:
        if reading.status not in ("finished", "diverged"):
            continue
        if curve := _curve_of(reading):
            curves[reading.level].append(curve)
    return {level: tuple(of_level) for level, of_level in curves.items() if of_level}


def _curve_of(reading: Reading) -> LearningCurve | None:
    """The reading's learning curve; None where no epoch was scored."""

    def read() -> LearningCurve | None:
        epochs = Run(reading.folder).history.epochs
        if not epochs:
            return None
        return LearningCurve(
            reading.number,
            reading.status == "diverged",
            tuple(_number(record["validation"]["accuracy"]) for record in epochs),
            tuple(record["total_seconds"] for record in epochs),
            max((record["epoch"] for record in epochs if record["best"]), default=len(epochs)),
        )

    file = str(reading.folder / "history.jsonl")
    return _CURVES.of((file,), read, (reading.number, reading.status))


def reached_by_level(curves: Curves, reach: Sequence[float] = ()) -> tuple[LevelReached, ...]:
    """How soon each level reached each of `reach`, the lowest first; chosen here where it is empty.

    Chosen are at most four that some reading reached, the ends among them.
    """
    targets = sorted(reach) or _telling(curves)
    return tuple(
        _level_reached(level, of_level, target)
        for target in targets
        for level, of_level in curves.items()
    )


def _level_reached(level: str, curves: Sequence[LearningCurve], accuracy: float) -> LevelReached:
    arrivals = [curve.reached(accuracy) for curve in curves]
    return LevelReached(
        accuracy,
        level,
        len(arrivals),
        sum(arrival.epoch is not None for arrival in arrivals),
        _median(arrival.epoch for arrival in arrivals),
        _median(arrival.seconds for arrival in arrivals),
    )


def _median(values: Iterable[float | None]) -> float | None:
    middle = float(np.median([math.inf if value is None else value for value in values]))
    return middle if math.isfinite(middle) else None


def _telling(curves: Curves) -> list[float]:
    """Accuracies by which the readings differ, or where they do not the highest that all had."""
    all_curves = [curve for of_level in curves.values() for curve in of_level]
    epochs = {target: [curve.reached(target).epoch for curve in all_curves] for target in LADDER}
    reached = [target for target, epochs_reached in epochs.items() if any(epochs_reached)]
    # An accuracy that all had after the first epoch tells none apart.
    telling = [target for target in reached if set(epochs[target]) != {1}] or reached[-1:]
    if len(telling) <= MOST_TARGETS:
        return telling
    indices = np.linspace(0, len(telling) - 1, MOST_TARGETS).round()
    return [telling[int(index)] for index in indices]


def _number(accuracy: float | None) -> float:
    return math.nan if accuracy is None else accuracy
