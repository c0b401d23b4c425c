"""CSV files: a row for each image, with a label and pixels; square, grey or of three colours.

Kaggle's Fashion-MNIST (785 columns, two files) is an example.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from toile.data.catalogue import KNOWN
from toile.data.greys import Extremes, Greys, find_greys, to_bytes
from toile.data.images import Images
from toile.data.pixel_file import new_pixels
from toile.data.readers.array_names import role_of
from toile.data.readers.array_pixels import swap_in_place
from toile.data.readers.csv_ends import ends_of, label_end
from toile.data.readers.csv_files import CsvSet, csv_set, find_csv
from toile.data.readers.csv_form import Form
from toile.data.readers.csv_labels import column_labels, file_labels, hot_labels, pixel_values
from toile.data.readers.csv_rows import NotBytes, Rows, read_rows, scan_rows
from toile.data.readers.flat_colours import colours_come_last
from toile.data.readers.label_values import Labels, class_indices
from toile.data.readers.parts import Parts, Progress, check_labels, check_layout
from toile.errors import ToileError
from toile.recipe import Data

__all__ = ["find_csv", "read_csv"]
PARTS = ("train", "validation", "test")
# The other two parts of Kaggle's fer2013.csv; the first is Training.
FER_PARTS = {"publictest": "validation", "privatetest": "test"}
KAGGLE_NAMES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
KAGGLE_HEADER = ("label", *(f"pixel{number}" for number in range(1, 785)))


@dataclass(eq=False)
class CsvTable:
    """The rows of a file with their labels, and the part of each row as an index of `PARTS`.

    `end` has the pixels of the end that is no label, and whether that is the first column.
    """

    rows: Rows
    labels: Labels
    parts: Int64[np.ndarray, " rows"]
    end: tuple[Float64[np.ndarray, " rows"], bool] | None


def read_csv(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_csv`. Labels that are text name the classes."""
    contents = csv_set(path, files, data.label_column)
    _check_pixels(contents)
    tables, greys = _read(contents, data, progress)
    notes = tuple(form.note for form in contents.forms.values() if form.note)
    where = str(tables[0].rows.file)
    labels, class_names = class_indices([table.labels for table in tables], where)
    for table, table_labels in zip(tables, labels, strict=True):
        check_labels(table_labels, len(table_labels), str(table.rows.file), table.rows.first_row)
    release = None
    if _is_kaggle(tables):
        release = (
            "Fashion-MNIST, Kaggle CSV by its form (file names, header, 60000 and 10000 rows); "
            "its pixels are not those of the IDX release"
        )
        class_names = KNOWN["fashion-mnist"].class_names
    train, test = _assemble(tables, labels, greys)
    return Parts(
        train,
        test,
        class_names,
        release,
        skipped=tuple(contents.skipped),
        nulls=0,
        nans=0,
        greys=greys,
        notes=notes,
        names_inside=tuple(form.file.name for form in contents.forms.values()),
    )


def _check_pixels(contents: CsvSet) -> None:
    """Refuse rows that are no pictures, and parts of different sizes, before any row is read."""
    forms = [form for _, form in _ordered(contents)]
    for form in forms:
        if form.num_pixels != forms[0].num_pixels:
            raise ToileError(
                f"{form.file}: has {form.num_pixels} pixels in a row, {forms[0].file.name} has "
                f"{forms[0].num_pixels}; the parts of a set have the same number; to read one of "
                "them alone, put it into a folder of its own"
            )
    channels, side = _layout(forms[0])
    check_layout(1, (channels, side, side), str(forms[0].file))


def _layout(form: Form) -> tuple[int, int]:
    """The channels and the side of the pictures."""
    for channels in (1, 3):
        side = math.isqrt(form.num_pixels // channels)
        if side**2 * channels == form.num_pixels:
            return channels, side
    raise ToileError(
        f"{form.file}: has {form.num_pixels} pixels in a row, which is no square number and not "
        "three times one; CSV holds square images; save others as .npz"
    )


def _read(contents: CsvSet, data: Data, progress: Progress) -> tuple[list[CsvTable], Greys | None]:
    """The tables, and their black and white if the pixels are not bytes."""
    try:
        return _tables(contents, None, progress), None
    except NotBytes as reason:
        if data.rule < 3:
            raise ToileError(f"{reason}; a pixel is a whole number from 0 to 255") from None
    extremes = Extremes()
    for _, form in _ordered(contents):
        scan_rows(form, extremes, progress)
    greys = find_greys(extremes, data.white, str(contents.forms["train"].file))
    return _tables(contents, greys, progress), greys


def _tables(contents: CsvSet, greys: Greys | None, progress: Progress) -> list[CsvTable]:
    tables: list[CsvTable] = []
    num_bytes = 0
    for part, form in _ordered(contents):
        rows = read_rows(form, greys, num_bytes, progress)
        num_bytes += sum(chunk.nbytes for chunk in rows.chunks)
        tables.append(_table(rows, contents.labels.get(part), part, greys))
    return tables


def _ordered(contents: CsvSet) -> list[tuple[str, Form]]:
    return sorted(contents.forms.items(), key=lambda item: PARTS.index(item[0]))


def _table(rows: Rows, label_file: Path | None, part: str, greys: Greys | None) -> CsvTable:
    form = rows.form
    check_layout(len(rows), (1, 1, form.num_pixels), str(form.file))
    parts = np.full(len(rows), PARTS.index(part))
    for column in rows.columns:
        if column.role == "part":
            parts = np.array([_part_of(cell, rows) for cell in column.cells])[column.rows]
    labels, end = _labels(rows, label_file)
    if end is not None and greys is None:
        values = end[0]
        if values.min() < 0 or values.max() > 255 or (values != np.rint(values)).any():
            raise NotBytes(f"{form.file}: its first or last pixel is none of 8 bits")
    return CsvTable(rows, labels, parts, end)


def _labels(
    rows: Rows, file: Path | None
) -> tuple[Labels, tuple[Float64[np.ndarray, " rows"], bool] | None]:
    """The labels, and the pixels of the other end if the rows decided which end is the label."""
    if file is not None:
        return file_labels(file, len(rows)), None
    roles = [column.role for column in rows.columns]
    if "label" in roles:
        return column_labels(rows.columns[roles.index("label")], rows), None
    if "hot" in roles:
        return hot_labels(rows.columns, rows), None
    index = label_end(rows)
    ends = ends_of(rows)
    column = rows.form.num_columns if index == 0 else 1
    return column_labels(ends[index], rows), (
        pixel_values(ends[1 - index], rows, column),
        index == 1,
    )


def _part_of(cell: str, rows: Rows) -> int:
    part = FER_PARTS.get(cell.lower()) or role_of(cell).part
    if not part:
        raise ToileError(
            f"{rows.file}: a row is of the part {cell[:40]!r}; parts are train, validation and test"
        )
    return PARTS.index(part)


def _assemble(
    tables: list[CsvTable], labels: list[Int64[np.ndarray, " _"]], greys: Greys | None
) -> tuple[Images, Images | None]:
    """The images of all tables, part by part, copied only once."""
    form = tables[0].rows.form
    parts = np.concatenate([table.parts for table in tables])
    counts = np.bincount(parts, minlength=3)
    if not counts[0]:
        raise ToileError(f"{form.file}: has no row to train on; every row is of another part")
    order = np.argsort(parts, kind="stable")
    indices = np.empty(len(parts), np.int64)
    indices[order] = np.arange(len(parts))
    pixels, done = new_pixels((len(parts), form.num_pixels)), 0
    for table in tables:
        _lay(table, pixels, indices[done : done + len(table.parts)], greys)
        done += len(table.parts)
    channels, side = _layout(form)
    if channels == 3 and colours_come_last(pixels, side, str(form.file)):
        swap_in_place(pixels.reshape(-1, side, side, 3))
    pictures = pixels.reshape(-1, channels, side, side)
    sorted_labels = np.concatenate(labels)[order]
    end = int(counts[:2].sum())
    train = Images(pictures[:end], sorted_labels[:end], num_held_out=int(counts[1]))
    return train, Images(pictures[end:], sorted_labels[end:]) if counts[2] else None


def _lay(
    table: CsvTable,
    pixels: UInt8[np.ndarray, "n pixels"],
    indices: Int64[np.ndarray, " rows"],
    greys: Greys | None,
) -> None:
    """Copy the rows of a table to their `indices`; each chunk is freed once it is copied."""
    start, stop = 0, pixels.shape[1]
    if table.end is not None:
        values, is_first = table.end
        end_pixels = values.astype(np.uint8) if greys is None else to_bytes(values, greys)
        pixels[indices, 0 if is_first else -1] = end_pixels
        start, stop = (1, stop) if is_first else (0, stop - 1)
    done, chunks = 0, table.rows.chunks
    while chunks:
        chunk = chunks.pop(0)
        pixels[indices[done : done + len(chunk)], start:stop] = chunk
        done += len(chunk)


def _is_kaggle(tables: list[CsvTable]) -> bool:
    return (
        tuple(table.rows.file.name.removesuffix(".gz") for table in tables) == KAGGLE_NAMES
        and all(table.rows.form.header == KAGGLE_HEADER for table in tables)
        and tuple(len(table.parts) for table in tables) == KNOWN["fashion-mnist"].num_images
    )
