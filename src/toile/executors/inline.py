"""Tasks trained in this process, one after another."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

from toile.errors import ToileError
from toile.executors.executor import Task, TaskEvent
from toile.executors.train_task import cached_prepare, train_task


def refuse_more_workers(workers: int | None) -> None:
    """Raise ToileError where `workers` are asked for although this process trains alone."""
    if workers not in (None, 1):
        raise ToileError(
            f"workers is {workers}, and inline one process trains, one after another; leave "
            "workers out, or train on local"
        )


class Inline:
    """Trains while it is asked for events: no process is started, and nothing runs beside.

    For a debugger, for a network of seconds, and where one process alone may have the GPU. It is
    interrupted as the caller is. `is_over` says that a task, by its folder, is to stop.
    """

    slots = 1

    def __init__(self, is_over: Callable[[Path], bool] = lambda folder: False) -> None:
        self._is_over = is_over
        self._waiting: deque[Task] = deque()
        self._training: Iterator[TaskEvent] = iter(())

    def submit(self, task: Task) -> None:
        """Train `task` when those before it have ended."""
        self._waiting.append(task)

    def events(self, seconds: float) -> list[TaskEvent]:
        """Train until something has happened; without a task, wait so many seconds."""
        for event in self._training:
            return [event]
        if not self._waiting:
            time.sleep(seconds)
            return []
        task = self._waiting.popleft()
        self._training = train_task(task, self._prepare, partial(self._is_over, task.folder))
        return [next(self._training)]

    def __enter__(self) -> "Inline":
        from toile.runs import prepare_data

        self._prepare = cached_prepare(prepare_data)
        return self

    def __exit__(self, *error: object) -> None:
        self._waiting.clear()
        if isinstance(self._training, Generator):
            self._training.close()
