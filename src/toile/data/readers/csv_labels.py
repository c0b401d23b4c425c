"""The labels of a table: from a column, from one-hot columns, or from a separate file."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from toile.data.readers.csv_column import Column
from toile.data.readers.csv_ends import values_of
from toile.data.readers.csv_rows import Rows
from toile.data.readers.label_values import Labels
from toile.errors import ToileError

MOST_BYTES = 64 << 20


def column_labels(column: Column, rows: Rows) -> Labels:
    """The labels of a column: integers if all cells are numbers, otherwise names."""
    values, codes = values_of(column), column.rows
    if np.isfinite(values).all():
        rounded = np.rint(values)
        if (rounded != values).any():
            row = int(np.flatnonzero((rounded != values)[codes])[0])
            raise ToileError(
                f"{rows.file}: row {rows.first_row + row} has label {values[codes[row]]:g}; a "
                "label is a whole number or a name"
            )
        indices: Int64[np.ndarray, " rows"] = rounded.astype(np.int64)[codes]
        return indices
    return np.array(list(column.cells))[codes]


def hot_labels(columns: list[Column], rows: Rows) -> Int64[np.ndarray, " rows"]:
    """The index of the 1 in each row of one-hot columns."""
    hot = np.stack([values_of(column)[column.rows] for column in columns], 1)
    wrong = np.flatnonzero((np.sort(hot, 1)[:, -2:] != [0, 1]).any(1) | (hot.sum(1) != 1))
    if len(wrong):
        raise ToileError(
            f"{rows.file}: row {rows.first_row + wrong[0]} has no single 1 in its last "
            f"{len(columns)} columns, as the first rows have for their class"
        )
    indices: Int64[np.ndarray, " rows"] = hot.argmax(1)
    return indices


def file_labels(file: Path, num_images: int) -> Labels:
    """The labels of a separate file, one in each line, with or without a row number in front."""
    if file.stat().st_size > MOST_BYTES:
        raise ToileError(f"{file}: has more than {MOST_BYTES} bytes; it is no column of labels")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    cells = [line.rpartition(",")[2].strip(' "') for line in text.strip().splitlines()]
    # If there is one line more than images, the first is a header.
    cells = cells[1:] if len(cells) == num_images + 1 else cells
    if len(cells) != num_images:
        raise ToileError(
            f"{file}: holds {len(cells)} labels; its images are {num_images}, and every image has "
            "one; do they belong together?"
        )
    values = np.array([_integer(cell) for cell in cells])
    if np.isnan(values).any():
        return np.array(cells)
    indices: Int64[np.ndarray, " rows"] = values.astype(np.int64)
    return indices


def _integer(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        return float("nan")
    return number if number.is_integer() else float("nan")


def pixel_values(column: Column, rows: Rows, column_number: int) -> Float64[np.ndarray, " rows"]:
    """The pixels of the end that is no label. Raises ToileError for a cell that is no number."""
    values = values_of(column)[column.rows]
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        cell = list(column.cells)[column.rows[wrong[0]]]
        raise ToileError(
            f"{rows.file}: row {rows.first_row + wrong[0]}, column {column_number} is "
            f"{cell[:40]!r}; every cell is a number, except the label's"
        )
    return values
