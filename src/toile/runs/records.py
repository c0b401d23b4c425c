"""The fields that the JSON files of a run must have, since pages and comparisons read them.

A record is returned as it stands, with what a newer Toile may have added to it.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from toile.errors import ToileError
from toile.migrations import read_form
from toile.recipe import first_fault
from toile.runs.corrupt_file import CorruptFile

Record = dict[str, Any]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Named(BaseModel):
    """Any record of named fields, and what is common to those below.

    Strict, since the record itself is handed on, not the model read from it.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore")


class _Score(Named):
    loss: float | None
    accuracy: Fraction


class _HeldOutScore(Named):
    """A score of images that are held out; null where there are none."""

    loss: float | None
    accuracy: Fraction | None


class _Step(Named):
    kind: Literal["step"]
    step: Count
    loss: float | None
    accuracy: Fraction


class _Epoch(Named):
    kind: Literal["epoch"]
    epoch: Count
    step: Count
    training: _Score
    validation: _HeldOutScore
    holdout: _HeldOutScore
    selection: _HeldOutScore
    best: bool
    seconds: Seconds
    evaluation_seconds: Seconds
    total_seconds: Seconds


class Line(RootModel[Annotated[_Step | _Epoch, Field(discriminator="kind")]]):
    """A line of `history.jsonl`."""


class _Estimate(Named):
    value: Fraction | None
    low: Fraction
    high: Fraction
    n: Annotated[int, Field(ge=0)]


class _Validation(Named):
    accuracy: _Estimate
    loss: float | None


class _Scored(Named):
    accuracy: _Estimate
    of: str
    weights: Literal["last", "ema"]


class _Best(Named):
    epoch: Annotated[int, Field(ge=0, lt=2**63)]
    accuracy: _Estimate
    of: str


class _Spent(Named):
    total: Seconds
    training: Seconds
    evaluation: Seconds
    first_epoch: Seconds
    per_epoch: Seconds | None


class _Seen(Named):
    sentence: str


class _Reached(Named):
    accuracy: Fraction
    epoch: Count | None
    seconds: Seconds | None


class Results(Named):
    """`results.json`."""

    state: str
    epochs: Annotated[int, Field(ge=0, lt=2**63)]
    steps: Annotated[int, Field(ge=0)]
    parameters: Annotated[int, Field(ge=0)]
    macs: Annotated[int, Field(ge=0)]
    weights: dict[str, str]
    convergence: list[_Reached]
    validation: _Validation
    score: _Scored
    best: _Best
    seconds: _Spent
    seen: _Seen | None = None


class Pruning(Named):
    """`pruning.json`: what cutting the network out of its parent's came to, after `epoch`."""

    parent: str
    sentence: str
    removed: dict[str, list[int]]
    parameters: list[int]
    macs: list[int]
    seconds: list[Seconds]
    epoch: Annotated[int, Field(ge=0, lt=2**63)] | None = None


MOST_PANELS = 100
"""Kinds of harder pictures, and strengths of each; the figure has a panel for each kind."""


class _Accuracy(Named):
    value: Fraction
    low: Fraction
    high: Fraction
    n: Count


class _Strength(Named):
    strength: float
    accuracy: _Accuracy


class _Corruption(Named):
    corruption: str
    unit: str
    strengths: Annotated[list[_Strength], Field(min_length=1, max_length=MOST_PANELS)]


class _AttackScore(Named):
    method: str
    eps: float
    accuracy: _Accuracy


class _Attacks(Named):
    clean: _Accuracy | None
    scores: Annotated[list[_AttackScore], Field(max_length=MOST_PANELS)]


class _NoClass(Named):
    kind: str
    answered: _Accuracy


class RobustnessRecord(Named):
    """`robustness.json`: how often the run is right on harder pictures.

    `weights_sha256` tells the weights that were measured; empty in files from before it was kept.
    """

    sentence: str
    weights: Literal["last", "best"] = "last"
    weights_sha256: str = ""
    seen: str | None = None
    clean: _Strength
    corruptions: Annotated[list[_Corruption], Field(min_length=1, max_length=MOST_PANELS)]
    attacks: _Attacks
    no_class: Annotated[list[_NoClass], Field(max_length=MOST_PANELS)]
    of: str


class _Proof(Named):
    runtime: str
    n: Count
    largest: Annotated[float, Field(ge=0)]


class Import(Named):
    """`import.json`: how a network from elsewhere was read."""

    sentence: str
    proof: _Proof | None = None


class Bundled(Named):
    """`bundle.json`: the bundle that the run came in, its folder's name and the looks in it."""

    file: str
    folder: str = ""
    looks: Annotated[int, Field(ge=0)] = 0


class ScoreRecord(Named):
    """What came of a look, as a line of `ledger.jsonl` keeps it. A study's has no loss."""

    accuracy: _Estimate
    loss: float | None = None
    seen: str = ""


class Environment(Named):
    """`environment.json`."""

    toile: str
    python: str
    torch: str
    numpy: str
    system: str
    machine: str = ""
    processor: str
    cores: int | None
    device: str
    threads: int
    precision: str


def read_record(text: bytes, kind: type[BaseModel], path: Path) -> Record:
    """The record in `text`, part of the file at `path`, in today's form.

    Raises CorruptFile where it is none, and ToileError where it is a newer Toile's.
    """
    record: Record = read_json(text, path)
    try:
        kind.model_validate(record)
    except ValidationError as error:
        raise damaged(path, error) from None
    return record


def read_record_file(path: Path, kind: type[BaseModel]) -> Record:
    """The record in the file at `path`. Raises ToileError if it is missing or cannot be read."""
    try:
        return read_record(path.read_bytes(), kind, path)
    except FileNotFoundError:
        if not path.parent.exists():
            raise ToileError(
                f"{path.parent} is not there any more; if it was renamed, open it by its new name, "
                "which `toile runs` lists"
            ) from None
        raise ToileError(f"{path} is not there; the run has not come so far") from None
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None


def read_json(text: bytes, path: Path) -> Any:
    """The same, whatever it holds."""
    try:
        # Decoded first, since json.loads takes bytes for halves of characters for text; JSON can
        # name those too, and no file or terminal takes them.
        record = json.loads(text.decode())
        if b"\\u" in text:
            json.dumps(record, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"{path} is damaged: {error}") from None
    return read_form(record, path.name, path) if isinstance(record, dict) else record


def damaged(path: Path, error: ValidationError) -> CorruptFile:
    """The first thing wrong with the content of `path`."""
    return CorruptFile(f"{path} is damaged: {first_fault(error)}")
