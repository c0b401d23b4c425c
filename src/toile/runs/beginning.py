"""Beginning a run of a recipe on its data."""

import shlex
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from toile.data import (
    CORRECTIONS_FILE,
    Dataset,
    Split,
    resolved_data,
)
from toile.errors import ToileError
from toile.files import write_atomically
from toile.inspection import cut_channels
from toile.recipe import (
    Plan,
    Recipe,
    Start,
    few_steps_note,
    layers,
    plan_network,
    refuse_blank_pictures,
)
from toile.runs.checkpoint import CHECKPOINT_SECONDS
from toile.runs.classifier import stored_weights
from toile.runs.create import create_run
from toile.runs.known_data import reading_options
from toile.runs.listing import open_run
from toile.runs.live import LiveRun
from toile.runs.pictures import Pictures, pictures_of, pictures_to_keep
from toile.runs.prepared import PreparedData
from toile.runs.recorder import Recorder
from toile.runs.requested import refuse_senseless
from toile.runs.seen import fill_seen, seen_words
from toile.runs.selected import is_selected
from toile.training import begin as begin_fit
from toile.training import fill_start, resolve


def begin_prepared(
    recipe: Recipe,
    prepared: PreparedData,
    out: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    imported: Mapping[str, np.ndarray] | None = None,
) -> LiveRun:
    """A new run of `recipe` on its data, which has been read; its caller set the process up.

    `imported` weights stand in for those of the run that `recipe` begins with.
    """
    refuse_senseless(recipe)
    dataset, split = prepared.dataset, prepared.split
    plan = plan_network(recipe.network, dataset.shape, len(dataset.class_names))
    if recipe.training.epochs:
        refuse_blank_pictures(recipe.augmentation, dataset.shape)
    resolved = resolved_data(recipe.data, dataset, split)
    recipe = resolve(recipe.model_copy(update={"data": resolved}), plan)
    weights, before = None, None
    if (start := recipe.training.start) is not None:
        if imported is None:
            weights, filled = start_weights(start, plan)
            source = open_run(filled.run)
            before = pictures_of(source)
            filled = fill_seen(filled, source, before, dataset, split, resolved)
            is_halved = is_selected(start, resolved, source.recipe)
            filled = filled.model_copy(update={"selected": is_halved})
        else:
            weights, filled = dict(imported), fill_start(start, plan, imported)
            before = Pictures(np.empty(0, np.uint64), np.empty(0, np.uint64), start.unknown)
        recipe = recipe.model_copy(
            update={"training": recipe.training.model_copy(update={"start": filled})}
        )
    fit = begin_fit(recipe, plan, split, prepared.statistics, weights)
    pictures = pictures_to_keep(dataset, split, before)
    facts = prepared.facts.model_dump(mode="json")
    run = create_run(recipe, plan, facts, out, pictures, prepared.novelty)
    if dataset.corrections is not None:
        write_atomically(run.folder / CORRECTIONS_FILE, dataset.corrections.content)
    recorder = Recorder(run, fit, plan, split.validation_indices, checkpoint_seconds)
    return LiveRun(run, plan, dataset, split, recorder, _notes(dataset, split, recipe))


def start_weights(start: Start, plan: Plan) -> tuple[dict[str, np.ndarray], Start]:
    """The weights a run is to begin with, and `start` with their hash and the layers filled in.

    Raises ToileError where they are not there, or not those whose hash `start` already has.
    """
    source = open_run(start.run)
    stored = stored_weights(source, start.weights)
    if start.sha256 not in ("", stored.sha256):
        raise ToileError(
            f"training.start.sha256 is {start.sha256[:16]}, but {source.folder} now has "
            f"{stored.sha256[:16]}; set training.start.sha256= to take what is there"
        )
    named = start.model_copy(update={"run": str(source.folder.resolve()), "sha256": stored.sha256})
    weights = stored.arrays
    if start.cut:
        cuts, silent = (
            {part.layer: part.channels for part in of} for of in (start.cut, start.silent)
        )
        cut = cut_channels(source.plan, weights, cuts, silent)
        if cut.layers != plan_layers(plan):
            raise ToileError(
                f"training.start.cut leaves another network of {source.id} than this recipe's; "
                "cut it again: toile inspect prune"
            )
        weights = cut.weights
    return weights, fill_start(named, plan, weights)


def plan_layers(plan: Plan) -> tuple[layers.Layer, ...]:
    """The layers of a plan as a recipe has them."""
    return tuple(planned.layer for planned in plan.layers)


def _count_conflicts(dataset: Dataset) -> int:
    """How many of the pictures to learn from, copies counted once, have more than one label."""
    _, pictures = np.unique(dataset.train.hashes[:, 1], return_inverse=True)
    pairs = np.unique(np.stack([pictures, dataset.train.to_learn().labels]), axis=1)
    return int((np.bincount(pairs[0]) > 1).sum())


def _notes(dataset: Dataset, split: Split, recipe: Recipe) -> list[str]:
    notes = [*dataset.notes, *([split.note] if split.note else [])]
    shown = f"toile data show {shlex.quote(str(dataset.path))}{reading_options(recipe.data)}"
    if split.num_copies:
        notes.append(f"not trained on: {split.num_copies} copies of validation images")
    if num_both := int(split.train.are_known(dataset.test.hashes).sum()):
        are = "are" if split.train.sources is None else "are, or are variants of pictures,"
        notes.append(
            f"{num_both} training images {are} in the test part as well, so its score is too high; "
            f"{shown} lists them"
        )
    if num_under_two := _count_conflicts(dataset):
        notes.append(
            f"{num_under_two} picture{'s stand' if num_under_two > 1 else ' stands'} under more "
            f"than one class; {shown} lists them"
        )
    if note := few_steps_note(recipe.training, len(split.train)):
        notes.append(note)
    if words := seen_words(recipe):
        notes.append(words)
    if (start := recipe.training.start) is not None and start.selected:
        notes.append(
            "half of the validation images chose the weights it begins with, so its score is of "
            "the other half"
        )
    if dataset.skipped:
        first = dataset.skipped[0]
        notes.append(
            f"left out or read in part: {len(dataset.skipped)}, the first {first.file}: "
            f"{first.reason}; {shown} lists them"
        )
    return notes
