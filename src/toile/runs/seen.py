"""Weights that were trained on what they are to be scored on: found, refused, or said."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from toile.data import Dataset, HashSet, Images, Split, is_known
from toile.errors import ToileError
from toile.recipe import Data, Recipe, Start
from toile.runs.pictures import Pictures
from toile.runs.run import Run

DIVIDING = ("validation", "split", "folds", "fold", "test", "rule")
"""The settings of data by which images fall into parts."""


def fill_seen(
    start: Start,
    source: Run,
    before: Pictures,
    dataset: Dataset,
    split: Split,
    data: Data,
    in_folds: bool = False,
) -> Start:
    """`start` with how many of the images that score were among those its weights were trained on.

    `before` is what `source` knows, the run whose weights they are; `in_folds` says that a study's
    own folds divide the images. Raises ToileError where there are any, unless `start` allows it.
    """
    # Copies within this data are not due to the run that the weights come from.
    foreign = np.setdiff1d(before.trained, split.train.hash_set)
    validation = int(is_known(split.validation.hashes, foreign).sum())
    test = dataset.test.count_known(foreign)
    if (validation or test) and not start.allow_seen:
        raise ToileError(
            f"training.start.run is {start.run}, whose weights were trained on {validation:,} of "
            f"the {len(split.validation):,} validation images and {test:,} of the "
            f"{len(dataset.test):,} test images: scores of images that were learnt are no scores. "
            f"{_next_step(source, data, in_folds)}; or take them as they are, which is then said "
            "beside every score, with --allow-seen (training.start.allow_seen=true)"
        )
    return start.model_copy(
        update={"seen_validation": validation, "seen_test": test, "unknown": before.unknown}
    )


def _next_step(source: Run, data: Data, in_folds: bool) -> str:
    """If only the division into parts differs, how to divide as `source` did."""
    theirs = source.recipe.data
    differing = [name for name in DIVIDING if getattr(theirs, name) != getattr(data, name)]
    if not differing or theirs.name != data.name:
        return f"Begin with a run that was trained on other images than {source.id}"
    if in_folds and theirs.folds is None:
        # A study's folds go before these settings.
        differing = [name for name in differing if name not in ("folds", "fold")]
    values = {name: getattr(theirs, name) for name in differing}
    steps = ["without --folds (folds in a study's file)"] if in_folds else []
    if values:
        settings = " ".join(
            f"--set data.{name}={'off' if value is None else value}"
            for name, value in values.items()
        )
        steps.append(f"with {settings}")
    return f"Divide the images as {source.id} did, {' and '.join(steps)}"


def refuse_unknown(runs: Iterable[Run]) -> None:
    """Raise ToileError for a run whose weights may have learnt the images that score it.

    The weights of an imported network most likely have: it is scored on images that its maker had.
    """
    for run in runs:
        refuse_unknown_start(run.id, run.recipe.training.start)


def refuse_unknown_start(name: str, start: Start | None) -> None:
    """Raise ToileError if nobody knows whether the weights of `start` learnt what scores `name`."""
    if start is not None and start.unknown and not start.allow_seen:
        raise ToileError(
            f"{name} has weights of {', '.join(start.unknown)}, which may have been trained on the "
            "images that score it, so no comparison is fair. To compare all the same, and say so "
            "beside it: --allow-seen with toile compare and evaluate, allow_seen=True in Python, "
            "training.start.allow_seen: true in a study's recipe"
        )


def seen_words(recipe: Recipe) -> str:
    """The warning beside every score of a run of `recipe`; empty where it is clean."""
    start = recipe.training.start
    if start is None:
        return ""
    sentences = []
    if start.seen_validation or start.seen_test:
        sentences.append(
            f"Its first weights were trained on {start.seen_validation:,} of the validation images "
            f"and {start.seen_test:,} of the test images (allow_seen): it is scored on images that "
            "it has learnt."
        )
    if recipe.training.is_imported:
        sentences.append(
            f"It was imported from {start.file}: what it was trained on is not known, and may well "
            "be the images that it is scored on."
        )
    elif start.unknown:
        sentences.append(
            "Its first weights may have been trained on images that it is scored on: what "
            f"{', '.join(start.unknown)} learnt from is not known here."
        )
    return " ".join(sentences)


def seen_test_words(recipe: Recipe, images: Images, trained: HashSet) -> str:
    """The warning beside a score on the test `images`: `seen_words`, and how many were learnt.

    Those are copies of images in `trained`, what a run of `recipe` was trained on, where the data
    itself has them in both parts.
    """
    start, words = recipe.training.start, seen_words(recipe)
    learnt = int(is_known(images.hashes, trained).sum())
    # The others are among those that the weights it began with were trained on.
    learnt -= 0 if start is None else start.seen_test
    # What an imported network was trained on nobody knows.
    if recipe.training.is_imported or learnt <= 0:
        return words
    copies = (
        f"{learnt:,} of the {len(images):,} test images are among the images that it learnt, as "
        "the data has them in both parts: its score on them is too high."
    )
    return f"{words} {copies}".strip()


def seen_json(recipe: Recipe) -> dict[str, Any] | None:
    """What `seen_words` says, as a record; None where the run is clean."""
    start = recipe.training.start
    words = seen_words(recipe)
    if start is None or not words:
        return None
    return {
        "validation": start.seen_validation,
        "test": start.seen_test,
        "unknown": list(start.unknown),
        "sentence": words,
    }
