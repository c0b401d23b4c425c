"""Parquet files that hold the bytes of picture files, as Hugging Face's data sets do.

A column of pictures is a struct of `bytes` and `path`, or only bytes. The features in the schema's
metadata say which columns are pictures, and name the classes. The name of a shard or of its folder
says its part. Source: the documentation of `datasets`, "Image" and "ClassLabel".
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Int64

from toile.data.dataset import Skipped
from toile.data.readers.class_folders import Labelled, unreadable_class
from toile.data.readers.parquet_columns import NO_CLASS, ParquetForm, read_form
from toile.data.readers.parquet_files import pictures_beside
from toile.data.readers.parquet_labels import ShardLabels, merge_labels, read_labels
from toile.data.readers.parquet_rows import PictureRows
from toile.data.readers.part_names import part_in_words
from toile.data.readers.parts import MAX_IMAGES, Parts, Progress
from toile.data.readers.picture import quiet_pillow
from toile.data.readers.picture_files import PictureFile, PictureFiles
from toile.data.source_key import decoded_key
from toile.errors import ToileError
from toile.recipe import Data

# train-00002-of-00005
SHARD = re.compile(r"(?P<name>.*)-(?P<number>\d{5})-of-(?P<total>\d{5})")
PARTS = ("train", "validation", "test")
PART_COLUMNS = ("split", "subset", "partition", "usage")
"""What columns are called that say of which part a row is."""
LEARNT = (None, "train")
"""The parts that must have labels; None is a file without a part in its name."""


@dataclass(frozen=True, eq=False)
class ParquetFile:
    """A file, the part in its name or None, and the labels of its rows or None."""

    file: Path
    part: str | None
    form: ParquetForm
    labels: ShardLabels | None = None


def read_parquet(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_parquet`."""
    shards, notes = _open(path, files, data)
    shards = _left_out(_labelled(shards), notes)
    _refuse_unlike(shards)
    if figures := pictures_beside(path):
        notes.append(
            f"pictures are read from Parquet files; {len(figures)} beside them are not, "
            f"{figures[0].relative_to(path)} among them"
        )
    notes.append(f"pictures and labels are the columns {shards[0].form.pair}")
    notes += [
        f"the column {name} is not read; parts are told by the names of files, as train.parquet"
        for name in shards[0].form.columns
        if name.casefold() in PART_COLUMNS and name != shards[0].form.labels
    ]
    pairs = [(shard.form, shard.labels) for shard in shards if shard.labels is not None]
    labels, class_names = merge_labels(pairs, str(path), notes)
    rows = PictureRows()
    pictures: dict[str, Labelled] = {part: [] for part in PARTS}
    for shard, shard_labels in zip(shards, labels, strict=True):
        pictures[shard.part or "train"] += [
            (label, PictureFile(_name(path, shard, row), partial(rows.open, shard.form, row)))
            for row, label in enumerate(shard_labels.tolist())
        ]
    train, held_out, test = pictures.values()
    num_files = sum(map(len, pictures.values()))
    key = partial(decoded_key, path, files, data)
    decoder = PictureFiles(str(path), data, progress, num_files, [], key)
    with quiet_pillow():
        sets = [([*train, *held_out], len(held_out)), (test, 0)]
        training, *tested = decoder.decode_all(sets if test else sets[:1])
    learnt = training.split_held_out()[0].labels
    _refuse_unreadable_class(str(path), train, learnt, decoder.skipped, class_names)
    return Parts(
        training,
        tested[0] if tested else None,
        class_names,
        skipped=tuple(decoder.skipped),
        notes=tuple(notes),
        greys=decoder.greys,
    )


def _open(path: Path, files: list[Path], data: Data) -> tuple[list[ParquetFile], list[str]]:
    """The files with their columns, and notes; no labels are read yet."""
    shards, notes = [], _missing_shards(files)
    for file in files:
        words = file.relative_to(path).with_suffix("") if path.is_dir() else file.stem
        part = part_in_words(str(words), str(file))
        form = read_form(file, data.label_column)
        if form is None:
            notes.append(f"{file.name} is left out: it has no rows")
        else:
            shards.append(ParquetFile(file, part, form))
    if not shards:
        raise ToileError(f"{path}: has 0 rows; a file has 1 to {MAX_IMAGES} pictures")
    num_rows = sum(shard.form.num_rows for shard in shards)
    if num_rows > MAX_IMAGES:
        raise ToileError(f"{path}: holds {num_rows} pictures; at most {MAX_IMAGES} are read")
    named, unnamed = ([s for s in shards if (s.part is None) == no] for no in (False, True))
    if named and unnamed:
        raise ToileError(
            f"{path}: {named[0].file.name} has a part in its name and {unnamed[0].file.name} has "
            "none; name every file by its part (train, validation or test), or none"
        )
    if not any(shard.part in LEARNT for shard in shards):
        parts = sorted({str(shard.part) for shard in shards})
        raise ToileError(
            f"{path}: has {' and '.join(parts)} images and none to train on; add the shards named "
            "train"
        )
    return shards, notes


def _labelled(shards: list[ParquetFile]) -> list[ParquetFile]:
    """The shards with their labels; None for a test part without labels."""
    learnt = {shard.form.labels for shard in shards if shard.part in LEARNT}
    labelled = [
        replace(shard, labels=read_labels(shard.form))
        if shard.part in LEARNT or shard.form.labels in learnt or shard.form.is_declared
        else shard
        for shard in shards
    ]
    is_class = any(_has_no_class(shard) for shard in labelled if shard.part in LEARNT)
    return [
        replace(shard, labels=None)
        if shard.part not in LEARNT and not is_class and _is_secret(shard)
        else shard
        for shard in labelled
    ]


def _has_no_class(shard: ParquetFile) -> bool:
    """Whether a label is -1, which means no label unless the training part has it too."""
    return shard.labels is not None and bool((shard.labels.distinct == NO_CLASS).any())


def _is_secret(shard: ParquetFile) -> bool:
    return shard.labels is not None and shard.labels.distinct.tolist() == [NO_CLASS]


def _left_out(shards: list[ParquetFile], notes: list[str]) -> list[ParquetFile]:
    """The shards with labels. A part without any is left out, with a note."""
    for part in (None, *PARTS):
        of_part = [shard for shard in shards if shard.part == part]
        without = [shard for shard in of_part if shard.labels is None]
        if without and (len(without) < len(of_part) or part in LEARNT):
            raise ToileError(without[0].form.unlabelled)
        if without:
            num_rows = sum(shard.form.num_rows for shard in without)
            notes.append(f"the {part} part is left out: its {num_rows} pictures have no labels")
    return [shard for shard in shards if shard.labels is not None]


def _refuse_unlike(shards: list[ParquetFile]) -> None:
    """Refuse files whose columns or classes differ from those of the first."""
    first = shards[0].form
    for form in (shard.form for shard in shards):
        if (form.pictures, form.labels) != (first.pictures, first.labels):
            raise ToileError(
                f"{form.file}: its pictures and labels are the columns {form.pair}, those of "
                f"{first.file.name} {first.pair}; files of one set have the same: rename them, or "
                "name the column of labels that all have by data.label_column, as in --set "
                f"data.label_column={first.labels}"
            )
        if form.class_names != first.class_names:
            raise ToileError(
                f"{form.file}: its features name other classes than those of {first.file.name}; "
                "files of one set have the same"
            )


def _missing_shards(files: list[Path]) -> list[str]:
    """A sentence for each set of numbered shards that is not complete."""
    counts: Counter[tuple[str, int]] = Counter()
    for file in files:
        if match := SHARD.fullmatch(file.stem):
            counts[match["name"], int(match["total"])] += 1
    return [
        f"{count} of {total} files of {name} are here; the rest is not read"
        for (name, total), count in counts.items()
        if count < total
    ]


def _refuse_unreadable_class(
    where: str,
    train: Labelled,
    labels: Int64[np.ndarray, " n"],
    skipped: list[Skipped],
    names: tuple[str, ...] | None,
) -> None:
    if unread := unreadable_class(train, labels, skipped):
        label, file, reason = unread
        raise ToileError(
            f"{where}: no picture of the class {names[label] if names else label} can be read; "
            f"{file.path} {reason}; mend them, or write the file without them"
        )


def _name(path: Path, shard: ParquetFile, row: int) -> PurePosixPath:
    """The name of a picture: its file and its row, from 0."""
    file = shard.file.relative_to(path) if path.is_dir() else Path(shard.file.name)
    return PurePosixPath(file.as_posix(), f"row {row}")
