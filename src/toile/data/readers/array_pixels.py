"""Images out of an array of any shape, order and type of number: uint8, channels first."""

import math
from functools import partial

import numpy as np
from jaxtyping import UInt8

from toile.data.greys import Extremes, Greys, to_bytes
from toile.data.images import chunk_slices
from toile.data.readers.npy_entry import ArrayEntry
from toile.data.readers.parts import check_layout
from toile.errors import ToileError

# There an image's pixels lie far apart, so that two copies are alive.
MAX_FORTRAN_BYTES = 256 << 20
Layout = tuple[int, int, int, int]


def layout_of(images: ArrayEntry) -> Layout:
    """The sizes n, c, h, w that the images have once they lie channels first."""
    shape = images.shape
    # Sides have 4 px or more, so the axis of 1 or 3 is the channels.
    if len(shape) == 2 and (side := math.isqrt(shape[1])) ** 2 == shape[1]:
        layout = shape[0], 1, side, side
    elif len(shape) == 3:
        layout = shape[0], 1, shape[1], shape[2]
    elif len(shape) == 4 and shape[3] in (1, 3):
        layout = shape[0], shape[3], shape[1], shape[2]
    elif len(shape) == 4 and shape[1] in (1, 3):
        layout = shape[0], shape[1], shape[2], shape[3]
    elif len(shape) == 4 and len(set(shape[1:])) == 1:
        raise ToileError(
            f"{images.where}: has shape {shape}, which is of volumes, as those of MedMNIST's sets "
            "in 3D; networks here see pictures: save a slice of each, as x[:, "
            f"{shape[1] // 2}] is"
        )
    else:
        raise ToileError(
            f"{images.where}: has shape {shape}; images are (n, h, w), (n, h, w, c) or "
            "(n, c, h, w) with 1 or 3 channels, or square grey ones laid out flat"
        )
    num_images, channels, height, width = layout
    check_layout(num_images, (channels, height, width), images.where)
    return layout


def scan_pixels(images: ArrayEntry, extremes: Extremes) -> None:
    """Take the values of `images` into `extremes`; ToileError where one is no number."""
    num_wrong, first = 0, 0
    for start, piece in images.pieces():
        if images.dtype.kind == "f" and not (finite := np.isfinite(piece)).all():
            wrong = np.flatnonzero(~finite)
            if images.is_fortran or not num_wrong:
                rows = [images.row(start + int(index)) for index in wrong]
                first = min([first, *rows]) if num_wrong else min(rows)
            num_wrong += len(wrong)
        elif not num_wrong:
            extremes.update(piece, partial(_location, images, start))
    if num_wrong:
        raise ToileError(
            f"{images.where}: {num_wrong} values are NaN or infinite, the first in image {first}; "
            "every pixel needs a number"
        )


def _location(images: ArrayEntry, start: int, index: int) -> str:
    return f" (image {images.row(start + index)})"


def read_pixels(images: ArrayEntry, greys: Greys, pixels: UInt8[np.ndarray, "n c h w"]) -> None:
    """Read `images` into `pixels`: no copy of them as other numbers ever exists."""
    if images.is_fortran and images.size > MAX_FORTRAN_BYTES:
        raise ToileError(
            f"{images.where}: is in Fortran's order, in which at most {MAX_FORTRAN_BYTES} pixels "
            "are read; save it through np.ascontiguousarray"
        )
    values = np.empty(images.size, np.uint8) if images.is_fortran else pixels.reshape(-1)
    is_plain = images.dtype == np.uint8 and greys.is_bytes
    for start, piece in images.pieces():
        values[start : start + len(piece)] = piece if is_plain else to_bytes(piece, greys)
    shape = images.shape
    channels_last = len(shape) == 4 and shape[3] == pixels.shape[1]
    if images.is_fortran:
        stored = values.reshape(shape[::-1]).T
        stored = stored.transpose(0, 3, 1, 2) if channels_last else stored
        pixels[:] = stored.reshape(pixels.shape)
    elif channels_last:
        swap_in_place(pixels.reshape(shape))


def swap_in_place(images: UInt8[np.ndarray, "n h w c"]) -> None:
    """Lay each image channels first in the bytes where it lay channels last."""
    for piece in chunk_slices(images):
        swapped = images[piece].transpose(0, 3, 1, 2).copy()
        images[piece] = swapped.reshape(-1, *images.shape[1:])
