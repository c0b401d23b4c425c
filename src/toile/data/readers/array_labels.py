"""Labels out of an array: whole numbers, names, or a row for each image with a single 1."""

import numpy as np
from jaxtyping import Int64

from toile.data.readers.label_values import Labels
from toile.data.readers.npy_entry import ArrayEntry
from toile.data.readers.parts import MAX_CLASSES, refuse_number_of_labels
from toile.errors import ToileError


def check_label_shape(labels: ArrayEntry, num_images: int) -> None:
    """Refuse labels that by their shape are none of so many images."""
    shape = labels.shape
    is_one_hot = len(shape) == 2 and 1 < shape[1] <= MAX_CLASSES and labels.dtype.kind not in "US"
    if len(shape) != 1 and not is_one_hot and (len(shape) != 2 or shape[1] != 1):
        raise ToileError(
            f"{labels.where}: has shape {shape}; labels are (n,), a number or a name for each "
            f"image, or (n, k) with a 1 for the class of each, and at most {MAX_CLASSES} classes"
        )
    if shape[0] != num_images:
        refuse_number_of_labels(shape[0], num_images, labels.where)


def read_labels(labels: ArrayEntry) -> Labels:
    """A whole number or a name for each image."""
    if labels.dtype.kind in "US":
        return _names(labels)
    return _one_hot_indices(labels) if labels.size > labels.shape[0] else _integers(labels)


def _names(labels: ArrayEntry) -> Labels:
    pieces = [piece for _, piece in labels.pieces()]
    names = np.concatenate(pieces) if pieces else np.empty(0, labels.dtype)
    try:
        return names if names.dtype.kind == "U" else np.char.decode(names, "utf-8")
    except UnicodeDecodeError as damage:
        raise ToileError(f"{labels.where}: holds labels that are no UTF-8 ({damage})") from None


def _integers(labels: ArrayEntry) -> Int64[np.ndarray, " n"]:
    indices = np.empty(labels.size, np.int64)
    for start, piece in labels.pieces():
        # A comparison that NaN and infinity fail too, before the cast that would hide them.
        is_integer = (piece == np.rint(piece)) & (np.abs(piece.astype(np.float64)) < 2**53)
        if not is_integer.all():
            first = np.flatnonzero(~is_integer)[0]
            raise ToileError(
                f"{labels.where}: row {start + first} has label {piece[first]}; a label is a "
                "whole number or a name"
            )
        indices[start : start + len(piece)] = piece
    return indices


def _one_hot_indices(labels: ArrayEntry) -> Int64[np.ndarray, " n"]:
    """The place of the single 1 in each row."""
    num_rows, num_columns = labels.shape
    indices, num_ones = np.zeros(num_rows, np.int64), np.zeros(num_rows, np.int64)
    for start, piece in labels.pieces():
        positions = start + np.flatnonzero(piece != 0)
        if labels.is_fortran:
            columns, rows = np.divmod(positions, num_rows)
        else:
            rows, columns = np.divmod(positions, num_columns)
        if wrong := np.flatnonzero(piece[positions - start] != 1).tolist():
            value = piece[positions[wrong[0]] - start]
            raise ToileError(
                f"{labels.where}: row {rows[wrong[0]]} holds {value:g}; of a row for each image "
                "one value is 1 and the others 0; save the place of the largest, as y.argmax(1) is"
            )
        indices[rows] = columns
        num_ones += np.bincount(rows, minlength=num_rows)
    if (num_ones != 1).any():
        row = int(np.flatnonzero(num_ones != 1)[0])
        raise ToileError(
            f"{labels.where}: row {row} holds {num_ones[row]} ones of {num_columns}; an image is "
            "of one class, and labels of which an image has several or none, as ChestMNIST's, are "
            "not learnt here: save the images of one alone, those where y.sum(1) == 1, or one "
            "column of y as the labels"
        )
    return indices
