"""An augmented set: training pictures varied and kept in a file, as a dataset of its own."""

from collections.abc import Iterator, Mapping
from itertools import count as counting
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from toile.data import (
    UNREAD,
    AugmentedSet,
    Dataset,
    DataSource,
    Images,
    Progress,
    draw_stratified,
    most_variants,
    no_progress,
    parent_name,
    pixel_statistics,
    refuse_existing,
    write_augmented_set,
)
from toile.errors import ToileError
from toile.recipe import NO_SETTINGS, Augmentation, Recipe, refuse_blank_pictures
from toile.runs import PreparedData, prepare_data, requested_recipe
from toile.streams import numpy_stream

DEFAULT_RECIPE = "s1-lab"
"""Its data are the default settings, and it varies nothing."""
SECTIONS = ("data", "augmentation")


def augment_data(
    data: DataSource,
    file: str | Path,
    count: int,
    *,
    recipe: str | Path | Recipe | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    seed: int | None = None,
    force: bool = False,
    progress: Progress = no_progress,
) -> AugmentedSet:
    """Write `count` variants of the training pictures of `data` to `file`, an .npz, as a dataset.

    They are varied by the augmentation of `recipe` (a preset's name, a file or a Recipe) with
    `settings` by their addresses, and `seed`, or else the recipe's, decides how. Every training
    picture has as many variants as any other, or one more. What `data.validation` holds out is not
    varied: the file has it as its own validation part, and the test part of `data`, still sealed
    when it is read. The half of validation that chooses an epoch and the half that scores are those
    of `data` too, so that scores are of the same pictures. A run that learns from the file knows
    which pictures its variants are of.

        >>> settings = {"augmentation.shift": 1, "augmentation.flip": "random"}
        >>> augmented = toile.augment_data(data, "varied.npz", 9000, settings=settings)
        >>> toile.load_data("varied.npz").test
        Sealed(1000 images)

    Raises ToileError where nothing would vary or `file` is there already (unless `force`).
    """
    file = Path(file)
    _refuse_file(file, force)
    requested = _requested(data, recipe, settings, seed)
    prepared = prepare_data(requested.data, progress)
    refuse_blank_pictures(requested.augmentation, prepared.dataset.shape)
    _refuse_data(prepared, count, file)
    train = prepared.split.train
    passes = list(_passes(train.labels, count, requested.seed))
    notes = [prepared.split.note, *prepared.dataset.notes]
    about = {
        "settings": _settings(requested, prepared.dataset),
        "seed": requested.seed,
        # What lies beside the data, by its path, tells nobody elsewhere anything.
        "notes": tuple(
            f"of its parent: {note}" for note in notes if note and not note.startswith(UNREAD)
        ),
    }
    return write_augmented_set(
        file,
        prepared.dataset,
        prepared.split,
        np.concatenate(passes),
        _variants(train, passes, requested, progress),
        about,
        force=force,
    )


def _requested(
    data: DataSource,
    recipe: str | Path | Recipe | None,
    settings: Mapping[str, Any],
    seed: int | None,
) -> Recipe:
    for address in settings:
        if address.partition(".")[0] not in SECTIONS:
            raise ToileError(
                f"{address} neither varies pictures nor divides them; settings here are of "
                "augmentation and data, as augmentation.shift=2"
            )
    source = DEFAULT_RECIPE if recipe is None else recipe
    requested = requested_recipe(source, data=data, seed=seed, settings=settings)
    if requested.augmentation == Augmentation():
        by = "no recipe is named" if recipe is None else f"{requested.name} varies nothing"
        raise ToileError(
            f"augmentation is off ({by}), so that every variant would be a copy; set what varies "
            "pictures, as augmentation.shift=2, or name a recipe that does"
        )
    if requested.data.rule < 3:
        raise ToileError(
            f"data.rule is {requested.data.rule}; the validation part of an augmented set is kept "
            "by version 3 of the rules: set data.rule=3"
        )
    return requested


def _refuse_file(file: Path, force: bool) -> None:
    if file.suffix.lower() != ".npz":
        raise ToileError(f"{file}: an augmented set is an .npz; name it so")
    if not file.parent.is_dir():
        raise ToileError(f"{file}: {file.parent} is no folder; make it, or name another file")
    if file.is_dir():
        raise ToileError(f"{file}: is a folder; name a file in it")
    refuse_existing(file, force)


def _refuse_data(prepared: PreparedData, count: int, file: Path) -> None:
    """Raise ToileError where `prepared` cannot be the parent of a set of `count` variants."""
    dataset, split = prepared.dataset, prepared.split
    _refuse_within(file, dataset.path)
    if dataset.train.sources is not None:
        raise ToileError(
            f"{dataset.name} is an augmented set itself; vary the data that it was made of"
        )
    if not len(split.validation):
        raise ToileError(
            "data.validation is 0, and what would be held out of an augmented set later are "
            "variants of pictures that are learnt; hold some out now, as --set data.validation=0.1"
        )
    if not len(dataset.test):
        raise ToileError(
            f"{dataset.name} has no test part, as data.test is 0; an augmented set keeps that of "
            "its parent: set data.test, as --set data.test=0.2"
        )
    unlearnt = np.setdiff1d(np.arange(len(dataset.class_names)), split.train.labels)
    if len(unlearnt):
        raise ToileError(
            f"no picture of class {dataset.class_names[unlearnt[0]]} is left to vary: "
            f"{split.num_copies} training pictures are copies of those held out for validation, "
            "and a set without a class is not read; add pictures of it that differ, or hold out "
            "others, as --set data.split=1"
        )
    most = most_variants(split)
    if not 1 <= count <= most:
        raise ToileError(
            f"count is {count}; a set that can be read again has 1 to {most} variants of these data"
        )


def _refuse_within(file: Path, data: Path) -> None:
    """Raise ToileError where `file` is, or would be read as, a part of the data at `data`."""
    resolved = file.resolve()
    if resolved == data:
        raise ToileError(f"{file}: is the data itself, which is not written over; name another")
    # Of an .npy those beside it may be parts of the same data.
    folder = data.parent if data.suffix.lower() == ".npy" else data
    if folder.is_dir() and folder in resolved.parents:
        raise ToileError(
            f"{file}: lies in {folder}, the folder of the data, of which it would be a part when "
            "that is read again; name a file in another folder"
        )


def _passes(
    labels: Int64[np.ndarray, " n"], count: int, seed: int
) -> Iterator[Int64[np.ndarray, " _"]]:
    """The pictures by index, all of them again and again; in the end as many of each class."""
    n = len(labels)
    for number in counting():
        left = count - number * n
        if left < n:
            break
        yield np.arange(n)
    if not left:
        return
    last = draw_stratified(labels, left, numpy_stream(seed, "augmented set", number))
    if number == 0 and len(np.unique(labels[last])) < len(np.unique(labels)):
        raise ToileError(
            f"count is {count}, too few for a picture of each of {len(np.unique(labels))} classes "
            f"in proportion; all {n} training pictures have a variant each with count {n}"
        )
    yield last


def _variants(
    train: Images, passes: list[Int64[np.ndarray, " _"]], recipe: Recipe, progress: Progress
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    # Here, since it loads torch, which a refusal is not to wait for.
    from toile.augmentation import varied_pictures

    background = pixel_statistics(train).border_grey
    done, total = 0, sum(map(len, passes))
    for number, indices in enumerate(passes):
        for varied in varied_pictures(
            train.pixels, indices, recipe.augmentation, background, recipe.seed, number
        ):
            yield varied
            done += len(varied)
            progress(done, total, "variants")


def _settings(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """The recipe's, without the paths of this machine."""
    values = recipe.model_dump(mode="json", include=set(SECTIONS))
    values["data"]["name"] = parent_name(dataset)
    if recipe.data.corrections is not None:
        values["data"]["corrections"] = Path(recipe.data.corrections).name
    return values
