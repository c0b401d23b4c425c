"""Training to the end from Python, shown on request: `toile.train` and `toile.resume`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toile.data import DataSource, Progress, no_progress
from toile.recipe import NO_SETTINGS, Recipe
from toile.runs import CHECKPOINT_SECONDS, LiveRun, Run, begin, go_on


def train(
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
    progress: bool = False,
) -> Run:
    """Train `recipe` to its end and return the run; the arguments are those of `begin`.

    With `progress=True` it shows a line an epoch, in a terminal or a notebook, and a bar: in a
    notebook where ipywidgets is installed.
    """

    def make(tell: Progress) -> LiveRun:
        return begin(
            recipe,
            data=data,
            seed=seed,
            epochs=epochs,
            settings=settings,
            out=out,
            start=start,
            allow_seen=allow_seen,
            checkpoint_seconds=checkpoint_seconds,
            progress=tell,
        )

    return _finish(make, progress)


def resume(
    run: str | Path | Run,
    *,
    epochs: int | None = None,
    data: DataSource | None = None,
    progress: bool = False,
) -> Run:
    """Go on with `run` to its end and return it, shown as `train` shows it.

    `data` is where its images lie now, if no longer where they were.
    """
    return _finish(lambda tell: go_on(run, epochs=epochs, data=data, progress=tell), progress)


def _finish(make: Callable[[Progress], LiveRun], progress: bool) -> Run:
    if not progress:
        return make(no_progress).finish()
    # What draws takes a moment to import, and nobody else needs it.
    from toile.cli.progress import data_progress
    from toile.cli.watch import Watch

    with data_progress() as tell:
        live = make(tell)
    with Watch(live.fit.recipe.training.epochs) as watch:
        for event in live:
            watch.show(event)
    return live.run
