"""A process that trains tasks: `python -m toile.executors.worker`.

Each line of its input is a task, `{"key", "folder", "recipe"}`; each line of its output an event,
as `toile.executors.TaskEvent` has it. When its input ends it stops with a checkpoint and leaves,
and so it does when the process that started it was killed.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from toile.executors.executor import Task, TaskEvent
from toile.executors.train_task import cached_prepare, train_task
from toile.process import prepare_process


class ReplyStream:
    """Events written as lines, into which nothing that a library prints is mixed."""

    def __init__(self) -> None:
        self._handle = os.dup(1)
        os.dup2(2, 1)

    def tell(self, event: TaskEvent) -> None:
        """Send one event. If no process reads it any more, the tasks will soon end too."""
        with suppress(BrokenPipeError):
            os.write(self._handle, (json.dumps(asdict(event)) + "\n").encode())


class Tasks:
    """The tasks, read by a thread of its own, so that their end is noticed while training."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._queue: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Task | None:
        """The next task; None at the end."""
        task = self._queue.get()
        return None if self.ended.is_set() else task

    def _read(self) -> None:
        # Unbuffered: a thread inside a buffered read is fatal to a process that ends meanwhile.
        with open(0, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                fields = json.loads(line)
                self._queue.put(Task(fields["key"], Path(fields["folder"]), fields["recipe"]))
        self.ended.set()
        self._queue.put(None)


def main(is_over: Callable[[Path], bool] = lambda folder: False) -> None:
    """Train tasks until the input ends; `is_over` says that one, by its folder, is to stop."""
    prepare_process()
    line, tasks = ReplyStream(), Tasks()
    from toile.runs import prepare_data

    prepare = cached_prepare(prepare_data)
    while (task := tasks.next()) is not None:
        stop = partial(_is_to_stop, tasks, partial(is_over, task.folder))
        for event in train_task(task, prepare, stop):
            line.tell(event)
            if event.kind == "no room":
                # The run's state may still say that this process trains it, so it has to go.
                sys.exit(1)


def _is_to_stop(tasks: Tasks, is_over: Callable[[], bool]) -> bool:
    return tasks.ended.is_set() or is_over()


if __name__ == "__main__":
    main()
