"""The fields that Toile reads from the small JSON files of a sheet.

A record is returned complete, with fields that a newer Toile may have added.
"""

from typing import Annotated

from pydantic import Field

from toile.runs import Named
from toile.studies import Number

Fraction = Annotated[float, Field(ge=0, le=1)]


class SheetRecord(Named):
    """`sheet.json`."""

    title: str
    quick: bool
    exercises: Number
    ended: Number
    unanswered: list[int] = Field([])


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
    """`outcome.json`: of shown images, of a comparison, or of an exported network."""

    levels: dict[str, Annotated[list[float], Field(min_length=1)]] | None = None
    runs: Annotated[list[str], Field(min_length=2, max_length=2)] | None = None
    mcnemar: _McNemar | None = None
    pictures: list[_Picture] | None = None
    top: Annotated[list[_TopClass], Field(min_length=1)] | None = None
    picture: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.-]*$")] | None = None
    file: str | None = None
    label: str | None = None
    unlike: str = ""
    setting: str = ""
    seen: list[str] = Field([])
    warnings: list[str] = Field([])
