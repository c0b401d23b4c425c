"""What the small JSON files of studies, searches and sheets must hold, as far as they are read.

A record is returned as it stands, with what a newer Toile may have added to it.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from toile.errors import ToileError
from toile.runs import CorruptFile, Named, Record
from toile.runs import read_record as read_checked

Fraction = Annotated[float, Field(ge=0, le=1)]
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
    images: Number
    looks: Number
    networks: Number
    look: _OneLook


class SearchRecord(Named):
    """`search.json`; `told` are numbers of trials, from 1."""

    asked: list[dict[str, Any]] = Field([])
    told: list[Annotated[int, Field(ge=1)]] = Field([])
    failed: dict[str, str] = Field({})


class SummaryRecord(Named):
    """`summary.json`, of which a listing reads how many trials ended and the sentence."""

    finished: Number
    pruned: Number
    diverged: Number
    failed: Number
    planned: Number
    ended: bool
    sentence: str


class PrunedRecord(Named):
    """`pruned.json` of a trial that was stopped early."""

    epoch: Number


class SheetRecord(Named):
    """`sheet.json`."""

    title: str
    quick: bool
    exercises: Number
    ended: Number


class _Picture(Named):
    uri: str


class _McNemar(Named):
    both: Number
    only_first: Number
    only_second: Number
    neither: Number
    p: Fraction


class _TopClass(Named):
    probability: Fraction


class OutcomeRecord(Named):
    """`outcome.json`: of images shown, of a comparison, or of a network taken away."""

    levels: dict[str, Annotated[list[float], Field(min_length=1)]] | None = None
    runs: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    mcnemar: _McNemar | None = None
    pictures: list[_Picture] | None = None
    top: Annotated[list[_TopClass], Field(min_length=1)] | None = None
    picture: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.-]*$")] | None = None
    file: str | None = None
    label: str | None = None
    unlike: str = ""
    seen: list[str] = Field([])
    warnings: list[str] = Field([])


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
