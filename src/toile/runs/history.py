"""The history of a run: a line per record, cut back when the run resumes, and read back."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float

from toile.files import finite, write_all, writing
from toile.migrations import versioned_line
from toile.runs.corrupt_file import CorruptFile
from toile.runs.records import Line, Record, read_record


@dataclass(frozen=True)
class History:
    """A run's records: `steps` some twenty times an epoch, `epochs` once, as the file has them.

    The arrays have a number for each epoch, the first first: accuracies are fractions, losses
    cross-entropies in nats, NaN where one was not finite.

        >>> history = run.history
        >>> history.validation_accuracy.shape, history.training_loss[1] < history.training_loss[0]
        ((2,), True)
    """

    steps: tuple[Record, ...]
    epochs: tuple[Record, ...]

    def __repr__(self) -> str:
        return f"History({len(self.steps)} steps, {len(self.epochs)} epochs)"

    @property
    def training_accuracy(self) -> Float[np.ndarray, " epochs"]:
        """Over the images trained on, while the weights changed."""
        return self._of_epochs("training", "accuracy")

    @property
    def training_loss(self) -> Float[np.ndarray, " epochs"]:
        """Over the images trained on, while the weights changed."""
        return self._of_epochs("training", "loss")

    @property
    def validation_accuracy(self) -> Float[np.ndarray, " epochs"]:
        """Over all validation images, after each epoch; NaN where none are held out."""
        return self._of_epochs("validation", "accuracy")

    @property
    def validation_loss(self) -> Float[np.ndarray, " epochs"]:
        """Over all validation images, after each epoch; NaN where none are held out."""
        return self._of_epochs("validation", "loss")

    @property
    def seconds(self) -> Float[np.ndarray, " epochs"]:
        """Seconds since the first step at the end of each epoch, scoring included."""
        return np.array([epoch["total_seconds"] for epoch in self.epochs], np.float64)

    def _of_epochs(self, part: str, measure: str) -> Float[np.ndarray, " epochs"]:
        # None, which JSON has for what is not finite, becomes NaN.
        return np.array([epoch[part][measure] for epoch in self.epochs], np.float64)


def read_history(folder: Path) -> History:
    """The whole records of the run in `folder` so far; a torn last line is left out.

    Raises CorruptFile where a whole line is damaged, or epochs are missing.
    """
    path = folder / "history.jsonl"
    records = read_records(path)
    history = History(
        tuple(record for record in records if record["kind"] == "step"),
        tuple(record for record in records if record["kind"] == "epoch"),
    )
    if any(record["epoch"] != number for number, record in enumerate(history.epochs, start=1)):
        raise CorruptFile(f"{path} is damaged: its epochs are not 1, 2, 3 and so on")
    return history


def read_records(path: Path) -> list[Record]:
    """The whole lines of a history file; what a kill left of a last line is left out.

    Raises CorruptFile where a whole line is damaged or is no record of a step or an epoch.
    """
    if not path.exists():
        return []
    records = [read_record(line, Line, path) for line in path.read_bytes().split(b"\n")[:-1]]
    return [{key: record[key] for key in record if key != "version"} for record in records]


@dataclass(frozen=True)
class HistoryPart:
    """What was written after a place in a history: `since` is where it begins, `until` the next.

    `since` is 0 again where the history was cut back behind the place that was asked for.
    """

    records: tuple[Record, ...]
    since: int
    until: int


def history_since(folder: Path, since: int = 0) -> HistoryPart:
    """The whole records of the run in `folder` from byte `since` on; a torn last line is left out.

    Raises CorruptFile where a whole line is damaged or is no record of a step or an epoch.
    """
    path = folder / "history.jsonl"
    if not path.exists():
        return HistoryPart((), 0, 0)
    with path.open("rb") as file:
        # A run that goes on writes anew what came after its checkpoint.
        if since and (
            os.fstat(file.fileno()).st_size < since or _byte_before(file, since) != b"\n"
        ):
            since = 0
        file.seek(since)
        complete, newline, _ = file.read().rpartition(b"\n")
    records = tuple(read_record(line, Line, path) for line in complete.split(b"\n") if newline)
    return HistoryPart(records, since, since + len(complete) + len(newline))


def _byte_before(file: BinaryIO, position: int) -> bytes:
    file.seek(position - 1)
    return file.read(1)


class HistoryFile:
    """`history.jsonl`, opened to go on after its first `size` bytes; what follows them is cut."""

    def __init__(self, path: Path, size: int = 0) -> None:
        self._path = path
        if size and (not path.exists() or path.stat().st_size < size):
            raise CorruptFile(
                f"{path} is shorter than the {size} bytes its checkpoint knows; bring it back"
            )
        # What follows the checkpoint will be trained, and written, again.
        with writing(path):
            # Without a buffer, which on a full disk would be written when the file is closed.
            self._file = path.open("ab", buffering=0)
            self._file.truncate(size)
            self._file.seek(size)

    def append(self, kind: str, record: Any) -> None:
        """Add one dataclass as a line; on disk after the next `sync`."""
        line = versioned_line(self._path.name, {"kind": kind, **asdict(record)})
        with writing(self._path):
            write_all(self._file, (json.dumps(finite(line)) + "\n").encode())

    def sync(self) -> int:
        """Write all lines to disk; returns the size in bytes."""
        with writing(self._path):
            os.fsync(self._file.fileno())
        return self._file.tell()

    def __enter__(self) -> "HistoryFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
