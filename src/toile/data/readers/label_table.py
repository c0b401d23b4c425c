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


@dataclass(frozen=True)
class NamingTable:
    """A table whose column `files` names all pictures; `label` is the column of their classes.

    Without one, `candidates` has the values of each column that may be it.
    """

    name: str
    files: str
    label: str = ""
    candidates: dict[str, dict[PictureFile, str]] = field(default_factory=dict)


@dataclass
class TableLabels:
    """The class of each picture that a table names; `reason` says why a table was not used."""

    by_file: dict[PictureFile, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    reason: str = ""
    tables: list[NamingTable] = field(default_factory=list)

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
        named = table if isinstance(table, str) else _files_column(table, among)
        if isinstance(table, str) or isinstance(named, str):
            labels.reason = labels.reason or f"{file.path} {named}"
            continue
        head, files = named
        columns = _label_columns(table, head, label_column)
        labels.reason = _reason(table, head, files, among, columns, label_column)
        values_of = {
            name: dict(zip(files, map(str.strip, table.columns[name]), strict=True))
            for name in columns
        }
        if len(columns) > 1:
            labels.tables.append(NamingTable(table.name, head, candidates=values_of))
        if not labels.reason and columns:
            labels.by_file |= values_of[columns[0]]
            labels.tables.append(NamingTable(table.name, head, columns[0]))
            labels.notes.append(
                f"the classes are those of {file.path}: its column {columns[0]}, by the file "
                f"names in {head}"
            )
            labels.notes += [
                f"the column {name} of {file.path} names parts and is not read; to have these "
                "parts, lay them in folders of their own, such as train and test"
                for name, values in table.columns.items()
                if name not in (head, columns[0]) and all(part_of(value) for value in values)
            ]
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


def _read(file: PictureFile) -> LabelTable | str:
    """The table in a file, or why it is none."""
    with file.open() as stream:
        raw = stream.read(MAX_TABLE_BYTES + 1)
    if len(raw) > MAX_TABLE_BYTES:
        return f"has more than {MAX_TABLE_BYTES:,} bytes"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "is not in UTF-8, as tables are read; save it so"
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except (csv.Error, ValueError) as error:
        return f"is no table of comma-separated values: {error!s:.40}"
    if len(rows) < 2:
        return "has no rows"
    head, *rows = rows
    if ragged := [row for row in rows if len(row) != len(head)]:
        return (
            f"has a row of {len(ragged[0])} fields, {','.join(ragged[0])!r:.60}, where its first "
            f"row, {','.join(head)!r:.60}, has {len(head)}"
        )
    if len(set(head)) != len(head):
        return f"has two columns of one name in its first row, {','.join(head)!r:.60}"
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
) -> tuple[str, list[PictureFile]] | str:
    """The column that names one picture in each row, each once, and these; or why none does."""
    by_name: dict[str, set[PictureFile]] = defaultdict(set)
    for file in pictures:
        path = file.path
        for name in (str(path), f"{path.parent.name}/{path.name}", path.name, path.stem):
            by_name[name].add(file)
    problem = "has no column that names them one by one"
    for head, values in table.columns.items():
        names = [value.strip().replace("\\", "/") for value in values]
        matches = [by_name.get(name, set()) for name in names]
        files = [file for candidates in matches for file in candidates]
        if all(len(candidates) == 1 for candidates in matches) and len(set(files)) == len(files):
            return head, files
        if 2 * sum(map(bool, matches)) > len(names):
            problem = _unclear(head, names, matches)
    return problem


def _unclear(head: str, names: list[str], matches: list[set[PictureFile]]) -> str:
    """Why a column that names most of its pictures does not name each row's once."""
    seen: set[PictureFile] = set()
    for name, candidates in zip(names, matches, strict=True):
        if len(candidates) != 1:
            number = (
                f"{len(candidates)} of them; give their folders too"
                if candidates
                else "none of them"
            )
            return f"has {name!r:.80} in its column {head}, which is the name of {number}"
        if candidates <= seen:
            return f"names {name} twice in its column {head}; a picture has one class"
        seen |= candidates
    raise AssertionError(head)


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
