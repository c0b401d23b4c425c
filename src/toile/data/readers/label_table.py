"""Labels of pictures from a CSV file with a column of file names and a column of classes."""

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field

from toile.data.readers.part_names import part_of
from toile.data.readers.parts import NO_COLUMN_NAMES
from toile.data.readers.picture_files import PictureFile

MAX_TABLE_BYTES = 64 << 20
LABEL_NAMES = frozenset(("label", "labels", "class", "classid", "category", "target", "y"))


@dataclass
class TableLabels:
    """The class of each picture that a table names; `reason` says why a table was not used."""

    by_file: dict[PictureFile, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reason: str = ""

    def classes_of(self, files: list[PictureFile]) -> dict[str, list[PictureFile]]:
        """`files` by class, without those that have none."""
        classes: dict[str, list[PictureFile]] = defaultdict(list)
        for file in files:
            if file in self.by_file:
                classes[self.by_file[file]].append(file)
        return classes


@dataclass(frozen=True)
class LabelTable:
    """The columns of a table by their heads."""

    name: str
    columns: dict[str, list[str]]


def read_labels(
    tables: list[PictureFile], pictures: list[PictureFile], label_column: str = "auto"
) -> TableLabels:
    """The classes of `pictures` in `tables`, if these name the files clearly.

    That means: one column names all pictures of a folder, each once, and nothing else; and another
    column is the only other one, the only one with a usual name of labels, or `label_column`.
    """
    labels = TableLabels()
    for file in tables:
        among = [picture for picture in pictures if _belongs(file, picture)]
        if not among:
            continue
        table = _read(file)
        named = None if table is None else _files_column(table, among)
        if table is None or named is None:
            labels.reason = labels.reason or f"{file.path} has no column that names them one by one"
            continue
        head, files = named
        columns = _label_columns(table, head, label_column)
        labels.reason = _reason(table, head, files, among, columns, label_column)
        if not labels.reason and columns:
            classes = [value.strip() for value in table.columns[columns[0]]]
            labels.by_file |= dict(zip(files, classes, strict=True))
            labels.notes.append(
                f"the classes are those of {file.path}: its column {columns[0]}, by the file "
                f"names in {head}"
            )
    return labels


def _reason(
    table: LabelTable,
    head: str,
    files: list[PictureFile],
    pictures: list[PictureFile],
    columns: list[str],
    label_column: str,
) -> str:
    """Why a table that names `files` in the column `head` cannot label them; empty if it can."""
    folders, named = {file.path.parent for file in files}, set(files)
    forgotten = [
        picture for picture in pictures if picture.path.parent in folders and picture not in named
    ]
    if forgotten:
        # They would be lost in silence.
        return f"{table.name} names {len(files)} of them, and not {forgotten[0].path.name}"
    if not columns and len(table.columns) > 1:
        rest = ", ".join(name for name in table.columns if name != head)
        return (
            f"{table.name} names them in {head}, and data.label_column, which is {label_column}, "
            f"is none of its other columns, {rest:.200}"
        )
    if len(columns) > 1:
        return (
            f"{table.name} names them in {head}, and of its other columns ({', '.join(columns)}) "
            "none is called label: data.label_column may name it"
        )
    if columns and not all(value.strip() for value in table.columns[columns[0]]):
        return f"{table.name} has rows whose {columns[0]} is empty"
    return ""


def _read(file: PictureFile) -> LabelTable | None:
    """The table in a file; None if it is no table."""
    with file.open() as stream:
        raw = stream.read(MAX_TABLE_BYTES + 1)
    if len(raw) > MAX_TABLE_BYTES:
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        head, *rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except (csv.Error, ValueError):
        return None
    if not rows or any(len(row) != len(head) for row in rows) or len(set(head)) != len(head):
        return None
    columns = zip(*rows, strict=True)
    return LabelTable(
        str(file.path), {name: list(column) for name, column in zip(head, columns, strict=True)}
    )


def _belongs(table: PictureFile, picture: PictureFile) -> bool:
    """Whether a table may name a picture: train.csv does not name pictures in test/."""
    part = part_of(table.path.stem)
    parts = {
        folder_part for folder in picture.path.parent.parts if (folder_part := part_of(folder))
    }
    return part is None or not parts or part in parts


def _files_column(
    table: LabelTable, pictures: list[PictureFile]
) -> tuple[str, list[PictureFile]] | None:
    """The column that names one picture in each row, each once, and these pictures."""
    by_name: dict[str, set[PictureFile]] = defaultdict(set)
    for file in pictures:
        path = file.path
        for name in (str(path), f"{path.parent.name}/{path.name}", path.name, path.stem):
            by_name[name].add(file)
    for head, values in table.columns.items():
        matches = [by_name.get(value.strip().replace("\\", "/"), set()) for value in values]
        if all(len(candidates) == 1 for candidates in matches):
            files = [file for candidates in matches for file in candidates]
            if len(set(files)) == len(files):
                return head, files
    return None


def _label_columns(table: LabelTable, files: str, label_column: str) -> list[str]:
    """The column of labels, or all candidates if it is not clear which it is."""
    columns = [head for head in table.columns if head != files]
    if label_column not in NO_COLUMN_NAMES:
        if label_column in columns:
            return [label_column]
        wanted = label_column.casefold()
        return [head for head in columns if head.strip().casefold() == wanted][:1]
    named = [head for head in columns if head.strip().lower().replace("_", "") in LABEL_NAMES]
    if len(named) == 1:
        # Also with `first` or `last`: runs were trained so.
        return named
    if label_column != "auto" and columns:
        return [columns[0 if label_column == "first" else -1]]
    return columns
