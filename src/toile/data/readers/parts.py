"""What every reader gives back, and the limits every reader holds to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from jaxtyping import Int64

from toile.data.dataset import Skipped
from toile.data.greys import Greys
from toile.data.images import Images
from toile.errors import ToileError
from toile.recipe import Data

MIN_SIDE_PX = 4
MAX_SIDE_PX = 256
MAX_SOURCE_SIDE_PX = 4096
"""Of images that `data.size_px` makes smaller, where they come as one array."""
MAX_CLASSES = 1000
MAX_IMAGES = 10_000_000
MAX_BYTES = 8 << 30
"""Pixels of one part; more is refused before anything is allocated."""

NO_COLUMN_NAMES = ("auto", "first", "last")
"""Values of `data.label_column` that are no column's name."""

Progress = Callable[[int, int | None, str], None]
"""Told (done, total or None where unknown, what is counted) while bytes or files go by."""


@dataclass(frozen=True, eq=False)
class Parts:
    """A source as read. `test` is None where it has no test part, names where it holds none;
    labels are then the source's own numbers, which may have gaps.

    Of `train` the last `num_held_out` are those that the source itself holds out for validation.
    """

    train: Images
    test: Images | None
    class_names: tuple[str, ...] | None = None
    release: str | None = None
    """What the source's form alone says about where it comes from."""
    skipped: tuple[Skipped, ...] = ()
    nulls: int | None = None
    nans: int | None = None
    notes: tuple[str, ...] = ()
    """What a user should know of how the images were read, a sentence each."""
    names_inside: tuple[str, ...] = ()
    """The names of the files read, where the source is one file that holds them."""
    greys: Greys | None = None
    """Which values were black and white; None where pixels are bytes as they came."""


def check_layout(num_images: int, shape: tuple[int, int, int], where: str) -> None:
    """Refuse what a header claims before anything is allocated for it."""
    channels, height, width = shape
    if num_images == 0:
        raise ToileError(f"{where}: holds 0 images; a dataset needs at least one in each part")
    if 0 in shape:
        raise ToileError(f"{where}: images are {width} x {height} px; there is nothing in them")
    if num_images > MAX_IMAGES:
        raise ToileError(f"{where}: claims {num_images} images; at most {MAX_IMAGES} are read")
    if channels not in (1, 3):
        raise ToileError(f"{where}: images have {channels} channels; 1 (grey) or 3 (rgb) are read")
    if max(height, width) > MAX_SOURCE_SIDE_PX:
        raise ToileError(
            f"{where}: images are {width} x {height} px; a side has at most {MAX_SOURCE_SIDE_PX}"
        )
    if num_images * channels * height * width > MAX_BYTES:
        raise ToileError(
            f"{where}: claims {num_images} images of {height} x {width} px, "
            f"{num_images * channels * height * width} bytes; at most {MAX_BYTES} are read"
        )


def check_labels(
    labels: Int64[np.ndarray, " n"], num_images: int, where: str, first_row: int = 0
) -> None:
    """Refuse labels that are too many, too few, negative or above the largest class index.

    `first_row` is what the source calls the first label: CSV counts lines, the others images.
    """
    if len(labels) != num_images:
        refuse_number_of_labels(len(labels), num_images, where)
    wrong = np.flatnonzero((labels < 0) | (labels >= MAX_CLASSES))
    if len(wrong):
        raise ToileError(
            f"{where}: row {wrong[0] + first_row} has label {labels[wrong[0]]}; a label is a class "
            f"index from 0 to {MAX_CLASSES - 1}"
        )


def refuse_column_name(data: Data, where: str) -> None:
    """Refuse a `data.label_column` that names a column where the form has none with names."""
    if data.label_column not in NO_COLUMN_NAMES:
        raise ToileError(
            f"{where}: data.label_column is {data.label_column}, and there are no columns with "
            "names; CSV and Parquet files have them, and tables of pictures' classes: leave it out"
        )


def refuse_number_of_labels(num_labels: int, num_images: int, where: str) -> NoReturn:
    """Every image has one label."""
    raise ToileError(
        f"{where}: holds {num_labels} labels; its images are {num_images}, and every image "
        "has one; are the two files of one part?"
    )
