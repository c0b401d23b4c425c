"""Readings taken away from here: what a process on another machine runs, and what is sent to it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from toile.data import Dataset, load_data, split_data
from toile.errors import ToileError
from toile.executors.executor import Task, TaskEvent
from toile.executors.ray_cluster import RayCluster
from toile.executors.worker import SECONDS_BETWEEN_SHARES, live_run
from toile.files import disk_is_full
from toile.process import prepare_process
from toile.recipe import Data

if TYPE_CHECKING:
    from toile.runs import Prepared


@dataclass(frozen=True)
class Cluster:
    """What each reading has to itself on a Ray cluster: so many CPUs, such a share of a GPU."""

    cpus_per_reading: float = 1.0
    gpus_per_reading: float = 0.0

    def seats(self, most: int) -> RayCluster:
        """Where readings are taken, at most so many at once; 0 is as many as there is room for."""
        return RayCluster(
            TakeAfar, dataset_to_send, self.cpus_per_reading, self.gpus_per_reading, most
        )


def dataset_to_send(settings: Data) -> Dataset:
    """The data `settings` name. Of the test part only number and marks leave this machine."""
    dataset = load_data(settings)
    return replace(dataset, test=dataset.test.without_pixels())


class TakeAfar:
    """Takes readings, one after another, on data that was sent."""

    def __init__(self) -> None:
        prepare_process()
        # As in a worker beside the study: levels that vary the data come by turns.
        self._shelf = lru_cache(maxsize=2)(self._prepare)

    def __call__(
        self, task: Task, dataset: Dataset, stop: Callable[[], bool]
    ) -> Iterator[TaskEvent]:
        """Train the reading of `task` in its folder, or go on with it there."""
        self._dataset = dataset
        begun = False
        try:
            live = live_run(task.folder, task.recipe, self._shelf)
            yield TaskEvent(task.key, "started")
            begun = True
            yield from _shares(task, live.events(stop))
        except (ToileError, OSError) as error:
            if disk_is_full(error):
                yield TaskEvent(task.key, "no room", reason=str(error))
            elif begun or not isinstance(error, ToileError):
                raise
            else:
                yield TaskEvent(task.key, "refused", reason=str(error))
        else:
            yield TaskEvent(task.key, "done")

    def _prepare(self, settings: Data) -> "Prepared":
        # Here, since what imports this module is not to load torch.
        from toile.runs import Prepared

        return Prepared(settings, self._dataset, split_data(self._dataset.train, settings))


def _shares(task: Task, events: Iterator[object]) -> Iterator[TaskEvent]:
    """How far a training is, now and then."""
    from toile.training import Stepped

    said = time.monotonic()
    for event in events:
        if isinstance(event, Stepped) and time.monotonic() - said > SECONDS_BETWEEN_SHARES:
            yield TaskEvent(task.key, "advanced", event.step / event.steps)
            said = time.monotonic()
