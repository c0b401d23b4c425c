"""What is asked of a training, read and refused before torch is loaded, which takes seconds."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toile.data import DataSource, data_values
from toile.errors import ToileError
from toile.recipe import NO_SETTINGS, Recipe, read_recipe, with_settings
from toile.runs.checkpoint import has_checkpoint
from toile.runs.create import refuse_unless_empty
from toile.runs.listing import open_run
from toile.runs.run import Run
from toile.runs.state import State, read_state


def requested_recipe(
    recipe: str | Path | Recipe,
    *,
    data: DataSource | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    start: str | Path | None = None,
    allow_seen: bool = False,
) -> Recipe:
    """The recipe that `begin` is asked for; the arguments are its own."""
    overrides = {"seed": seed, "epochs": epochs}
    values = {name: value for name, value in overrides.items() if value is not None}
    values = values if data is None else data_values(data) | values
    read = read_recipe(recipe, values)
    if start is None:
        read = read.replace(settings)
    else:
        # An address that is no setting is refused before a run that is not there.
        with_start = with_settings(read, {"training.start.run": str(start)})
        with_start.replace(settings)
        folder = str(open_run(start).folder)
        read = with_settings(read, {"training.start.run": folder}).replace(settings)
    if allow_seen:
        if read.training.start is None:
            raise ToileError("--allow-seen goes with --from, which names the run to begin with")
        read = with_settings(read, {"training.start.allow_seen": True})
    if read.training.is_imported and read.training.start is not None:
        raise ToileError(
            "this recipe is of an imported network, whose weights come from a file and are not "
            f"trained; begin with them: --from {Path(read.training.start.run).name} --epochs 5"
        )
    refuse_senseless(read)
    return read


def refuse_senseless(recipe: Recipe) -> None:
    """Raise ToileError where a training by `recipe` would come to nothing.

    No epochs, and random weights to begin with; or a score asked for, and no images to score.
    """
    training = recipe.training
    if training.epochs == 0 and training.start is None:
        raise ToileError(
            "training.epochs is 0, which trains nothing; ask for 1 or more, or begin with another "
            "run's weights, which are then scored as they are: --from RUN"
        )
    if recipe.data.holds_out:
        return
    hold_out = "hold some out, as in --set data.validation=0.1"
    if training.epochs == 0:
        raise ToileError(
            "data.validation is 0 and training.epochs is 0, so there is nothing to train and no "
            f"image to score; {hold_out}, or train for 1 epoch or more"
        )
    if training.early_stopping is not None:
        raise ToileError(
            "data.validation is 0, and training.early_stopping waits for scores of validation "
            f"images; {hold_out}, or leave it out: --set training.early_stopping=off"
        )


def refuse_used_folder(out: str | Path | None) -> None:
    """Raise ToileError where `out` can be no new run's folder."""
    if out == "":
        raise ToileError("--out is empty; name a folder for the run")
    if out is not None and Path(out).exists():
        if not Path(out).is_dir():
            raise ToileError(f"{out} is a file; name a new folder, nothing was written")
        refuse_unless_empty(Path(out))


def refuse_to_repeat(run: Run, epochs: int | None) -> None:
    """Raise ToileError where `run` cannot go on, to that many epochs in all where it is said."""
    state = read_state(run.folder)
    reason, instead = _refusal(run, state)
    if reason:
        raise ToileError(reason + instead)
    if epochs is None and state.status == "finished":
        raise ToileError(
            f"{run.id} has finished its {state.epoch} epochs; to train it longer, say up to how "
            f"many: toile resume {run.name} --epochs {2 * state.epoch}"
        )
    if epochs is not None and epochs <= state.epoch:
        raise ToileError(f"epochs is {epochs}; {run.id} already has {state.epoch}, ask for more")


def why_not_continued(run: Run) -> str:
    """Why `run` can go on to no number of epochs, in a sentence; empty where it can."""
    reason, _ = _refusal(run, read_state(run.folder))
    return reason


def _refusal(run: Run, state: State) -> tuple[str, str]:
    """Why a run cannot go on, and what to do instead; both empty where it can."""
    # One that was only begun, in this very process, may be gone on with here.
    begun_here = state.status == "queued" and state.pid == os.getpid()
    if state.alive and not begun_here:
        return f"{run.id} is running already (process {state.pid})", ""
    anew = f"toile train {run.folder / 'recipe.yaml'} --from {run.name}"
    if state.status == "diverged":
        reason = f"{run.id} diverged: {state.reason}; the same steps would diverge again"
        lower = "--set training.optimizer.learning_rate=0.001"
        return reason, f". Train anew with a lower learning rate, as in {lower}"
    if state.status == "imported":
        reason = f"{run.id} was imported and is kept as it came"
        return reason, f"; train on from it, as a new run: {anew} --epochs 5"
    if state.epoch > 0 and not has_checkpoint(run.folder):
        reason = f"{run.id} has no checkpoint to continue from, as a bundle has none"
        return reason, f"; begin a new run with its weights: {anew}"
    return "", ""
