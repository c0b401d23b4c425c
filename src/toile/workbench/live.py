"""Training a recipe as a run: begun anew, or gone on with."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from toile.data import (
    Dataset,
    PixelStatistics,
    Split,
    known_shape,
    load_data,
    pixel_statistics,
    split_data,
)
from toile.errors import ToileError
from toile.recipe import Plan, Recipe, Start, plan_network, read_recipe, recipe_text, with_settings
from toile.runs import (
    Run,
    create_run,
    differences,
    environment,
    load_arrays,
    open_run,
    read_state,
    write_whole,
)
from toile.runs.recorder import CHECKPOINT_SECONDS, Recorder
from toile.training import Event, Fit, fill_start, prepare_torch, resolve
from toile.training import begin as begin_fit

Progress = Callable[[int, int | None, str], None]


@dataclass(eq=False)
class LiveRun:
    """A run in training: iterate it for the events, leave the loop to stop it.

    `notes` are sentences the user should read: what was done otherwise than asked.
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
        """Train, yielding events once they are remembered; `stop` is asked after each."""
        return self.recorder.record(stop)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def finish(self) -> Run:
        """Train to the end; returns the run."""
        for _ in self:
            pass
        return self.run


def begin(
    recipe: str | Path | Recipe,
    *,
    data: str | Path | None = None,
    seed: int | None = None,
    settings: Sequence[str] = (),
    out: str | Path | None = None,
    start: str | Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: Progress = lambda done, total, what: None,
) -> LiveRun:
    """A new run of `recipe` (a preset's name, a file or a Recipe), ready to train.

    `data` and `seed` replace the recipe's; `settings` are `address=value` texts; `out` names the
    run's folder; `start` is a run to take the first weights from. Sets this process's number of
    torch threads to the recipe's. Raises ToileError for anything a user can put right.
    """
    recipe = _asked(recipe, data, seed, settings, start)
    dataset = load_data(recipe.data, progress=progress)
    split = split_data(dataset.train, recipe.data)
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    recipe = resolve(_with_data_resolved(recipe, dataset, split), plan)
    weights = None
    if recipe.training.start is not None:
        weights, filled = _start_weights(recipe.training.start, plan)
        recipe = recipe.model_copy(
            update={"training": recipe.training.model_copy(update={"start": filled})}
        )
    # Over the training images alone: validation must not leak into the scale.
    statistics = pixel_statistics(split.train)
    prepare_torch(recipe.training)
    fit = begin_fit(recipe, plan, split, statistics, weights)
    facts = _data_facts(dataset, split, statistics, recipe)
    run = create_run(recipe, plan, facts, None if out is None else Path(out))
    recorder = Recorder(run, fit, plan, split.validation_indices, checkpoint_seconds)
    return LiveRun(run, plan, dataset, split, recorder, _notes(dataset, split))


def go_on(
    run: str | Path | Run,
    *,
    epochs: int | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    progress: Progress = lambda done, total, what: None,
) -> LiveRun:
    """A stopped, interrupted or failed run, ready to go on exactly where its checkpoint stands.

    With `epochs` a finished run goes on to that many in all; a schedule that depends on the end is
    stretched to the new one. Raises ToileError where the run is running or has nothing left to do,
    or where its data is no longer the same.
    """
    run = run if isinstance(run, Run) else open_run(run)
    recipe = _to_go_on_with(run, epochs)
    dataset = load_data(recipe.data, progress=progress)
    for name in ("fingerprint", "order"):
        if run.data[name] != getattr(dataset, name):
            raise ToileError(
                f"{run.id} was trained on data of {name} {run.data[name][:16]}; "
                f"{dataset.path} now has {getattr(dataset, name)[:16]}; bring the same data back"
            )
    split = split_data(dataset.train, recipe.data)
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    prepare_torch(recipe.training)
    fit = begin_fit(resolve(recipe, plan), plan, split, pixel_statistics(split.train))
    recorder = Recorder(run, fit, plan, split.validation_indices, checkpoint_seconds)
    notes = recorder.restore()
    if epochs is not None:
        # More epochs were asked for: early stopping begins to wait anew.
        recorder.fit.position.stopped_early = False
        recorder.fit.position.waited = 0
    if other := differences(run.environment, environment(recipe.training)):
        notes.append(
            "this is not where the run began, so its last bits may differ: " + "; ".join(other)
        )
    return LiveRun(run, plan, dataset, split, recorder, notes)


def train(recipe: str | Path | Recipe, **asked: Any) -> Run:
    """Train `recipe` to its end and return the run; takes what `begin` takes."""
    return begin(recipe, **asked).finish()


def resume(run: str | Path | Run, **asked: Any) -> Run:
    """Go on with `run` to its end and return it; takes what `go_on` takes."""
    return go_on(run, **asked).finish()


def _asked(
    recipe: str | Path | Recipe,
    data: str | Path | None,
    seed: int | None,
    settings: Sequence[str],
    start: str | Path | None,
) -> Recipe:
    values: dict[str, Any] = {}
    if data is not None:
        values["data.name"] = str(data)
    if seed is not None:
        values["seed"] = seed
    if start is not None:
        values["training.start.run"] = str(open_run(start).folder)
    return read_recipe(with_settings(read_recipe(recipe), values), settings)


def _with_data_resolved(recipe: Recipe, dataset: Dataset, split: Split) -> Recipe:
    """The recipe with what was done: the number held out, and where a path of data really lies."""
    known = known_shape(recipe.data.name) is not None
    return with_settings(
        recipe,
        {
            "data.validation": len(split.validation),
            "data.name": recipe.data.name if known else str(dataset.path.resolve()),
        },
    )


def _start_weights(start: Start, plan: Plan) -> tuple[dict[str, np.ndarray], Start]:
    """The weights a run is to begin with, and `start` with their hash and the layers filled in."""
    source = open_run(start.run)
    path = source.folder / f"{start.weights}.safetensors"
    if not path.exists():
        raise ToileError(f"{source.id} has no {start.weights} weights; it has not ended an epoch")
    stored = load_arrays(path)
    named = start.model_copy(update={"run": str(source.folder.resolve()), "sha256": stored.sha256})
    return stored.arrays, fill_start(named, plan, stored.arrays)


def _data_facts(
    dataset: Dataset, split: Split, statistics: PixelStatistics, recipe: Recipe
) -> dict[str, Any]:
    """What a run remembers of its data, enough to predict without it."""
    margins = statistics.margins
    return {
        "version": 1,
        "name": dataset.name,
        "path": str(dataset.path),
        "release": dataset.release,
        "class_names": list(dataset.class_names),
        "shape": list(dataset.shape),
        "mean": list(statistics.mean),
        "sd": list(statistics.sd),
        "border_grey": list(statistics.border_grey),
        "margins": {
            "top": margins.top_px,
            "right": margins.right_px,
            "bottom": margins.bottom_px,
            "left": margins.left_px,
        },
        "scaling": recipe.data.scaling,
        "fingerprint": dataset.fingerprint,
        "test_fingerprint": dataset.test_fingerprint,
        "order": dataset.order,
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(dataset.test),
    }


def _notes(dataset: Dataset, split: Split) -> list[str]:
    notes = [split.note] if split.note else []
    if dataset.skipped:
        first = dataset.skipped[0]
        notes.append(
            f"{len(dataset.skipped)} files were left out or read in part, first {first.file}: "
            f"{first.reason}; `toile data show` lists them"
        )
    return notes


def _to_go_on_with(run: Run, epochs: int | None) -> Recipe:
    """The run's recipe, with more epochs where asked; refuses a run with nothing left to do."""
    state, recipe = read_state(run.folder), run.recipe
    if state.alive:
        raise ToileError(f"{run.id} is running already (process {state.pid})")
    if state.status == "diverged":
        raise ToileError(
            f"{run.id} diverged: {state.reason}; the same steps would diverge again. Train anew "
            "with a lower learning rate, as in --set training.optimizer.learning_rate=0.001"
        )
    if epochs is None and state.status == "finished":
        raise ToileError(
            f"{run.id} has finished its {state.epoch} epochs; to train it longer, say up to how "
            f"many: toile resume {run.id} --epochs {2 * state.epoch}"
        )
    if epochs is None or epochs == recipe.training.epochs:
        return recipe
    if epochs <= state.epoch:
        raise ToileError(f"--epochs is {epochs}; {run.id} already has {state.epoch}, ask for more")
    recipe = with_settings(recipe, {"training.epochs": epochs})
    write_whole(run.folder / "recipe.yaml", recipe_text(recipe, complete=True).encode())
    return recipe
