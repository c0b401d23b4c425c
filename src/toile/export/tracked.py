"""The data of a run for other trackers, TensorBoard and MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from matplotlib.figure import Figure

from toile.evaluation import Estimate


@dataclass(frozen=True)
class Point:
    """A curve's value at the end of `epoch`, `seconds` after the first step."""

    epoch: int
    seconds: float
    value: float


@dataclass(frozen=True, eq=False)
class TrackedRun:
    """Settings by address, curves and figures by name, and scores with their intervals.

    `meaning` says in a sentence what the scores mean, as on the run's page.
    """

    name: str
    begun: datetime
    settings: Mapping[str, str]
    curves: Mapping[str, tuple[Point, ...]]
    scores: Mapping[str, Estimate]
    figures: Mapping[str, Figure]
    meaning: str

    @property
    def final_values(self) -> dict[str, float]:
        """Each score, the ends of its interval, and its number of images, by name."""
        return {
            f"{name}{ending}": float(value)
            for name, score in self.scores.items()
            for ending, value in (
                ("", score.value),
                ("_low", score.low),
                ("_high", score.high),
                ("_n", score.n),
            )
        }
