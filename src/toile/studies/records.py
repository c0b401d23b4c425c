"""What the small JSON files of a study must hold, as far as they are read.

A record is returned as it stands, with what a newer Toile may have added to it.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from toile.errors import ToileError
from toile.runs import CorruptFile, Named, Record
from toile.runs import read_record as read_checked

Number = Annotated[int, Field(ge=0, lt=2**53)]


class StudyRecord(Named):
    """`study.json`; `failed` has the reasons by a reading's key."""

    status: str = ""
    finished: Number = 0
    readings: Number = 0
    failed: dict[str, str] = Field({})


class VerdictRecord(Named):
    """`verdict.json`, of which a listing reads the sentence."""

    sentence: str


class _Level(Named):
    n: Number
    mean: float | None
    low: float | None
    high: float | None


class _OneLook(Named):
    when: str
    why: str


class TestRecord(Named):
    """`test.json`."""

    levels: dict[str, _Level]
    runs: list[str]
    accuracies: list[float] = Field([])
    images: Number
    looks: Number
    networks: Number
    look: _OneLook


def read_record(path: Path, kind: type[Named] = Named) -> Record:
    """A JSON file of that kind, without its version; empty where it is not there.

    Raises CorruptFile where it is of no such kind.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
    try:
        record = read_checked(text, kind, path)
    except CorruptFile as error:
        raise CorruptFile(f"{error}; remove it, it can be made again") from None
    return {key: value for key, value in record.items() if key != "version"}
