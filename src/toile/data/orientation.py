"""Which way up pictures are in their files."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toile.data.images import Images, chunk_slices
from toile.data.pixel_file import new_pixels
from toile.recipe import Data

# NIST's own files, and Kaggle's CSV files of them: Cohen et al. 2017, arXiv:1702.05373, section 3.
TRANSPOSED = re.compile(r"emnist-.*(-ubyte(\.gz)?|\.csv(\.gz)?)", re.IGNORECASE)


def is_transposed(names: Sequence[str], data: Data) -> bool:
    """Whether pictures from files of these names are to be turned, as `data.orientation` has it."""
    if data.orientation != "auto" or data.rule < 3:
        return data.orientation == "transposed"
    return bool(names) and all(TRANSPOSED.fullmatch(name) for name in names)


def transposed_note(data: Data) -> str:
    """The note on pictures whose rows and columns were swapped."""
    if data.orientation == "transposed":
        return "rows and columns of every picture were swapped, as data.orientation asks"
    return (
        "turned upright: rows and columns of every picture were swapped, which files called "
        "emnist-* need; data.orientation=as_is leaves them as they lie"
    )


def swap_rows_and_columns(images: Images) -> Images:
    """Every picture mirrored in its diagonal; square ones in the memory where they lie."""
    pixels = images.pixels
    n, channels, height, width = pixels.shape
    if height == width and isinstance(pixels, np.ndarray):
        swapped = pixels
    else:
        swapped = new_pixels((n, channels, width, height))
    for piece in chunk_slices(pixels):
        swapped[piece] = pixels[piece].swapaxes(2, 3).copy()
    return replace(images, pixels=swapped, read_pixel_hashes=None)
