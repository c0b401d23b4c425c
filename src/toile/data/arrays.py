"""Arrays given in Python: kept in the cache under a name, from which a dataset is read."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from toile.data.conform import conform
from toile.data.greys import ROUNDING, Extremes, Greys, find_greys
from toile.data.images import Images
from toile.data.locations import arrays_folder
from toile.data.pixel_file import new_pixels
from toile.data.readers.array_labels import check_label_shape, read_labels
from toile.data.readers.array_pixels import layout_of, read_pixels, scan_pixels
from toile.data.readers.cached_arrays import CachedArrays, open_cached_arrays
from toile.data.readers.held_array import HeldArray, held_array
from toile.data.readers.label_values import Labels
from toile.errors import ToileError
from toile.recipe import Data

Indices = Int64[np.ndarray, " _"]


@contextmanager
def keep_arrays(
    x: Any,
    y: Any,
    x_test: Any = None,
    y_test: Any = None,
    class_names: Sequence[str] | None = None,
    white: float | None = None,
) -> Iterator[str]:
    """Keep images and labels in the cache; gives the name, `arrays:...`, that finds them again.

    Where the block raises, what was written is removed: of a set that is refused nothing stays.
    Raises ToileError naming the argument, the value and the rule.
    """
    arrays = bytes_of_arrays(x, y, x_test, y_test, class_names, white)
    folder = arrays_folder(arrays.name)
    try:
        # Not written again: the decoded copy would then be made again too.
        open_cached_arrays(folder)
        is_new = False
    except ToileError:
        arrays.write(folder)
        is_new = True
    try:
        yield arrays.name
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def bytes_of_arrays(
    x: Any,
    y: Any,
    x_test: Any = None,
    y_test: Any = None,
    class_names: Sequence[str] | None = None,
    white: float | None = None,
) -> CachedArrays:
    """Images and labels as bytes, class indices and class names, not written anywhere."""
    if (x_test is None) != (y_test is None):
        present, missing = ("x_test", "y_test") if y_test is None else ("y_test", "x_test")
        raise ToileError(
            f"{present} is given without {missing}; a test part has both, or is left out"
        )
    images = {"X": _held_pixels(x, "X")}
    labels = {"y": held_array(y, "y")}
    if x_test is not None:
        images["X_test"] = _held_pixels(x_test, "X_test")
        labels["y_test"] = held_array(y_test, "y_test")
    for image_array, label_array in zip(images.values(), labels.values(), strict=True):
        check_label_shape(label_array, layout_of(image_array)[0])
    values = {name: read_labels(array) for name, array in labels.items()}
    names, indices = _classes(values, class_names)
    # Of all parts together: a test part may be darker than what is learnt from.
    extremes = Extremes()
    for image_array in images.values():
        scan_pixels(image_array, extremes)
    greys = find_greys(extremes, white, " and ".join(images))
    parts = [
        Images(_pixels(array, greys), part_labels)
        for array, part_labels in zip(images.values(), indices, strict=True)
    ]
    return CachedArrays(parts[0], parts[1] if len(parts) > 1 else None, names, greys)


def pixels_of_array(x: Any, data: Data, greys: Greys, name: str) -> UInt8[np.ndarray, "n c h w"]:
    """Images on the scale of others, which `greys` describes, in the size and colour of `data`.

    Raises ToileError where they have values beyond black and white, or fractions from -1 to 1 where
    the others had whole numbers: those are pictures in another scale, and would all be black.
    """
    array = _held_pixels(x, name)
    extremes = Extremes()
    scan_pixels(array, extremes)
    slack = ROUNDING * (greys.white - greys.black)
    if extremes.lowest < greys.black - slack or extremes.highest > greys.white + slack:
        raise ToileError(
            f"{name}: pixels go {extremes.words}; those that were learnt from go from "
            f"{greys.black:g}, black, to {greys.white:g}, white: give them in the same scale"
        )
    is_narrow = not extremes.are_integers and extremes.lowest >= -1 and extremes.highest <= 1
    if is_narrow and greys.whole and greys.white > 1:
        raise ToileError(
            f"{name}: pixels go {extremes.words}, with fractions; those that were learnt from are "
            f"whole numbers from {greys.black:g}, black, to {greys.white:g}, white: give them in "
            f"the same scale, as {greys.white:g} * {name} if 1 is white"
        )
    images = Images(_pixels(array, greys), np.zeros(array.shape[0], np.int64))
    return conform(images, data, name).pixels[:]


def _held_pixels(values: Any, name: str) -> HeldArray:
    array = held_array(values, name)
    if array.dtype.kind in "US":
        raise ToileError(
            f"{name}: holds text ({array.dtype}); pixels are numbers, as x.astype(np.uint8) has "
            "them"
        )
    return array


def _pixels(images: HeldArray, greys: Greys) -> UInt8[np.ndarray, "n c h w"]:
    pixels = new_pixels(layout_of(images))
    read_pixels(images, greys, pixels)
    return pixels


def _classes(
    parts: dict[str, Labels], class_names: Sequence[str] | None
) -> tuple[tuple[str, ...], list[Indices]]:
    """The classes by name, and the place of each label among them."""
    values = list(parts.values())
    if any(part_labels.dtype.kind == "U" for part_labels in values):
        values = [part_labels.astype(str) for part_labels in values]
    distinct = np.unique(np.concatenate(values))
    names = tuple(map(str, distinct if class_names is None else class_names))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ToileError(f"class_names has {twice} twice; every class has a name of its own")
    indices = np.arange(len(distinct))
    if class_names is not None:
        indices = _indices_among(distinct, names)
    return names, [indices[np.searchsorted(distinct, part_labels)] for part_labels in values]


def _indices_among(labels: Labels, names: tuple[str, ...]) -> Indices:
    """Where each of `labels`, which are sorted, stands in `names`."""
    if labels.dtype.kind == "U":
        unnamed = [name for name in map(str, labels) if name not in names]
        if unnamed:
            raise ToileError(
                f"class_names lacks {unnamed[0]}, which is a label; it has {', '.join(names[:8])}"
            )
        return np.array([names.index(name) for name in map(str, labels)], np.int64)
    if labels[0] >= 0 and labels[-1] < len(names):
        return labels
    if len(labels) == len(names):
        return np.arange(len(labels))
    raise ToileError(
        f"class_names has {len(names)} names; the labels are {len(labels)} numbers from "
        f"{labels[0]} to {labels[-1]}; name each of them in order, or number the classes from 0"
    )
