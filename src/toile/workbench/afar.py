"""Readings taken away from here: what a process on another machine runs, and what is sent to it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from toile.data import Dataset, load_data, split_data
from toile.errors import ToileError
from toile.files import disk_is_full
from toile.process import prepare_process
from toile.recipe import Data
from toile.studies.executor import Answer, Job
from toile.studies.ray_cluster import RayCluster
from toile.workbench.worker import SECONDS_BETWEEN_SHARES, live_run

if TYPE_CHECKING:
    from toile.workbench.prepared import Prepared


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

    def __call__(self, job: Job, dataset: Dataset, stop: Callable[[], bool]) -> Iterator[Answer]:
        """Train the reading of `job` in its folder, or go on with it there."""
        self._dataset = dataset
        begun = False
        try:
            live = live_run(job.folder, job.recipe, self._shelf)
            yield Answer(job.key, "begun")
            begun = True
            yield from _shares(job, live.events(stop))
        except (ToileError, OSError) as error:
            if disk_is_full(error):
                yield Answer(job.key, "no room", text=str(error))
            elif begun or not isinstance(error, ToileError):
                raise
            else:
                yield Answer(job.key, "refused", text=str(error))
        else:
            yield Answer(job.key, "done")

    def _prepare(self, settings: Data) -> "Prepared":
        # Here, since what imports this module is not to load torch.
        from toile.workbench.prepared import Prepared

        return Prepared(settings, self._dataset, split_data(self._dataset.train, settings))


def _shares(job: Job, events: Iterator[object]) -> Iterator[Answer]:
    """How far a training is, now and then."""
    from toile.training import Stepped

    said = time.monotonic()
    for event in events:
        if isinstance(event, Stepped) and time.monotonic() - said > SECONDS_BETWEEN_SHARES:
            yield Answer(job.key, "share", event.step / event.steps)
            said = time.monotonic()
