"""A run read back: a folder of plain files, read when asked for."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from toile.errors import ToileError
from toile.recipe import Recipe, read_recipe_file
from toile.runs.tensors import load_arrays

Record = dict[str, Any]


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

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe as it was run, every `auto` resolved."""
        return read_recipe_file(self.folder / "recipe.yaml")

    @property
    def data(self) -> Record:
        """What the network needs to know of its data: class names, shape, scale, fingerprint."""
        return self._json("data.json")

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
        if not path.exists():
            raise ToileError(f"{self.id} has no {name}; `toile show {self.id}` tells its state")
        record: Record = json.loads(path.read_text())
        return record


def read_records(path: Path) -> list[Record]:
    """The records of a history file, up to the first torn line."""
    records: list[Record] = []
    if not path.exists():
        return records
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            records.append(json.loads(line))
        except ValueError:
            break
    return records
