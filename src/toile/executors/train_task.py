"""One task trained in this process: its run begun or gone on with, and what becomes of it."""

import shutil
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from toile.errors import ToileError
from toile.executors.executor import Task, TaskEvent
from toile.files import disk_is_full

if TYPE_CHECKING:
    from toile.recipe import Data
    from toile.runs import LiveRun, PreparedData

    Prepare = Callable[[Data], PreparedData]

SECONDS_BETWEEN_EVENTS = 0.25


def cached_prepare(prepare: "Prepare") -> "Prepare":
    """`prepare`, whose last two results are kept: levels that vary the data come by turns.

    No more, since each has its copy of the images.
    """
    return lru_cache(maxsize=2)(prepare)


def train_task(
    task: Task, prepare: "Prepare", stop: Callable[[], bool] = lambda: False
) -> Iterator[TaskEvent]:
    """Train `task` in its folder, or go on with it there, on the data that `prepare` gives.

    Where `stop` says so, or this is closed, it stops with a checkpoint. What cannot begin for what
    a user can put right is refused, and a full disk is `no room`; all else that fails is raised.
    """
    try:
        try:
            live = _live_run(task.folder, task.recipe, prepare)
        except ToileError as error:
            if disk_is_full(error):
                raise
            yield TaskEvent(task.key, "refused", reason=str(error))
            return
        yield TaskEvent(task.key, "started")
        yield from _advances(task.key, live, stop)
    except (ToileError, OSError) as error:
        if not disk_is_full(error):
            raise
        yield TaskEvent(task.key, "no room", reason=str(error))
        return
    yield TaskEvent(task.key, "done")


def _live_run(folder: Path, recipe: str, prepare: "Prepare") -> "LiveRun":
    """The run in `folder`, to go on with or to begin."""
    # Here, since they load torch, which a refused study is not to wait for.
    from toile.recipe import read_recipe_text
    from toile.runs import Run, begin_prepared, resume_prepared

    if (folder / "state.json").exists():
        run = Run(folder)
        return resume_prepared(run, prepare(run.recipe.data))
    # The state is written last: without it there is at most a part of a beginning.
    if folder.exists():
        shutil.rmtree(folder)
    settings = read_recipe_text(recipe, "the reading's recipe")
    return begin_prepared(settings, prepare(settings.data), folder)


def _advances(key: str, live: "LiveRun", stop: Callable[[], bool]) -> Iterator[TaskEvent]:
    """How far the training is: at each epoch, and now and then."""
    from toile.training import Epoch, Stepped

    reported_at = time.monotonic()
    for event in live.events(stop):
        is_late = time.monotonic() - reported_at > SECONDS_BETWEEN_EVENTS
        if isinstance(event, Epoch) or (isinstance(event, Stepped) and is_late):
            yield TaskEvent(key, "advanced", fraction=event.step / live.fit.steps)
            reported_at = time.monotonic()
