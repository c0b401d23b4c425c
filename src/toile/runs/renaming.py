"""A new name for a run, a study, a search or a sheet, all records of which stay true.

Looks in the ledger were written under the old name, which the folder remembers. What names it by
its path would not find it again, so then it keeps its name.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.files import sync_folder, write_json, writing
from toile.recipe import read_text, read_value
from toile.runs.layout import REMARKS, Entry, outermost, settings_in
from toile.runs.names import NAME
from toile.runs.remarks import FormerName, read_remarks, remarks_held
from toile.runs.removal import held
from toile.runs.state import now

# A setting that names a run: training.start.run, and the sides of a sheet's comparison.
NAMES_A_RUN = re.compile(r"\brun['\"]?\s*:")


def rename_entry(entry: Entry, name: str) -> Entry:
    """Rename the folder of `entry`; on disk when this returns.

    Raises ToileError for a name that none can have or that is taken, while a process has it in
    hand, and where settings in its workspace name it, as those of a run that began with its
    weights.
    """
    if not NAME.fullmatch(name):
        raise ToileError(
            f"{name!r:.120} cannot be a name: it takes up to 101 letters from a to z, digits, - "
            "and _, and a point before a digit; last means the newest"
        )
    outer = outermost(entry.folder)
    if outer != entry.folder.resolve():
        raise ToileError(f"{entry.name} is a part of {outer}, which calls it so; it keeps its name")
    parent = Path(os.path.abspath(entry.folder)).parent
    new = (entry.folder.parent if entry.folder.name == entry.name else parent) / name
    with remarks_held(entry.folder), held(entry):
        if os.path.lexists(parent / name):
            raise ToileError(f"{new} is there already; take another name, nothing was renamed")
        if file := next(_naming(parent, entry), None):
            raise ToileError(
                f"{entry.name} keeps its name: {file} begins with its weights, or compares it, and "
                "would not find it again"
            )
        # Before the rename: a kill between leaves a folder that remembers the name it still has.
        remarks = read_remarks(entry.folder)
        names = (*remarks.names, FormerName(entry.name, now()))
        write_json(entry.folder / REMARKS, asdict(replace(remarks, names=names)))
        with writing(new):
            os.rename(parent / entry.name, parent / name)
            sync_folder(parent)
    return Entry(entry.kind, new, entry.when)


def _naming(workspace: Path, entry: Entry) -> Iterator[Path]:
    """Files of settings in `workspace` that name `entry`, or a run inside."""
    folder = entry.folder.resolve()
    for path in settings_in(workspace):
        if path.resolve().parent == folder:
            continue  # an imported run's recipe names the run itself, which finds its own weights
        try:
            text = read_text(path)
            # Reading it as YAML takes a thousand times longer.
            document = read_value(text, str(path)) if NAMES_A_RUN.search(text) else None
        except ToileError:
            continue  # damaged, so nothing begins by it
        for value in _runs_named(document):
            if value == entry.name or folder in (Path(value), *Path(value).parents):
                yield path


def _runs_named(settings: Any, is_one: bool = False) -> Iterator[str]:
    """Every text that stands under a setting of the name `run`."""
    if isinstance(settings, str) and is_one:
        yield settings
    elif isinstance(settings, dict):
        for key, value in settings.items():
            yield from _runs_named(value, is_one or str(key).rpartition(".")[2] == "run")
    elif isinstance(settings, list):
        for value in settings:
            yield from _runs_named(value, is_one)
