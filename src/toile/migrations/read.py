"""A file's content, of whichever version, as today's."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from toile.errors import ToileError
from toile.migrations.moves import (
    addressed_in,
    move,
    move_addressed,
    recipes_in,
    rename_keys,
    value_holder,
)
from toile.migrations.steps import (
    LATER,
    RECORDS,
    SETTINGS,
    SETTINGS_FILES,
    WITHIN,
    Document,
    Migration,
)

VERSION = "version"
T = TypeVar("T")


def version_of(name: str) -> int:
    """Today's version of the files called `name`, from 1."""
    return len(_steps(name)) + 1


def versioned(name: str, record: Mapping[str, Any]) -> Document:
    """`record` as the file called `name` holds it; one that says its version keeps it."""
    return {VERSION: version_of(name), **record}


def versioned_line(name: str, record: Mapping[str, Any]) -> Document:
    """`record` as a line of `name`; lines say their version from the second on.

    Each line its own, since a run that goes on under a newer Toile has lines of both. Not the
    first, which is what a line without it is: there are twenty an epoch.
    """
    return dict(record) if version_of(name) == 1 else versioned(name, record)


def from_file(document: Mapping[str, Any]) -> Document:
    """A document as a file holds it: of the first version where it says none."""
    return {VERSION: 1, **document}


def read_form(record: Mapping[str, Any], name: str, where: str | Path) -> Document:
    """`record`, read from a file called `name`, in today's form; it says so.

    Raises ToileError, naming `where` it stands, for one of a newer Toile.
    """
    today = {**record, VERSION: version_of(name)}
    try:
        for step in _missing(record, name, where):
            today = copy.deepcopy(today)
            if name in SETTINGS_FILES:
                _step_settings(today, step)
            else:
                _step_record(today, step)
    except RecursionError:
        raise ToileError(f"{where} is nested too deeply to be read") from None
    for key, inner in WITHIN.get(name, {}).items():
        match today.get(key):
            case dict(item):
                today[key] = read_form(item, inner, where)
            case [*several] if all(isinstance(item, dict) for item in several):
                today[key] = [read_form(item, inner, where) for item in several]
    return today


def read_settings(document: Document, name: str, where: str | Path) -> Document:
    """The settings of a document in today's form, without its version.

    One without a version was made here, and what is no mapping is left for others to refuse; what
    comes out of a file is given as `from_file` of it. Raises ToileError for one of a newer Toile.
    """
    if not isinstance(document, dict) or VERSION not in document:
        return document
    today = read_form(document, name, where)
    del today[VERSION]
    return today


def read_arrays(
    arrays: Mapping[str, T], facts: Document, version: Any, name: str, where: str | Path
) -> tuple[dict[str, T], Document]:
    """The arrays of a file called `name`, by today's names, and the facts beside them.

    In its steps what is renamed begins with `arrays.` or `facts.`, and ends in `/` where it is the
    beginning of several arrays' names. Raises ToileError for one of a newer Toile.
    """
    renamed, today = dict(arrays), copy.deepcopy(facts)
    for step in _missing({VERSION: version}, name, where):
        for old, new in step.renamed.items():
            kind, _, old_name = old.partition(".")
            new_name = new.partition(".")[2]
            if kind == "arrays":
                rename_keys(renamed, old_name, new_name)
            else:
                move(today, old_name, new_name)
        step.rewrite(today)
    return renamed, today


def decisive(recipe: Document) -> Document:
    """What a recipe's hash is taken over: `recipe` by its first names, less what came later.

    So a recipe keeps the hash that ledgers hold of it when a setting gets another name, and when
    one is added by which nothing changes.
    """
    first = copy.deepcopy(recipe)
    for step in reversed(SETTINGS):
        for old, new in reversed(list(step.renamed.items())):
            move(first, new, old)
    for address, values in LATER.items():
        holder, last = value_holder(first, address)
        if holder is not None and last in holder and holder[last] in values:
            del holder[last]
    return first


def _steps(name: str) -> tuple[Migration, ...]:
    return SETTINGS if name in SETTINGS_FILES else RECORDS.get(name, ())


def _missing(record: Mapping[str, Any], name: str, where: str | Path) -> tuple[Migration, ...]:
    """The steps from the record's version to today's."""
    version, known = record.get(VERSION, 1), version_of(name)
    if type(version) is not int or version < 1:
        raise ToileError(f"{where}: its version is {version!r:.40}; it is a whole number from 1")
    if version > known:
        raise ToileError(
            f"{where} was written by a newer Toile: its form has version {version}, and this Toile "
            f"reads versions up to {known}; upgrade Toile to open it"
        )
    return _steps(name)[version - 1 :]


def _step_record(record: Document, step: Migration) -> None:
    for old, new in step.renamed.items():
        move(record, old, new)
    step.rewrite(record)


def _step_settings(document: Document, step: Migration) -> None:
    for recipe in recipes_in(document):
        # One that was copied into the file with its own version is read by that.
        if recipe is document or VERSION not in recipe:
            _step_record(recipe, step)
    for settings, by_name in addressed_in(document):
        for old, new in step.renamed.items():
            move_addressed(settings, old, new, by_name)
