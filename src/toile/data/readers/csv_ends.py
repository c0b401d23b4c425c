"""Which end of a row is the label if there is no header: decided by values only labels can have.

An end is no label if all rows have the same value, if most rows have different values, or if it
holds fractions or more than a thousand values. It is no pixel if a fifth of the rows have a value
that no pixel between the ends has. If both ends are still possible, the label is the end whose
values look like class indices, provided that the other end is like the pixel next to it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt8

from toile.data.readers.csv_column import Column
from toile.data.readers.csv_rows import Rows
from toile.data.readers.parts import MAX_CLASSES
from toile.errors import ToileError

FOREIGN = 0.2
"""From this fraction of rows with a value that no pixel has, a column is no pixel."""
ALIKE = 0.9
"""From this fraction of rows with one value, or correlation with its neighbour, it is a pixel."""
UNLIKE = 0.5
FULL = 0.8
"""Least fraction of the integers between the lowest and the highest label that have to occur."""


@dataclass(frozen=True)
class End:
    """One end of the rows, with the evidence for a label and for a pixel."""

    may_be_label: bool
    cannot_be_pixel: bool
    like_classes: bool
    like_pixel: bool
    unlike_pixel: bool


def label_end(rows: Rows) -> int:
    """0 if the first of the two ends is the label, 1 if the last is.

    Raises ToileError, which names the setting, if that is not clear.
    """
    first, last = (_end(column, neighbours, rows) for column, neighbours in _ends(rows))
    for index, (end, opposite) in enumerate(((first, last), (last, first))):
        if end.may_be_label and (not opposite.may_be_label or _is_surely(end, opposite)):
            return index
    rule = "a label has 2 to 1000 classes, two rows of each"
    if first.may_be_label or last.may_be_label:
        problem = "both the first and the last column could be labels"
    else:
        problem = f"neither the first nor the last column could be labels ({rule})"
    raise ToileError(
        f"{rows.file}: {problem}; set data.label_column, as in --set data.label_column=first, or "
        "give the file a header with a column called label"
    )


def _is_surely(end: End, opposite: End) -> bool:
    """Whether `end` is the label of two ends that may both be labels."""
    if end.cannot_be_pixel or opposite.cannot_be_pixel:
        return not opposite.cannot_be_pixel
    return end.like_classes and end.unlike_pixel and opposite.like_pixel


def ends_of(rows: Rows) -> list[Column]:
    """The two columns that may be labels."""
    return [column for column in rows.columns if column.role == "end"]


def values_of(column: Column) -> Float64[np.ndarray, " distinct"]:
    """The numbers of a column's different cells; NaN for a cell that is no number."""
    return np.array([_number(cell) for cell in column.cells])


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _ends(rows: Rows) -> list[tuple[Column, UInt8[np.ndarray, " rows"]]]:
    """Each end, with the pixels next to it."""
    neighbours = [np.concatenate([chunk[:, index] for chunk in rows.chunks]) for index in (0, -1)]
    return list(zip(ends_of(rows), neighbours, strict=True))


def _end(column: Column, neighbours: UInt8[np.ndarray, " rows"], rows: Rows) -> End:
    distinct, codes = values_of(column), column.rows
    is_numeric = bool(np.isfinite(distinct).all())
    is_integer = is_numeric and bool((distinct == np.rint(distinct)).all())
    values = np.unique(distinct)
    counts = np.bincount(codes)
    common = counts.max() / len(codes)
    between = max(int(chunk.max()) for chunk in rows.chunks)
    foreign = counts[(distinct < 0) | (distinct > between)].sum() / len(codes)
    alike = _correlation(distinct[codes], neighbours) if is_numeric else 0.0
    full = len(values) / (values[-1] - values[0] + 1) if is_integer else 0.0
    return End(
        may_be_label=is_integer and 1 < len(values) <= min(MAX_CLASSES, len(codes) // 2),
        cannot_be_pixel=is_integer and bool(foreign >= FOREIGN),
        like_classes=bool(full >= FULL and values[0] in (-1, 0, 1)) and between > 1,
        like_pixel=bool(common >= ALIKE or alike >= ALIKE),
        unlike_pixel=bool(common < ALIKE and alike < UNLIKE),
    )


def _correlation(
    values: Float64[np.ndarray, " rows"], neighbours: UInt8[np.ndarray, " rows"]
) -> float:
    """The absolute correlation of a column and the pixels next to it; 0 if one is constant."""
    if values.std() == 0 or neighbours.std() == 0:
        return 0.0
    return abs(float(np.corrcoef(values, neighbours)[0, 1]))
