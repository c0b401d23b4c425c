"""Training from Python, step by step or to the end, in a process that is set up for it.

The rooms below set nothing up: they are called by workers too, which do that themselves.
"""

import os
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toile.data import DataSource, Progress, no_progress
from toile.process import first_interrupt_asks, prepare_process
from toile.recipe import NO_SETTINGS, Recipe
from toile.runs import (
    CHECKPOINT_SECONDS,
    Run,
    data_settings,
    open_run,
    prepare_data,
    refuse_to_repeat,
    requested_recipe,
)

if TYPE_CHECKING:
    from toile.runs import LiveRun
    from toile.training import Event


def begin(
    recipe: str | Path | Recipe,
    *,
    data: DataSource | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    out: str | Path | None = None,
    start: str | Path | None = None,
    allow_seen: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: Progress = no_progress,
) -> "LiveRun":
    """A new run of `recipe` (a preset's name, a file or a Recipe), ready to train.

    `data`, `seed` and `epochs` replace the recipe's, `settings` others by their addresses; `out`
    names the run's folder; `start` is a run to take the first weights from, which `allow_seen` may
    have been trained on images that this one is scored on. It sets this process up as `train` does.
    Raises ToileError for anything a user can put right.

        >>> live = toile.begin(recipe, data="fashion-sample", epochs=1)
        >>> for event in live:  # a step, an epoch, the end
        ...     pass
        >>> live.run.results.state
        'finished'
    """
    spins = _prepare_process()
    requested = requested_recipe(
        recipe,
        data=data,
        seed=seed,
        epochs=epochs,
        settings=settings,
        start=start,
        allow_seen=allow_seen,
    )
    live = _begin(requested, out, checkpoint_seconds, progress)
    _warn_of_spinning(live, spins)
    return live


def go_on(
    run: str | Path | Run,
    *,
    epochs: int | None = None,
    data: DataSource | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: Progress = no_progress,
) -> "LiveRun":
    """A stopped, interrupted or failed run, ready to go on exactly where its checkpoint stands.

    With `epochs` any run goes on to that many in all. The recipe then remembers at which step it
    was asked (`training.extended`), since a schedule that falls towards the end falls anew towards
    the new one. `data` is where its images lie now, if no longer where they were. It sets this
    process up as `train` does. Raises ToileError where the run is running or has nothing left to
    do, or where its data is no longer the same.

        >>> live = toile.go_on(run, epochs=2)
        >>> for event in live:
        ...     pass
        >>> live.run.results.epochs
        2
    """
    spins = _prepare_process()
    live = _go_on(run, epochs, data, checkpoint_seconds, progress)
    _warn_of_spinning(live, spins)
    return live


def train(
    recipe: str | Path | Recipe,
    data: DataSource | None = None,
    *,
    seed: int | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    out: str | Path | None = None,
    start: str | Path | None = None,
    allow_seen: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: bool = False,
) -> Run:
    """Train `recipe` to its end and return the run; the arguments are those of `begin`.

    With `progress=True` it shows what `toile train` does: notes, a line an epoch, and a bar; in a
    notebook a bar where ipywidgets is installed. Ctrl-C, or a notebook's stop button, stops it at
    the next step: the run is then `stopped`, `resume` goes on with it to the same bits, and
    KeyboardInterrupt is raised.

        >>> run = toile.train("s1-lab", data, epochs=1, settings={"network.conv1.filters": 2})
        >>> run.score.n
        1200

    The first training sets this process up as the command line does: the system's allocator keeps
    large blocks, and threads wait without spinning. The latter torch reads when it is loaded, so
    where torch was imported before and trains with several threads, set OMP_WAIT_POLICY=PASSIVE in
    the environment before Python starts; a warning says so.
    """
    spins = _prepare_process()
    requested = requested_recipe(
        recipe,
        data=data,
        seed=seed,
        epochs=epochs,
        settings=settings,
        start=start,
        allow_seen=allow_seen,
    )
    return _finish(lambda tell: _begin(requested, out, checkpoint_seconds, tell), progress, spins)


def resume(
    run: str | Path | Run,
    *,
    epochs: int | None = None,
    data: DataSource | None = None,
    progress: bool = False,
) -> Run:
    """Go on with `run` to its end and return it, shown and stopped as in `train`.

    `data` is where its images lie now, if no longer where they were; a run of arrays whose copy is
    gone from the cache is given them again, as a dataset.

        >>> run = toile.train("s1-lab", data, epochs=1, settings={"network.conv1.filters": 2})
        >>> toile.resume(run, epochs=2).results.epochs
        2
    """
    spins = _prepare_process()
    return _finish(
        lambda tell: _go_on(run, epochs, data, CHECKPOINT_SECONDS, tell), progress, spins
    )


def _begin(
    requested: Recipe, out: str | Path | None, checkpoint_seconds: float, progress: Progress
) -> "LiveRun":
    prepared = prepare_data(requested.data, progress)
    # Here, since it loads torch, which a refused recipe is not to wait for.
    from toile.runs import begin_prepared

    return begin_prepared(
        requested, prepared, None if out is None else Path(out), checkpoint_seconds
    )


def _go_on(
    run: str | Path | Run,
    epochs: int | None,
    data: DataSource | None,
    checkpoint_seconds: float,
    progress: Progress,
) -> "LiveRun":
    run = open_run(run)
    refuse_to_repeat(run, epochs)
    prepared = prepare_data(data_settings(run, data), progress)
    from toile.runs import resume_prepared

    return resume_prepared(run, prepared, epochs, checkpoint_seconds)


def _prepare_process() -> bool:
    """Set this process up; whether its threads will spin, as torch was loaded before that."""
    spins = "torch" in sys.modules and "OMP_WAIT_POLICY" not in os.environ
    for note in prepare_process():
        warnings.warn(note, stacklevel=3)
    return spins


def _warn_of_spinning(live: "LiveRun", spins: bool, stacklevel: int = 3) -> None:
    if spins and live.fit.recipe.training.threads != 1:
        warnings.warn(
            "torch was imported before the first training of this process, so its threads spin "
            "while they wait, which on cores that others use is far slower; set "
            "OMP_WAIT_POLICY=PASSIVE in the environment before Python starts",
            stacklevel=stacklevel,
        )


def _finish(make: Callable[[Progress], "LiveRun"], progress: bool, spins: bool) -> Run:
    live = _begun(make) if progress else make(no_progress)
    _warn_of_spinning(live, spins, stacklevel=4)
    try:
        with first_interrupt_asks() as stop_requested:
            events = live.events(stop=stop_requested)
            if progress:
                _watch(live, events)
            else:
                deque(events, maxlen=0)
    except KeyboardInterrupt as stop:
        name = live.run.name
        stop.add_note(f"{name} is stopped; toile.resume({name!r}) goes on with it")
        raise
    return live.run


# What draws takes a moment to import, and nobody else needs it.
def _begun(make: Callable[[Progress], "LiveRun"]) -> "LiveRun":
    from toile.cli.progress import data_progress

    with data_progress() as tell:
        return make(tell)


def _watch(live: "LiveRun", events: Iterator["Event"]) -> None:
    from toile.cli.watch import Watch

    watch = Watch(live.fit.recipe.training.epochs)
    watch.introduce(live)
    with watch:
        for event in events:
            watch.show(event)
