"""A run in training: its events, and training to the end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from toile.data import Dataset, Split
from toile.recipe import Plan
from toile.runs.recorder import Recorder
from toile.runs.run import Run
from toile.training import Event, Fit, prepare_torch


@dataclass(eq=False)
class LiveRun:
    """A run in training: iterate it for the events, leave the loop to stop it.

    `notes` are sentences the user should read: what was done otherwise than asked. Events are
    those of `toile.training`: `Stepped`, `Interval`, `Epoch`, `Finished` and so on.

        >>> from toile.training import Epoch
        >>> live = toile.begin(recipe, epochs=2)
        >>> for event in live:
        ...     if isinstance(event, Epoch) and event.validation.accuracy > 0.1:
        ...         break  # leaving the loop stops it; toile.resume goes on to the same bits
        >>> live.run.status, event.epoch
        ('stopped', 1)
    """

    run: Run
    plan: Plan
    dataset: Dataset
    split: Split
    recorder: Recorder
    notes: list[str] = field(default_factory=list)

    @property
    def fit(self) -> Fit:
        """The network being fitted, its optimiser and position."""
        return self.recorder.fit

    def events(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Train, yielding each event after it is written down; `stop` is asked after each.

        Sets this process's number of torch threads to the recipe's.
        """
        prepare_torch(self.fit.recipe.training)
        return self.recorder.record(stop)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def finish(self) -> Run:
        """Train to the end; returns the run."""
        for _ in self:
            pass
        return self.run
