"""The listener that writes a run's folder as the events of its training come.

Needs torch, so it is not part of the room's surface: who trains imports it by its name.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Annotated

import numpy as np
from pydantic import Field, ValidationError

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import write_atomically, write_json
from toile.process import interrupts_deferred
from toile.recipe import Plan, first_fault, recipe_text
from toile.runs.census import keep_census
from toile.runs.checkpoint import (
    CHECKPOINT_SECONDS,
    load_checkpoint,
    refuse_other_network,
    run_version,
    save_checkpoint,
)
from toile.runs.corrupt_file import CorruptFile
from toile.runs.epoch_weights import keep_weights
from toile.runs.history import HistoryFile
from toile.runs.layout import OF_ITS_WEIGHTS
from toile.runs.page_file import PAGE
from toile.runs.records import Named
from toile.runs.results import results_of
from toile.runs.run import Run
from toile.runs.state import Status, read_state, write_state
from toile.runs.tensors import Stored, load_arrays, save_arrays
from toile.training import (
    Diverged,
    Epoch,
    Event,
    Finished,
    Fit,
    Interval,
    Position,
    StartScored,
    Stepped,
    train,
)


class _Facts(Named):
    """What a checkpoint says beside its arrays, as far as it is read here."""

    position: Position
    history_size: Annotated[int, Field(ge=0)]


class Recorder:
    """Trains `fit` and remembers it in `run`, an event at a time.

    `split_indices` are the indices of the validation images in the training part; `version` is that
    of the run's folder when the fit was made from it, by default the current one.
    """

    def __init__(
        self,
        run: Run,
        fit: Fit,
        plan: Plan,
        split_indices: np.ndarray,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        version: tuple[str, ...] | None = None,
    ) -> None:
        self.run, self.fit, self.plan = run, fit, plan
        self.split_indices = split_indices
        self.checkpoint_seconds = checkpoint_seconds
        self.state = read_state(run.folder)
        self._saved_at = time.monotonic()
        self._history_size = 0
        self._known = run_version(run.folder) if version is None else version
        self.is_extended = False
        """Whether the fit's recipe asks for more epochs than the one in the folder."""

    def record(
        self, stop: Callable[[], bool] = lambda: False, events: Iterator[Event] | None = None
    ) -> Iterator[Event]:
        """Train on, yielding the events after they are remembered.

        `stop` is asked after each; leaving the loop stops too. Either way a checkpoint is written
        where the training stands. `events` are the fit's where it is trained with others.
        """
        owner = os.getpid()
        with file_lock(self.run.folder, wait=False):
            self._refuse_if_changed()
            with HistoryFile(self.run.folder / "history.jsonl", self._history_size) as history:
                try:
                    self._begin(history)
                    yield from self._record_events(history, stop, events or train(self.fit))
                except BaseException as error:
                    # A forked child that ends takes its copy of this down; the run is not its own.
                    if os.getpid() == owner:
                        self._leave(history, error)
                    raise
                finally:
                    if os.getpid() == owner:
                        self._known = run_version(self.run.folder)

    def _refuse_if_changed(self) -> None:
        """Raise ToileError where the fit is no longer what the run's folder has come to."""
        if run_version(self.run.folder) != self._known:
            raise ToileError(
                f"{self.run.id} was trained on, or asked for more epochs, since it was opened "
                "here; open it again, nothing was changed"
            )

    def _begin(self, history: HistoryFile) -> None:
        # First, so that a kill leaves none that is called finished and has no results.
        self._write_state("running")
        self._remove_stale_files()
        if self.is_extended:
            # Together, so that no step is taken of which the recipe does not know.
            recipe = recipe_text(self.fit.recipe, complete=True)
            write_atomically(self.run.folder / "recipe.yaml", recipe.encode())
        if self.is_extended or self.fit.position.step == 0:
            self._checkpoint(history)
        self.is_extended = False

    def _leave(self, history: HistoryFile, error: BaseException) -> None:
        """Remember how it ended; a Ctrl-C that comes meanwhile waits until that is done."""
        with interrupts_deferred():
            match error:
                case GeneratorExit():
                    # A loop that is left at the last event has stopped nothing.
                    if self.state.status == "running":
                        self._stop(history)
                case KeyboardInterrupt():
                    # It came in the middle of a step: the last checkpoint stands.
                    self._end(history, "stopped", "")
                case _:
                    self._write_state("failed", f"{type(error).__name__}: {error}")

    def _remove_stale_files(self) -> None:
        """Remove what spoke of where the run stood before, and what a kill left half written."""
        for name in OF_ITS_WEIGHTS:
            (self.run.folder / name).unlink(missing_ok=True)
        for torn in self.run.folder.glob(".*.tmp"):
            torn.unlink()

    def restore(self) -> list[str]:
        """Go back to the newest whole checkpoint; returns what was wrong with newer ones."""
        stored, damaged = load_checkpoint(self.run.folder, self._refuse_other)
        facts = _read_facts(stored)
        position = asdict(facts.position)
        self.fit.restore(stored.arrays, stored.facts | {"position": position})
        self._history_size = facts.history_size
        return damaged

    def _refuse_other(self, stored: Stored) -> None:
        """Raise CorruptFile where a checkpoint is not one of this run's."""
        facts = _read_facts(stored)
        position = facts.position
        if unknown := stored.facts["position"].keys() - vars(position).keys():
            raise CorruptFile(
                f"its position has {', '.join(unknown):.60}, of a newer Toile perhaps"
            )
        if not 0 <= position.step <= self.fit.steps:
            raise CorruptFile(f"it is at step {position.step} of {self.fit.steps}")
        refuse_other_network(stored, self.fit.expected_arrays())

    def _record_events(
        self, history: HistoryFile, stop: Callable[[], bool], events: Iterator[Event]
    ) -> Iterator[Event]:
        for event in events:
            if not isinstance(event, Stepped):
                # Whole, or history and answers would be of different epochs.
                with interrupts_deferred():
                    self._remember(history, event)
            if time.monotonic() - self._saved_at > self.checkpoint_seconds:
                self._checkpoint(history)
            yield event
            if stop() and not isinstance(event, Finished | Diverged):
                with interrupts_deferred():
                    self._stop(history)
                return

    def _remember(self, history: HistoryFile, event: Event) -> None:
        match event:
            case Interval():
                history.append("step", event)
            case Epoch():
                history.append("epoch", event)
                self._save_predictions(event, event.epoch, event.best)
                if self.fit.recipe.training.keep:
                    keep_weights(self.run.folder, self.fit.scored_arrays(), event.epoch)
                if self.fit.recipe.training.census:
                    keep_census(self.run.folder, self.fit, event.epoch)
                self._checkpoint(history)
            case StartScored():
                self._save_predictions(event, 0, is_best=True)
            case Diverged():
                self._keep_finite_weights()
                self._end(history, "diverged", f"the loss was {event.loss} at step {event.step}")
            case Finished():
                is_imported = self.fit.recipe.training.is_imported
                status: Status = "imported" if is_imported else "finished"
                self._end(history, status, "early stopping" if event.early else "")

    def _save_predictions(self, event: Epoch | StartScored, epoch: int, is_best: bool) -> None:
        """The weights scored and their logits, and the score so far for a listing."""
        weights = self.fit.scored_arrays()
        save_arrays(self.run.folder / "last.safetensors", weights)
        # Where nothing chooses, the best are the last.
        if is_best or not len(self.split_indices):
            save_arrays(self.run.folder / "best.safetensors", weights)
        accuracy = None
        if len(self.split_indices):
            assert self.fit.logits is not None
            arrays = {
                "logits": self.fit.logits.numpy(),
                "labels": self.fit.validation_labels.numpy(),
                "indices": self.split_indices.astype(np.int64),
                "selection": self.fit.selection.numpy().astype(np.uint8),
            }
            save_arrays(self.run.folder / "validation.safetensors", arrays)
            is_chosen = self.fit.recipe.training.is_selecting
            accuracy = (event.holdout if is_chosen else event.validation).accuracy
        self.state = replace(self.state, epoch=epoch, accuracy=accuracy)
        self._write_state("running")

    def _keep_finite_weights(self) -> None:
        """Before any epoch was scored, the last finite weights are kept as `last`."""
        path = self.run.folder / "last.safetensors"
        if path.exists():
            return
        weights = self.fit.scored_arrays()
        if not _finite(weights):
            stored, _ = load_checkpoint(self.run.folder)
            prefix = "network/" if self.fit.ema is None else "ema/"
            weights = {
                name.removeprefix(prefix): array
                for name, array in stored.arrays.items()
                if name.startswith(prefix)
            }
        save_arrays(path, weights)

    def _checkpoint(self, history: HistoryFile) -> None:
        arrays = self.fit.arrays()
        # Weights that have diverged must not replace the last good ones.
        if _finite(arrays):
            self._history_size = history.sync()
            facts = self.fit.facts() | {"history_size": self._history_size}
            save_checkpoint(self.run.folder, self.fit.position.step, arrays, facts)
        self._saved_at = time.monotonic()

    def _stop(self, history: HistoryFile) -> None:
        self._checkpoint(history)
        self._end(history, "stopped", "")

    def _end(self, history: HistoryFile, status: Status, reason: str) -> None:
        """Results where an epoch was scored, then the state, last of all."""
        # Somebody may have had one written of the training under way.
        (self.run.folder / PAGE).unlink(missing_ok=True)
        history.sync()
        epochs = self.run.history.epochs
        if epochs or self.run.has_validation:
            results = results_of(
                self.fit.recipe,
                self.plan,
                epochs,
                self.run.validation if self.run.has_validation else None,
                status,
                self.fit.position.step,
                self._weights(),
            )
            write_json(self.run.folder / "results.json", results)
        self._write_state(status, reason)

    def _weights(self) -> dict[str, str]:
        return {
            name: load_arrays(self.run.folder / f"{name}.safetensors").sha256
            for name in ("last", "best")
        }

    def _write_state(self, status: Status, reason: str = "") -> None:
        epochs = self.fit.recipe.training.epochs
        self.state = replace(self.state, status=status, reason=reason, epochs=epochs)
        write_state(self.run.folder, self.state)
        if status != "running":
            # One that was written since, by somebody who was told that the run is under way.
            (self.run.folder / PAGE).unlink(missing_ok=True)


def _read_facts(stored: Stored) -> _Facts:
    try:
        return _Facts.model_validate_json(json.dumps(stored.facts))
    except ValidationError as error:
        raise CorruptFile(first_fault(error)) from None


def _finite(arrays: Mapping[str, np.ndarray]) -> bool:
    return all(np.isfinite(array).all() for array in arrays.values())
