"""Which CSV files belong to one set, and which part each of them is."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from toile.data.dataset import Skipped
from toile.data.readers.array_names import role_of
from toile.data.readers.csv_form import Form, NoPictures
from toile.data.readers.csv_rows import read_form
from toile.errors import ToileError

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
NO_LABELS = "has no labels and is left out"


@dataclass(eq=False)
class CsvSet:
    """The tables of a set by part, and the files of labels if these are separate."""

    forms: dict[str, Form] = field(default_factory=dict)
    labels: dict[str, Path] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def find_csv(path: Path) -> list[Path]:
    """All CSV files of a folder; for a file, the file and the other parts of its set by name."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if _is_csv(file))
    if not _is_csv(path):
        return []
    role = role_of(_stem(path))
    if not role.part:
        return [path]
    return sorted(
        file
        for file in path.parent.iterdir()
        if _is_csv(file)
        and (file_role := role_of(_stem(file))).set_words == role.set_words
        and file_role.part
    )


def csv_set(path: Path, files: Sequence[Path], label_column: str) -> CsvSet:
    """The role of each of `files`. Raises ToileError if two would be the same part."""
    contents = CsvSet()
    forms: list[Form] = []
    for file in files:
        role = role_of(_stem(file))
        try:
            forms.append(read_form(file, label_column))
        except NoPictures as reason:
            if len(files) == 1 or file == path:
                raise
            if role.kind == "labels":
                contents.labels[role.part or "train"] = file
            else:
                contents.skipped.append(Skipped(file.name, str(reason).removeprefix(f"{file}: ")))
    labelled = [form for form in forms if _is_labelled(form, contents)]
    if not labelled:
        _refuse(path, forms, contents)
    if path in [form.file for form in forms if form not in labelled]:
        raise ToileError(
            f"{path}: has no column of labels; name {labelled[0].file.name} beside it, which has "
            "one"
        )
    _fill(contents, path, forms, labelled)
    if "train" not in contents.forms:
        raise ToileError(
            f"{path}: has no table of training pictures by its name, such as train.csv"
            + "".join(f"; {entry.file} {entry.reason}" for entry in contents.skipped[:3])
        )
    return contents


def _fill(contents: CsvSet, path: Path, forms: Sequence[Form], labelled: Sequence[Form]) -> None:
    """Add each table with labels under its part; the others are left out."""
    for form in forms:
        part = role_of(_stem(form.file)).part or "train"
        if form not in labelled:
            contents.skipped.append(Skipped(form.file.name, NO_LABELS))
        elif part in contents.forms:
            raise ToileError(
                f"{path}: {contents.forms[part].file.name} and {form.file.name} are both tables of "
                f"pictures of the {part} part by their names; name the one to read"
            )
        else:
            contents.forms[part] = form


def _is_labelled(form: Form, contents: CsvSet) -> bool:
    part = role_of(_stem(form.file)).part or "train"
    return form.has_labels or part in contents.labels


def _refuse(path: Path, forms: Sequence[Form], contents: CsvSet) -> None:
    if not forms:
        reasons = "; ".join(f"{entry.file} {entry.reason}" for entry in contents.skipped[:3])
        raise ToileError(f"{path}: holds no CSV file of pictures; {reasons}")
    raise ToileError(
        f"{forms[0].file}: has {forms[0].num_columns} columns, all of them pixels; a set needs a "
        "column of labels: name the file that has one"
    )


def _is_csv(file: Path) -> bool:
    # os.path, since Path.is_file raises an error if a name is too long.
    return file.name.lower().endswith(ENDINGS) and os.path.isfile(file)


def _stem(file: Path) -> str:
    return next(
        file.name[: -len(ending)] for ending in ENDINGS if file.name.lower().endswith(ending)
    )
