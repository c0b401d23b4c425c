"""A run read back: a folder of plain files, read when asked for."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8
from pydantic import ValidationError

from toile.data import DataFacts
from toile.errors import ToileError
from toile.recipe import Recipe, read_recipe_file
from toile.runs.tensors import CorruptFile, load_arrays

Record = dict[str, Any]


def runs_folder() -> Path:
    """Where runs are kept: `$TOILE_RUNS`, or `runs` here."""
    return Path(os.environ.get("TOILE_RUNS") or "runs")


@dataclass(frozen=True)
class Validation:
    """What the scored weights answered on the validation images."""

    logits: Float[np.ndarray, "n k"]
    labels: Int[np.ndarray, " n"]
    indices: Int[np.ndarray, " n"]
    chooses: UInt8[np.ndarray, " n"]


@dataclass(frozen=True)
class History:
    """A run's records: `steps` some twenty times an epoch, `epochs` once."""

    steps: tuple[Record, ...]
    epochs: tuple[Record, ...]


@dataclass(frozen=True)
class Run:
    """One training of one recipe with one seed, in one folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name, by which a run is called."""
        return self.folder.name

    @property
    def name(self) -> str:
        """What the run may be called by: its id among the kept runs, else its folder."""
        return self.id if self.folder.parent == runs_folder() else str(self.folder)

    @property
    def recipe(self) -> Recipe:
        """The recipe as it was run, every `auto` resolved."""
        return read_recipe_file(self.folder / "recipe.yaml")

    @property
    def data(self) -> Record:
        """What the network needs to know of its data: class names, shape, scale, fingerprint."""
        return self._json("data.json")

    @property
    def facts(self) -> DataFacts:
        """The same, checked. Raises CorruptFile where something is missing or of another kind."""
        try:
            return DataFacts.model_validate(self.data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            message = f"{self.folder / 'data.json'} is damaged: {where}: {first['msg']}"
            raise CorruptFile(message) from None

    @property
    def environment(self) -> Record:
        """Machine and versions."""
        return self._json("environment.json")

    @property
    def results(self) -> Record:
        """Scores, convergence and seconds, once the run has ended."""
        return self._json("results.json")

    @property
    def history(self) -> History:
        """The records so far; a torn last line is left out."""
        records = read_records(self.folder / "history.jsonl")
        return History(
            tuple(record for record in records if record["kind"] == "step"),
            tuple(record for record in records if record["kind"] == "epoch"),
        )

    @property
    def validation(self) -> Validation:
        """Logits, labels and places in the training part of the validation images."""
        path = self.folder / "validation.safetensors"
        if not path.exists():
            raise ToileError(f"{self.id} has no {path.name}; it has not ended an epoch")
        stored = load_arrays(path).arrays
        return Validation(stored["logits"], stored["labels"], stored["indices"], stored["chooses"])

    def _json(self, name: str) -> Record:
        path = self.folder / name
        try:
            record: Record = json.loads(path.read_text())
        except FileNotFoundError:
            raise ToileError(f"{path} is not there; the run has not come so far") from None
        except (OSError, ValueError) as error:
            raise CorruptFile(f"{path} is damaged: {error}") from None
        return record


def read_records(path: Path) -> list[Record]:
    """The whole lines of a history file; what a kill left of a last line is left out.

    Raises CorruptFile where a whole line is damaged.
    """
    if not path.exists():
        return []
    try:
        return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    except ValueError as error:
        raise CorruptFile(f"{path} is damaged: {error}") from None
