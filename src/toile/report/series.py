"""A run's records as points to draw. A value that was not finite is a gap in the line."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from toile.runs import History

Measure = Literal["loss", "accuracy"]


@dataclass(frozen=True)
class Series:
    """Points over training time, `x` in epochs; NaN in `y` where the record has null."""

    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]

    @property
    def current(self) -> float | None:
        """The last value, or None if it is not finite or there is none."""
        return float(self.y[-1]) if len(self.y) and np.isfinite(self.y[-1]) else None


def step_series(history: History, measure: Measure) -> Series:
    """Training by steps; `x` counts steps until the first epoch has ended, then epochs."""
    # Steps are numbered through the run, so the first epoch's last step is the epoch's length.
    length = history.epochs[0]["step"] if history.epochs else 1
    return _series([(step["step"] / length, step[measure]) for step in history.steps])


def training_series(history: History, measure: Measure) -> Series:
    """Each epoch's mean over its training batches, placed at the middle of the epoch."""
    return _series(
        [(record["epoch"] - 0.5, record["training"][measure]) for record in history.epochs]
    )


def validation_series(history: History, measure: Measure) -> Series:
    """The validation score at the end of each epoch."""
    return _series(
        [(float(record["epoch"]), record["validation"][measure]) for record in history.epochs]
    )


def is_scored(history: History) -> bool:
    """Whether any epoch has a validation score; none has if no images are held out."""
    return any(record["validation"]["accuracy"] is not None for record in history.epochs)


def best_epoch(history: History) -> int | None:
    """The epoch whose weights are kept as the best so far; None before the first has ended."""
    return max((record["epoch"] for record in history.epochs if record["best"]), default=None)


def _series(points: list[tuple[float, float | None]]) -> Series:
    # float64 turns None into NaN; the reshape gives an empty list its two columns.
    table = np.array(points, np.float64).reshape(-1, 2)
    return Series(table[:, 0], table[:, 1])
