"""What the small JSON files of a search must hold, as far as they are read.

A record is returned as it stands, with what a newer Toile may have added to it.
"""

from typing import Annotated, Any

from pydantic import Field

from toile.runs import Named
from toile.studies import Number


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
