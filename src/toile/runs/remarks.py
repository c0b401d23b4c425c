"""What a user says of a run, a study, a search or a sheet: a note, a star, and names it had before.

A small file of its own, so that neither recipe nor state, nor any hash of them, changes with it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toile.errors import ToileError
from toile.file_lock import file_lock
from toile.files import write_json
from toile.read_once import ReadOnce
from toile.recipe import first_fault
from toile.runs.corrupt_file import CorruptFile
from toile.runs.layout import REMARKS, name_in_ledger, outermost
from toile.runs.records import read_json
from toile.runs.state import TIME

MOST_LETTERS = 10_000


@dataclass(frozen=True)
class FormerName:
    """A name that a folder had, and until when."""

    name: str
    until: str


@dataclass(frozen=True)
class Remarks:
    """A `note`, empty where there is none, whether it is starred, and the names it had."""

    note: str = ""
    star: bool = False
    names: tuple[FormerName, ...] = ()

    @property
    def sentence(self) -> str:
        """The star and the note as a page has them; empty without either."""
        return " ".join(["Starred."] * self.star + [f"Note: {self.note}"] * bool(self.note))

    @property
    def line(self) -> str:
        """The star and the first line of the note, for a listing."""
        first, *more = self.note.splitlines() or [""]
        return " ".join(filter(None, ["★" * self.star, first + " …" * bool(more)]))


_REMARKS = TypeAdapter(Remarks)
_READ: ReadOnce[Remarks] = ReadOnce(20_000)


def read_remarks(folder: Path) -> Remarks:
    """What is said of the one in `folder`. Raises CorruptFile where the file is damaged."""
    file = f"{folder}/{REMARKS}"
    return _READ.of((file,), lambda: _read(Path(file)))


def shown_remarks(folder: Path) -> Remarks:
    """The remarks for a listing: a damaged file says so in place of the note."""
    try:
        return read_remarks(folder)
    except ToileError as error:
        return Remarks(str(error))


def _read(path: Path) -> Remarks:
    if not path.exists():
        return Remarks()
    try:
        return _REMARKS.validate_json(json.dumps(read_json(path.read_bytes(), path)), strict=True)
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        fault = f"{path} is damaged: {first_fault(error)}"
    except CorruptFile as error:
        fault = str(error)
    raise CorruptFile(f"{fault}; remove it, and note and star can be given anew")


def checked_note(text: str) -> str:
    """`text` as it is kept. Raises ToileError where it is no note."""
    note = text.strip()
    if not note:
        raise ToileError("the note is empty; write what is to be known of it, or take the note off")
    if len(note) > MOST_LETTERS:
        raise ToileError(
            f"the note has {len(note):,} letters; up to {MOST_LETTERS:,} are kept, so put the rest "
            "into a file of yours"
        )
    if odd := next(
        (letter for letter in note if not (letter.isprintable() or letter in "\n\t")), None
    ):
        raise ToileError(f"the note holds {odd!r}; it takes letters, line ends and tabs")
    return note


def change_remarks(folder: Path, **changed: Any) -> Remarks:
    """Keep `changed` fields, the others as they are; on disk when this returns."""
    with remarks_held(folder):
        remarks = replace(read_remarks(folder), **changed)
        write_json(folder / REMARKS, asdict(remarks))
    return remarks


@contextmanager
def remarks_held(folder: Path) -> Iterator[None]:
    """Hold the workspace's lock, so that no other process changes remarks or names meanwhile.

    The folder's own lock is held for as long as something is trained, when a note may come too.
    """
    with file_lock(outermost(folder).parent):
        yield


def had_name(folder: Path, name: str, when: datetime) -> bool:
    """Whether a ledger called the run in `folder` so at that time."""
    outer = outermost(folder)
    inner = Path(name_in_ledger(folder)).parts[1:]
    return any(
        str(Path(former.name, *inner)) == name and when <= datetime.strptime(former.until, TIME)
        for former in shown_remarks(outer).names
    )
