"""The result of every reader, and the limits of all readers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from jaxtyping import Int64

from toile.data.dataset import Skipped
from toile.data.greys import Greys
from toile.data.images import Images
from toile.data.memory import memory_bytes
from toile.errors import ToileError
from toile.recipe import Data

MIN_SIDE_PX = 4
MAX_SIDE_PX = 256
MAX_SOURCE_SIDE_PX = 4096
"""Largest side of images in one array that `data.size_px` makes smaller."""
MAX_CLASSES = 1000
MAX_IMAGES = 10_000_000

NO_COLUMN_NAMES = ("auto", "first", "last")
"""Values of `data.label_column` that are not the name of a column."""

Progress = Callable[[int, int | None, str], None]
"""Called with (done, total or None if unknown, what is counted) while files are read."""


class UnfinishedDecoding(ToileError):
    """Pictures are decoded in part, and were not refused: what is there is gone on with."""


class DecodedElsewhere(Exception):
    """Another process has decoded these pictures meanwhile; they are in the cache."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The content of a source. `test` is None if it has no test part.

    `class_names` is None if it has no names; labels are then its own numbers, which may have gaps.
    The last `num_held_out` images of `train` are those that the source holds out for validation.
    """

    train: Images
    test: Images | None
    class_names: tuple[str, ...] | None = None
    release: str | None = None
    """The release, if the form of the source shows it."""
    skipped: tuple[Skipped, ...] = ()
    nulls: int | None = None
    nans: int | None = None
    notes: tuple[str, ...] = ()
    """What a user should know about how the images were read, a sentence each."""
    names_inside: tuple[str, ...] = ()
    """The names of the files that were read inside the source."""
    greys: Greys | None = None
    """Which values were black and white; None if pixels are unchanged bytes."""


def check_layout(num_images: int, shape: tuple[int, int, int], where: str) -> None:
    """Refuse a layout outside the limits, before anything is allocated for it.

    How many bytes of pixels there may be depends on the disk, where they go if they are many.
    """
    channels, height, width = shape
    if num_images == 0:
        raise ToileError(f"{where}: holds 0 images; a dataset needs at least one in each part")
    if 0 in shape:
        raise ToileError(f"{where}: images are {width} x {height} px; they hold no pixels")
    if num_images > MAX_IMAGES:
        raise ToileError(f"{where}: claims {num_images} images; at most {MAX_IMAGES} are read")
    if channels not in (1, 3):
        raise ToileError(f"{where}: images have {channels} channels; 1 (grey) or 3 (rgb) are read")
    if max(height, width) > MAX_SOURCE_SIDE_PX:
        raise ToileError(
            f"{where}: images are {width} x {height} px; a side has at most {MAX_SOURCE_SIDE_PX}"
        )


def refuse_beyond_memory(num_bytes: int, where: str) -> None:
    """Refuse so many bytes of pixels in a form that is read as a whole where memory has no room."""
    memory = memory_bytes()
    if num_bytes > memory // 2:
        raise ToileError(
            f"{where}: has {num_bytes} bytes of pixels or more, and this form is read into memory "
            f"as a whole, of which there are {memory} bytes; save it as .npz, or as pictures in "
            "class folders or tar files, which are read a piece at a time"
        )


def check_labels(
    labels: Int64[np.ndarray, " n"], num_images: int, where: str, first_row: int = 0
) -> None:
    """Refuse labels that are too many, too few, negative or above the largest class index.

    `first_row` is the number of the first label in errors: CSV counts lines, others images.
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
    """Refuse a `data.label_column` that names a column if the format has no named columns."""
    if data.label_column not in NO_COLUMN_NAMES:
        raise ToileError(
            f"{where}: data.label_column is {data.label_column}, and this format has no columns "
            "with names, as CSV and Parquet files and tables of pictures' classes have: leave it "
            "out"
        )


def refuse_number_of_labels(num_labels: int, num_images: int, where: str) -> NoReturn:
    """Raise the error for a number of labels that differs from that of images."""
    raise ToileError(
        f"{where}: holds {num_labels} labels; its images are {num_images}, and every image "
        "has one; do they belong together?"
    )
