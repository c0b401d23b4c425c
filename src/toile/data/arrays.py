"""Arrays given in Python, made what a dataset is read from: a copy in the cache, and its name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from toile.data.greys import Extremes, Greys, find_greys
from toile.data.images import Images
from toile.data.places import ARRAYS, arrays_folder
from toile.data.readers.array_labels import check_label_shape, read_labels
from toile.data.readers.array_pixels import layout_of, read_pixels, see_pixels
from toile.data.readers.held_array import HeldArray, held_array
from toile.data.readers.kept_arrays import KeptArrays, open_kept
from toile.data.readers.label_values import Labels
from toile.errors import ToileError

Indices = Int64[np.ndarray, " _"]


def keep_arrays(
    x: Any,
    y: Any,
    x_test: Any = None,
    y_test: Any = None,
    class_names: Sequence[str] | None = None,
    white: float | None = None,
) -> str:
    """Keep images and labels in the cache; returns the name, `arrays:...`, that finds them again.

    Raises ToileError naming the argument, the value and the rule.
    """
    if (x_test is None) != (y_test is None):
        there, other = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise ToileError(f"{there} is given without {other}; a test part has both, or is left out")
    images = {"X": held_array(x, "X")}
    labels = {"y": held_array(y, "y")}
    if x_test is not None:
        images["X_test"] = held_array(x_test, "X_test")
        labels["y_test"] = held_array(y_test, "y_test")
    for one, own in zip(images.values(), labels.values(), strict=True):
        check_label_shape(own, layout_of(one)[0])
    values = {name: read_labels(own) for name, own in labels.items()}
    names, indices = _classes(values, class_names)
    # Of all parts together: a test part may be darker than what is learnt from.
    extremes = Extremes()
    for one in images.values():
        see_pixels(one, extremes)
    greys = find_greys(extremes, white, " and ".join(images))
    parts = [
        Images(_pixels(one, greys), own) for one, own in zip(images.values(), indices, strict=True)
    ]
    kept = KeptArrays(parts[0], parts[1] if len(parts) > 1 else None, names, greys)
    name = f"{ARRAYS}{kept.hash}"
    folder = arrays_folder(name)
    try:
        # Not written anew, which would have the decoded copy made again too.
        open_kept(folder)
    except ToileError:
        kept.write(folder)
    return name


def _pixels(images: HeldArray, greys: Greys) -> UInt8[np.ndarray, "n c h w"]:
    pixels = np.empty(layout_of(images), np.uint8)
    read_pixels(images, greys, pixels)
    return pixels


def _classes(
    parts: dict[str, Labels], class_names: Sequence[str] | None
) -> tuple[tuple[str, ...], list[Indices]]:
    """The classes by name, and the place of each label among them."""
    values = list(parts.values())
    if any(own.dtype.kind == "U" for own in values):
        values = [own.astype(str) for own in values]
    found = np.unique(np.concatenate(values))
    names = tuple(map(str, found if class_names is None else class_names))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ToileError(f"class_names has {twice} twice; every class has a name of its own")
    places = np.arange(len(found))
    if class_names is not None:
        places = _places_among(found, names)
    return names, [places[np.searchsorted(found, own)] for own in values]


def _places_among(found: Labels, names: tuple[str, ...]) -> Indices:
    """Where each of the labels `found`, which are sorted, stands in `names`."""
    if found.dtype.kind == "U":
        unnamed = [name for name in map(str, found) if name not in names]
        if unnamed:
            raise ToileError(
                f"class_names lacks {unnamed[0]}, which is a label; it has {', '.join(names[:8])}"
            )
        return np.array([names.index(name) for name in map(str, found)], np.int64)
    if found[0] >= 0 and found[-1] < len(names):
        return found
    if len(found) == len(names):
        return np.arange(len(found))
    raise ToileError(
        f"class_names has {len(names)} names; the labels are {len(found)} numbers from {found[0]} "
        f"to {found[-1]}; name each of them in order, or number the classes from 0"
    )
