"""Training and validation images out of the train part: stratified, with a seed of its own."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Int64

from toile.data.catalogue import known_shape
from toile.data.dataset import Dataset
from toile.data.hashes import PictureHashes
from toile.data.images import Images
from toile.data.locations import is_arrays
from toile.data.mapped_pixels import without_copies
from toile.errors import ToileError
from toile.recipe import Data
from toile.streams import numpy_stream


@dataclass(frozen=True, eq=False)
class Split:
    """The train part in two. `selection` marks the half of the validation images that may choose an
    epoch; the other half scores what was chosen.
    """

    train: Images
    validation: Images
    validation_indices: Int64[np.ndarray, " m"]
    """Where the validation images lie in the train part, ascending."""
    selection: Bool[np.ndarray, " m"]
    note: str | None = None
    """What was done otherwise than asked, in one sentence."""
    num_copies: int = 0
    """Images in neither part: copies of validation images, which training must not see."""
    num_corrected: int = 0
    """Images of `train` that are learnt under another label than the data has."""


def split_data(train: Images, data: Data) -> Split:
    """Hold out `data.validation` images, each class in its proportion, the same for the same seed.

    The total is the one asked for; classes get theirs by largest remainder, and each class of two
    or more images keeps one for training. A number that would leave less than half the images for
    training becomes a fifth, and `note` says so. With `data.folds` one fold of so many is held out:
    no two share an image, together they are the train part, and in size, as in each class, they
    differ by one image at most. Where the source itself holds images out, those are taken, and
    folds are cut from all. Copies of validation images are left out of training since the second
    of the rules, and since the third they lie in one half of validation. With `data.validation` 0
    all images are trained on, and validation is empty. Where labels are corrected, only
    those of `train` are. An augmented set has the validation part of its parent, in its halves.

        >>> split = toile.split_data(data.train, toile.Recipe.preset("quick").data)
        >>> len(split.train), len(split.validation)
        (4800, 1200)
        >>> print(split.note)  # doctest: +ELLIPSIS
        validation: 5000 asked of 6000 images; took 1200, a fifth, ...
    """
    if data.fold >= (data.folds or 1):
        raise ToileError(
            f"data.fold is {data.fold} and data.folds {data.folds or 'off'}; of so many folds, "
            "counted from 0, there is none"
        )
    if data.folds is not None and train.sources is not None:
        raise ToileError(
            f"data.folds is {data.folds}, and this is an augmented set: a fold of it would be "
            "scored on variants of pictures that are learnt; leave the folds out, or cut the data "
            "that it was made of, with its augmentation in the recipe"
        )
    if not data.holds_out:
        return _all_trained_on(train)
    # One stream for both draws, in this order: changing it changes every run's validation images.
    rng = numpy_stream(data.split, "split")
    indices, note = _held_out(train, data, rng)
    validation = train.gather(indices)
    selection = train.selection
    if selection is None:
        selection = _draw_selection(validation, data, rng)
    train_indices = np.setdiff1d(np.arange(len(train)), indices, assume_unique=True)
    if data.rule > 1:
        train_indices = train_indices[~_copies(train, train_indices, validation)]
    num_copies = len(train) - len(indices) - len(train_indices)
    if not len(train_indices):
        raise ToileError(
            f"all {len(train)} training images are copies of the {len(indices)} held out for "
            "validation; add images that differ"
        )
    pixels = without_copies(train.pixels, len(train_indices))
    images = replace(train, pixels=pixels).gather(train_indices)
    to_learn = images.to_learn()
    num_corrected = int((to_learn.labels != images.labels).sum())
    return Split(to_learn, validation, indices, selection, note, num_copies, num_corrected)


def _draw_selection(
    validation: Images, data: Data, rng: np.random.Generator
) -> Bool[np.ndarray, " m"]:
    counts = np.bincount(validation.labels)
    num_choosing = apportion(len(validation) // 2, counts, most=counts)
    indices = _draw(validation.labels, num_choosing, rng)
    selection = np.isin(np.arange(len(validation)), indices)
    return _with_copies(selection, validation.hashes) if data.rule > 2 else selection


def _copies(
    train: Images, indices: Int64[np.ndarray, " m"], validation: Images
) -> Bool[np.ndarray, " m"]:
    """Which of the images at `indices` are copies, or variants, of one of `validation`."""
    return train.are_known(np.unique(validation.hashes))[indices]


def _all_trained_on(train: Images) -> Split:
    nothing = np.empty(0, np.int64)
    note = (
        f"validation: none, as data.validation is 0; all {len(train)} images are trained on, so "
        "nothing is scored and no epoch chosen"
    )
    if train.num_held_out:
        note += f"; the {train.num_held_out} that the data itself holds out are among them"
    to_learn = replace(train, num_held_out=0, selection=None).to_learn()
    num_corrected = int((to_learn.labels != train.labels).sum())
    return Split(
        to_learn, train.gather(nothing), nothing, nothing > 0, note, num_corrected=num_corrected
    )


def _with_copies(
    selection: Bool[np.ndarray, " m"], hashes: PictureHashes
) -> Bool[np.ndarray, " m"]:
    """`selection` with all copies of a picture where the first of them is.

    As drawn where all the images would come to lie in one half.
    """
    first = np.arange(len(hashes))
    reached = np.zeros_like(first)
    # A copy of a copy may share its file with one and its pixels with the other.
    while not np.array_equal(first, reached):
        reached = first
        for kind in hashes.T:
            _, group = np.unique(kind, return_inverse=True)
            lowest = np.full(group.max() + 1, len(hashes))
            np.minimum.at(lowest, group, first)
            first = lowest[group]
    together = selection[first]
    return np.asarray(together if 0 < together.sum() < len(together) else selection)


def _held_out(
    train: Images, data: Data, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " m"], str | None]:
    """Where the validation images lie, ascending, and a sentence where not as was asked."""
    if train.num_held_out and data.folds is None:
        if train.num_held_out < 2:
            raise ToileError(
                "the data's own validation part has 1 image; validation takes at least 2, one to "
                "choose and one to score; add images to it, or take it away"
            )
        note = (
            f"validation: the {train.num_held_out} images that the data itself holds out; "
            "data.validation is not asked"
        )
        return np.arange(len(train) - train.num_held_out, len(train)), note
    counts = np.bincount(train.labels)
    num_requested, as_requested = validation_count(len(train), data)
    if data.folds is None:
        class_counts = apportion(num_requested, counts, most=np.maximum(counts - 1, 0))
        indices = _draw(train.labels, class_counts, rng)
    else:
        # Dealt out like cards, class after class.
        indices = _draw(train.labels, counts, rng)[data.fold :: data.folds]
        if train.num_held_out:
            as_requested = "folds: cut from the images that the data itself holds out as well"
    if len(indices) < 2:
        name = "validation" if data.folds is None else "folds"
        raise ToileError(
            f"data.{name} is {getattr(data, name)}, {len(indices)} of {len(train)} training "
            "images; validation takes at least 2, one to choose and one to score; ask for more, or "
            "add images"
        )
    return np.sort(indices), as_requested


def resolved_data(data: Data, dataset: Dataset, split: Split) -> Data:
    """`data` as it was taken: the number held out, where a path really lies, and which way up."""
    known = known_shape(data.name) is not None or is_arrays(data.name)
    resolved: dict[str, object] = {
        "validation": len(split.validation),
        "name": data.name if known else str(dataset.path.resolve()),
    }
    if dataset.corrections is not None:
        resolved["corrections"] = str(dataset.corrections.path)
    if dataset.was_transposed:
        # The files may be called otherwise when they are read again.
        resolved["orientation"] = "transposed"
    return data.model_copy(update=resolved)


def draw_stratified(
    labels: Int64[np.ndarray, " n"], num: int, rng: np.random.Generator
) -> Int64[np.ndarray, " m"]:
    """Indices of `num` images, each class in its proportion by largest remainder, ascending."""
    counts = np.bincount(labels)
    return np.sort(_draw(labels, apportion(num, counts, most=counts), rng))


def apportion(
    total: int, counts: Int64[np.ndarray, " k"], most: Int64[np.ndarray, " k"]
) -> Int64[np.ndarray, " k"]:
    """`total` divided in proportion to `counts` by largest remainder, nowhere above `most`.

    Ties go to the lower index. The sum is `total`, or all of `most` where that is less.
    """
    exact = total * counts / counts.sum()
    quotas: Int64[np.ndarray, " k"] = np.minimum(np.floor(exact).astype(np.int64), most)
    total = min(total, int(most.sum()))
    while quotas.sum() < total:
        # Least first is largest remainder first, and stable keeps ties in order of class; sorting
        # up and reading backwards would turn ties round.
        by_remainder = np.argsort(quotas - exact, kind="stable")
        below_most = by_remainder[quotas[by_remainder] < most[by_remainder]]
        quotas[below_most[: total - quotas.sum()]] += 1
    return quotas


def validation_count(num_images: int, data: Data) -> tuple[int, str | None]:
    """How many of `num_images` are held out, and a sentence where that is not what was asked."""
    if data.folds is not None:
        return len(range(data.fold, num_images, data.folds)), None
    if isinstance(data.validation, float):
        return min(round(num_images * data.validation), num_images // 2), None
    if 2 * data.validation <= num_images:
        return data.validation, None
    fifth = num_images // 5
    note = (
        f"validation: {data.validation} asked of {num_images} images; took {fifth}, a fifth, so "
        "that at least half are left for training"
    )
    return fifth, note


def _draw(
    labels: Int64[np.ndarray, " n"], counts: Int64[np.ndarray, " k"], rng: np.random.Generator
) -> Int64[np.ndarray, " m"]:
    """Indices of `counts[c]` images drawn from each class c, class by class."""
    members = (np.flatnonzero(labels == label) for label in range(len(counts)))
    # The whole class is permuted whatever `count` is, so that a larger validation part keeps the
    # images that a smaller one draws from the class.
    by_class = [
        rng.permutation(indices)[:count] for indices, count in zip(members, counts, strict=True)
    ]
    return np.concatenate(by_class)
