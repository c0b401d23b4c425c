"""Training and validation images out of the train part: stratified, with a seed of its own."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64

from toile.data.catalogue import known_shape
from toile.data.dataset import Dataset
from toile.data.images import Images
from toile.data.marks import Marks, is_marked
from toile.data.places import is_arrays
from toile.errors import ToileError
from toile.recipe import Data
from toile.streams import numpy_stream


@dataclass(frozen=True, eq=False)
class Split:
    """The train part in two. `chooses` marks the half of the validation images that may choose an
    epoch; the other half scores what was chosen.
    """

    train: Images
    validation: Images
    validation_indices: Int64[np.ndarray, " m"]
    """Where the validation images lie in the train part, ascending."""
    chooses: Bool[np.ndarray, " m"]
    note: str | None = None
    """What was done otherwise than asked, in one sentence."""
    num_copies: int = 0
    """Images in neither part: copies of validation images, which training must not see."""


def split_data(train: Images, data: Data) -> Split:
    """Hold out `data.validation` images, each class in its share, the same for the same seed.

    The total is the one asked for; classes get theirs by largest remainder, and each class of two
    or more images keeps one for training. A number that would leave less than half the images for
    training becomes a fifth, and `note` says so. With `data.folds` one fold of so many is held out:
    no two share an image, together they are the train part, and in size, as in each class, they
    differ by one image at most. Where the source itself holds images out, those are taken, and
    folds are cut from all. Copies of validation images are left out of training since the second
    of the rules, and since the third they lie in one half of validation.
    """
    if data.fold >= (data.folds or 1):
        raise ToileError(
            f"data.fold is {data.fold} and data.folds {data.folds or 'off'}; of so many folds, "
            "counted from 0, there is none"
        )
    # One stream for both draws, in this order: changing it changes every run's validation images.
    rng = numpy_stream(data.split, "split")
    indices, note = _held_out(train, data, rng)
    taken = np.bincount(train.labels[indices], minlength=int(train.labels.max()) + 1)
    validation = train.take(indices)
    num_choosing = apportion(len(indices) // 2, taken, most=taken)
    chooses = np.isin(np.arange(len(indices)), _draw(validation.labels, num_choosing, rng))
    if data.rule > 2:
        chooses = _with_copies(chooses, validation.marks)
    rest = np.setdiff1d(np.arange(len(train)), indices, assume_unique=True)
    if data.rule > 1:
        rest = rest[~is_marked(train.marks[rest], np.unique(validation.marks))]
    num_copies = len(train) - len(indices) - len(rest)
    if not len(rest):
        raise ToileError(
            f"all {len(train)} training images are copies of the {len(indices)} held out for "
            "validation; add images that differ"
        )
    return Split(train.take(rest), validation, indices, chooses, note, num_copies)


def _with_copies(chooses: Bool[np.ndarray, " m"], marks: Marks) -> Bool[np.ndarray, " m"]:
    """`chooses` with all copies of a picture where the first of them is.

    As drawn where all the images would come to lie in one half.
    """
    first = np.arange(len(marks))
    reached = np.zeros_like(first)
    # A copy of a copy may share its file with one and its pixels with the other.
    while not np.array_equal(first, reached):
        reached = first
        for kind in marks.T:
            _, place = np.unique(kind, return_inverse=True)
            lowest = np.full(place.max() + 1, len(marks))
            np.minimum.at(lowest, place, first)
            first = lowest[place]
    together = chooses[first]
    return np.asarray(together if 0 < together.sum() < len(together) else chooses)


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
    num_asked, as_asked = validation_count(len(train), data)
    if data.folds is None:
        taken = apportion(num_asked, counts, most=np.maximum(counts - 1, 0))
        drawn = _draw(train.labels, taken, rng)
    else:
        # Dealt out like cards, class after class.
        drawn = _draw(train.labels, counts, rng)[data.fold :: data.folds]
        if train.num_held_out:
            as_asked = "folds: cut from the images that the data itself holds out as well"
    if len(drawn) < 2:
        name = "validation" if data.folds is None else "folds"
        raise ToileError(
            f"data.{name} is {getattr(data, name)}, {len(drawn)} of {len(train)} training images; "
            "validation takes at least 2, one to choose and one to score; ask for more, or add "
            "images"
        )
    return np.sort(drawn), as_asked


def resolved_data(data: Data, dataset: Dataset, split: Split) -> Data:
    """`data` as it was taken: the number held out, where a path really lies, and which way up."""
    known = known_shape(data.name) is not None or is_arrays(data.name)
    taken: dict[str, object] = {
        "validation": len(split.validation),
        "name": data.name if known else str(dataset.path.resolve()),
    }
    if dataset.is_turned:
        # The files may be called otherwise when they are read again.
        taken["orientation"] = "transposed"
    return data.model_copy(update=taken)


def apportion(
    total: int, counts: Int64[np.ndarray, " k"], most: Int64[np.ndarray, " k"]
) -> Int64[np.ndarray, " k"]:
    """`total` divided in proportion to `counts` by largest remainder, nowhere above `most`.

    Ties go to the lower index. The sum is `total`, or all of `most` where that is less.
    """
    exact = total * counts / counts.sum()
    given: Int64[np.ndarray, " k"] = np.minimum(np.floor(exact).astype(np.int64), most)
    total = min(total, int(most.sum()))
    while given.sum() < total:
        # Least first is largest remainder first, and stable keeps ties in order of class; sorting
        # up and reading backwards would turn ties round.
        by_remainder = np.argsort(given - exact, kind="stable")
        with_room = by_remainder[given[by_remainder] < most[by_remainder]]
        given[with_room[: total - given.sum()]] += 1
    return given


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
    drawn = [rng.permutation(own)[:count] for own, count in zip(members, counts, strict=True)]
    return np.concatenate(drawn)
