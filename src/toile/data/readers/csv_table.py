"""CSV: a row for each image, its label first or last, the pixels row by row; grey and square.

Kaggle's Fashion-MNIST (785 columns, a pair of files) is one of these.
"""

import math
import os
from pathlib import Path

import numpy as np
from jaxtyping import Int16

from toile.data.catalogue import KNOWN
from toile.data.images import Images
from toile.data.readers.csv_rows import Rows, check_pixels, read_rows
from toile.data.readers.parts import MAX_CLASSES, Parts, Progress, check_labels, check_layout
from toile.errors import ToileError
from toile.recipe import Data

SUFFIXES = (".csv", ".csv.gz")
PAIRED = (("train", "test"), ("Train", "Test"), ("TRAIN", "TEST"))
KAGGLE_NAMES = ("fashion-mnist_train.csv", "fashion-mnist_test.csv")
KAGGLE_HEADER = ("label", *(f"pixel{number}" for number in range(1, 785)))


def find_csv(path: Path) -> list[Path]:
    """One CSV file, or a pair whose names differ in train and test, the training file first."""
    if path.is_file():
        return _with_partner(path) if path.name.endswith(SUFFIXES) else []
    files = sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))
    if not files:
        return []
    pair = _with_partner(files[0])
    if len(pair) != len(files):
        raise ToileError(
            f"{path}: holds {len(files)} CSV files ({files[0].name}, {files[1].name}, ...) that "
            "are no pair of train and test by name; name the one to read"
        )
    return pair


def _with_partner(file: Path) -> list[Path]:
    for train, test in PAIRED:
        partner = file.with_name(file.name.replace(train, test))
        # os.path, for Path.is_file raises where "train" makes the name a letter too long.
        if partner != file and os.path.isfile(partner):
            return [file, partner]
        partner = file.with_name(file.name.replace(test, train))
        if partner != file and os.path.isfile(partner):
            return [partner, file]
    return [file]


def read_csv(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files `find_csv` found. The format holds no class names."""
    tables = [read_rows(file, progress) for file in files]
    for table in tables[1:]:
        if table.num_columns != tables[0].num_columns:
            raise ToileError(
                f"{table.file}: has {table.num_columns} columns, {tables[0].file.name} has "
                f"{tables[0].num_columns}; a pair has the same; to read one of them alone, give it "
                "a folder of its own"
            )
    label_column = _label_column(tables[0], data.label_column)
    train, *test = (_to_images(table, label_column) for table in tables)
    release, class_names = None, None
    if _is_kaggle(tables):
        release = (
            "Fashion-MNIST, Kaggle CSV by its form (file names, header, 60000 and 10000 rows); "
            "its pixels are not those of the IDX release"
        )
        class_names = KNOWN["fashion-mnist"].class_names
    return Parts(train, test[0] if test else None, class_names, release, nulls=0, nans=0)


def _label_column(table: Rows, setting: str) -> int:
    """0 or -1: as set, else as the header says, else the one end whose values could be labels."""
    if setting != "auto":
        return {"first": 0, "last": -1}[setting]
    named = [index for index, name in enumerate(table.header) if name.lower() == "label"]
    if named:
        if named not in ([0], [table.num_columns - 1]):
            raise ToileError(
                f"{table.file}: the header says label in column "
                f"{' and '.join(str(index + 1) for index in named)}; it is the first or the last"
            )
        return 0 if named == [0] else -1
    fitting = [index for index in (0, -1) if _could_be_labels(table.ends[:, index])]
    if len(fitting) != 1:
        which = "both the first and the last" if fitting else "neither the first nor the last"
        raise ToileError(
            f"{table.file}: {which} column could be labels (every class from 0 up, two or more); "
            "set data.label_column to first or last"
        )
    return fitting[0]


def _could_be_labels(values: Int16[np.ndarray, " n"]) -> bool:
    # Every class has to occur: a pixel column has gaps, a column of labels hardly ever.
    found = np.unique(values)
    return 2 <= len(found) <= MAX_CLASSES and found.tolist() == list(range(len(found)))


def _to_images(table: Rows, label_column: int) -> Images:
    num_pixels = table.num_columns - 1
    side = math.isqrt(num_pixels)
    if side**2 != num_pixels:
        raise ToileError(
            f"{table.file}: has {num_pixels} pixels in a row, which is no square number; CSV holds "
            "square grey images; save others as .npz"
        )
    check_layout(len(table), (1, side, side), str(table.file))
    labels = table.ends[:, label_column].astype(np.int64)
    check_labels(labels, len(table), str(table.file), table.first_row)
    # The end that is no label is a pixel.
    end = np.s_[:, -1:] if label_column == 0 else np.s_[:, :1]
    check_pixels(
        table.ends[end], table.file, table.first_row, table.num_columns if label_column == 0 else 1
    )
    pixels = np.empty((len(table), num_pixels), np.uint8)
    pixels[end] = table.ends[end]
    between, done = np.s_[:-1] if label_column == 0 else np.s_[1:], 0
    while table.chunks:
        chunk = table.chunks.pop(0)
        pixels[done : done + len(chunk), between] = chunk
        done += len(chunk)
    return Images(pixels.reshape(-1, 1, side, side), labels)


def _is_kaggle(tables: list[Rows]) -> bool:
    return (
        tuple(table.file.name.removesuffix(".gz") for table in tables) == KAGGLE_NAMES
        and all(table.header == KAGGLE_HEADER for table in tables)
        and tuple(map(len, tables)) == KNOWN["fashion-mnist"].num_images
    )
