"""NumPy's .npz: train_x, train_y, test_x, test_y, or x_train and so on. Never unpickled."""

import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

from toile.data.images import Images, chunk_slices
from toile.data.readers.npy_entry import ArrayEntry, array_entry
from toile.data.readers.parts import (
    Parts,
    Progress,
    check_labels,
    check_layout,
    refuse_number_of_labels,
)
from toile.data.readers.zip_file import open_zip
from toile.errors import ToileError
from toile.recipe import Data

# The second is that of Keras's mnist.npz.
SPELLINGS = (("train_x", "train_y", "test_x", "test_y"), ("x_train", "y_train", "x_test", "y_test"))
# There an image's pixels lie far apart, so that two copies are alive.
MAX_FORTRAN_BYTES = 256 << 20


def find_npz(path: Path) -> list[Path]:
    """The .npz itself, or the only one in a folder; none if there is none."""
    if path.is_file():
        return [path] if path.suffix == ".npz" else []
    files = sorted(path.glob("*.npz"))
    if len(files) > 1:
        raise ToileError(
            f"{path}: holds {len(files)} .npz files ({files[0].name}, {files[1].name}, ...); "
            "name the one to read"
        )
    return files


def read_npz(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the file `find_npz` found. The format holds no class names."""
    (file,) = files
    with open_zip(file) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
        keys = next((keys for keys in SPELLINGS if set(keys[:2]) <= names), None)
        if keys is None:
            raise ToileError(
                f"{file}: holds {', '.join(sorted(names)[:8]) or 'nothing'}; it needs "
                f"{' or '.join(', '.join(keys) for keys in SPELLINGS)}"
            )
        train = _read_part(archive, file, keys[:2])
        has_test = bool(set(keys[2:]) & names)
        return Parts(train, _read_part(archive, file, keys[2:]) if has_test else None, nans=0)


def _read_part(archive: zipfile.ZipFile, file: Path, keys: tuple[str, ...]) -> Images:
    images, labels = (array_entry(archive, file, key) for key in keys)
    layout = _layout(images)
    # Held against each other before either is read.
    _check_label_shape(labels, layout[0])
    pixels = _read_pixels(images, layout)
    indices = _read_labels(labels)
    check_labels(indices, len(pixels), labels.where)
    return Images(pixels, indices)


def _layout(images: ArrayEntry) -> tuple[int, int, int, int]:
    """The sizes n, c, h, w that the images have once they lie channels first."""
    shape = images.shape
    # Sides have 4 px or more, so the axis of 1 or 3 is the channels.
    if len(shape) == 3:
        layout = shape[0], 1, shape[1], shape[2]
    elif len(shape) == 4 and shape[3] in (1, 3):
        layout = shape[0], shape[3], shape[1], shape[2]
    elif len(shape) == 4 and shape[1] in (1, 3):
        layout = shape[0], shape[1], shape[2], shape[3]
    else:
        raise ToileError(
            f"{images.where}: has shape {shape}; images are (n, h, w), (n, h, w, c) or "
            "(n, c, h, w) with 1 or 3 channels"
        )
    num_images, channels, height, width = layout
    check_layout(num_images, (channels, height, width), images.where)
    return layout


def _read_pixels(
    images: ArrayEntry, layout: tuple[int, int, int, int]
) -> UInt8[np.ndarray, "n c h w"]:
    """The images, channels first, as bytes: no copy of them as other numbers ever exists."""
    if images.is_fortran and images.size > MAX_FORTRAN_BYTES:
        raise ToileError(
            f"{images.where}: is in Fortran's order, in which at most {MAX_FORTRAN_BYTES} pixels "
            "are read; save it through np.ascontiguousarray"
        )
    values = np.empty(images.size, np.uint8)
    factor = _factor(images)
    for place, piece in images.pieces():
        values[place : place + len(piece)] = _to_bytes(piece, factor, images, place)
    channels_last = len(images.shape) == 4 and images.shape[3] == layout[1]
    if images.is_fortran:
        stored = values.reshape(images.shape[::-1]).T
        stored = stored.transpose(0, 3, 1, 2) if channels_last else stored
        return np.ascontiguousarray(stored).reshape(layout)
    if channels_last:
        _swap_in_place(values.reshape(images.shape))
    return values.reshape(layout)


def _swap_in_place(images: UInt8[np.ndarray, "n h w c"]) -> None:
    """Lay each image channels first in the bytes where it lay channels last."""
    for piece in chunk_slices(images):
        swapped = images[piece].transpose(0, 3, 1, 2).copy()
        images[piece] = swapped.reshape(-1, *images.shape[1:])


def _factor(images: ArrayEntry) -> float | None:
    """What numbers are multiplied by: 255 where all are within [0, 1]; None for bytes."""
    kind = images.dtype.kind
    if images.dtype == np.uint8:
        return None
    if kind != "f":
        return 255.0 if kind == "b" else 1.0
    # Decided over all images at once: a single dark one of 0 to 255 may well stay below 1.
    largest, num_wrong, first = -np.inf, 0, 0
    for place, piece in images.pieces():
        wrong = np.flatnonzero(~np.isfinite(piece))
        if len(wrong) and (images.is_fortran or not num_wrong):
            rows = [images.row(place + int(one)) for one in wrong]
            first = min([first, *rows]) if num_wrong else min(rows)
        num_wrong += len(wrong)
        largest = max(largest, float(piece.max()))
    if num_wrong:
        raise ToileError(
            f"{images.where}: {num_wrong} values are NaN or infinite, the first in image {first}; "
            "every pixel needs a number"
        )
    return 255.0 if largest <= 1 else 1.0


def _to_bytes(
    piece: Shaped[np.ndarray, " numbers"], factor: float | None, images: ArrayEntry, place: int
) -> UInt8[np.ndarray, " numbers"]:
    """As uint8: bytes as they are, floats in [0, 1] times 255, other whole numbers of 0 to 255."""
    if factor is None:
        return piece
    values = piece * np.float64(factor)
    whole = np.rint(values)
    wrong = (whole < 0) | (whole > 255) | ((whole != values) & (factor == 1))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ToileError(
            f"{images.where}: image {images.row(place + first)} holds {piece[first]:g}; "
            "pixels are whole numbers from 0 to 255, or all of them from 0 to 1"
        )
    return whole.astype(np.uint8)


def _check_label_shape(labels: ArrayEntry, num_images: int) -> None:
    shape = labels.shape
    if len(shape) != 1 and (len(shape) != 2 or shape[1] != 1):
        raise ToileError(f"{labels.where}: has shape {shape}; labels are (n,) class indices")
    if shape[0] != num_images:
        refuse_number_of_labels(shape[0], num_images, labels.where)


def _read_labels(labels: ArrayEntry) -> Int64[np.ndarray, " n"]:
    indices = np.empty(labels.size, np.int64)
    for place, piece in labels.pieces():
        # A comparison that NaN and infinity fail too, before the cast that would hide them.
        is_whole = (piece == np.rint(piece)) & (np.abs(piece.astype(np.float64)) < 2**53)
        if not is_whole.all():
            first = np.flatnonzero(~is_whole)[0]
            raise ToileError(
                f"{labels.where}: row {place + first} has label {piece[first]}; a label is a "
                "whole number"
            )
        indices[place : place + len(piece)] = piece
    return indices
