"""Readings on other machines: what a process there runs, and what is sent to it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toile.data import Dataset, MappedPixels, load_data, split_data
from toile.errors import ToileError
from toile.executors.executor import Task, TaskEvent
from toile.executors.ray_cluster import RayCluster
from toile.executors.train_task import cached_prepare, train_task
from toile.process import prepare_process
from toile.recipe import Data

if TYPE_CHECKING:
    from toile.runs import PreparedData


@dataclass(frozen=True)
class Cluster:
    """What each reading has to itself on a Ray cluster: so many CPUs, such a fraction of a GPU."""

    cpus_per_reading: float = 1.0
    gpus_per_reading: float = 0.0

    def __call__(self, workers: int, pass_fds: Sequence[int] = ()) -> RayCluster:
        """Where readings are taken, by at most so many workers; 0 is as many as there is room for.

        Nothing is kept open there: a cluster's processes outlive whoever asked them.
        """
        return RayCluster(
            RayTrainer, dataset_to_send, self.cpus_per_reading, self.gpus_per_reading, workers
        )


def dataset_to_send(settings: Data) -> Dataset:
    """The data `settings` name. Of the test part only number and hashes leave this machine."""
    dataset = load_data(settings)
    if isinstance(dataset.train.pixels, MappedPixels):
        raise ToileError(
            f"{settings.name} has {dataset.train.pixels.nbytes} bytes of pixels to train on, more "
            "than a quarter of the memory here, and each node of a cluster holds a copy; train on "
            "this machine, without --on ray, where they are read from a file"
        )
    return replace(dataset, test=dataset.test.without_pixels())


class RayTrainer:
    """Trains readings, one after another, on data that was sent."""

    def __init__(self) -> None:
        prepare_process()
        self._cached_prepare = cached_prepare(self._prepare)

    def __call__(
        self, task: Task, dataset: Dataset, stop: Callable[[], bool]
    ) -> Iterator[TaskEvent]:
        """Train `task` in its folder, or go on with it there."""
        self._dataset = dataset
        return train_task(task, self._cached_prepare, stop)

    def _prepare(self, settings: Data) -> "PreparedData":
        # Here, since what imports this module is not to load torch.
        from toile.runs import PreparedData

        return PreparedData(settings, self._dataset, split_data(self._dataset.train, settings))
