"""A process that trains tasks: `python -m toile.executors.worker`.

Each line of its input is a task, `{"key", "folder", "recipe"}`; each line of its output an event,
as `toile.executors.TaskEvent` has it. When its input ends it stops with a checkpoint and leaves,
and so it does when the process that started it was killed.
"""

import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toile.errors import ToileError
from toile.files import disk_is_full
from toile.process import prepare_process

if TYPE_CHECKING:
    from toile.recipe import Data
    from toile.runs import LiveRun, Prepared

    Shelf = Callable[[Data], Prepared]

SECONDS_BETWEEN_SHARES = 0.25


class Line:
    """The way back: events as lines, of which nothing that a library prints becomes a part."""

    def __init__(self) -> None:
        self._handle = os.dup(1)
        os.dup2(2, 1)

    def say(self, key: str, kind: str, **more: Any) -> None:
        """Send one event. Where nobody is left to read it, the tasks will soon end too."""
        with suppress(BrokenPipeError):
            os.write(self._handle, (json.dumps({"key": key, "kind": kind, **more}) + "\n").encode())


class Jobs:
    """What is to be done, read by a thread of its own so that the end is noticed while training."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._queue: queue.SimpleQueue[dict[str, str] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def take(self) -> dict[str, str] | None:
        """The next task; None at the end."""
        task = self._queue.get()
        return None if self.ended.is_set() else task

    def _read(self) -> None:
        # Unbuffered: a thread inside a buffered read is fatal to a process that ends meanwhile.
        with open(0, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                self._queue.put(json.loads(line))
        self.ended.set()
        self._queue.put(None)


def main(is_over: Callable[[Path], bool] = lambda folder: False) -> None:
    """Take readings until the input ends; `is_over` says that one, by its folder, is to stop."""
    prepare_process()
    line, tasks = Line(), Jobs()
    from toile.runs import prepare_data

    # Levels that vary the data come by turns, and each has its copy of the images.
    shelf = lru_cache(maxsize=2)(prepare_data)
    while (task := tasks.take()) is not None:
        over = partial(is_over, Path(task["folder"]))
        _work(task, shelf, line, partial(_is_to_stop, tasks, over))


def _is_to_stop(tasks: Jobs, over: Callable[[], bool]) -> bool:
    return tasks.ended.is_set() or over()


def _work(task: dict[str, str], shelf: "Shelf", line: Line, stop: Callable[[], bool]) -> None:
    """Take one reading. Ends the process where training fails: another goes on from there."""
    key = task["key"]
    try:
        try:
            live = live_run(Path(task["folder"]), task["recipe"], shelf)
        except ToileError as error:
            if disk_is_full(error):
                raise
            line.say(key, "refused", reason=str(error))
            return
        line.say(key, "started")
        _train(live, key, line, stop)
    except (ToileError, OSError) as error:
        if not disk_is_full(error):
            raise
        # The run's state may still say that this process trains it, so the process has to go.
        line.say(key, "no room", reason=str(error))
        sys.exit(1)
    line.say(key, "done")


def live_run(folder: Path, recipe: str, shelf: "Shelf") -> "LiveRun":
    """The run in `folder`, to go on with or to begin."""
    from toile.recipe import read_value, recipe_of
    from toile.runs import Run, begin_prepared, go_on

    if (folder / "state.json").exists():
        run = Run(folder)
        return go_on(run, prepared=shelf(run.recipe.data))
    # The state is written last: without it there is at most a part of a beginning.
    if folder.exists():
        shutil.rmtree(folder)
    asked = recipe_of(read_value(recipe, "the reading's recipe"))
    return begin_prepared(asked, shelf(asked.data), folder)


def _train(live: "LiveRun", key: str, line: Line, stop: Callable[[], bool]) -> None:
    from toile.training import Stepped

    said = time.monotonic()
    for event in live.events(stop):
        if isinstance(event, Stepped) and time.monotonic() - said > SECONDS_BETWEEN_SHARES:
            line.say(key, "advanced", fraction=event.step / event.steps)
            said = time.monotonic()


if __name__ == "__main__":
    main()
