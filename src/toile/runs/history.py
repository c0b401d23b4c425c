"""The history file while it is written: a line per record, cut back when a run resumes."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from toile.files import finite, write_all, writing
from toile.runs.tensors import CorruptFile


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
            # Without a buffer, which a full disk would leave to be written when the file is closed.
            self._file = path.open("ab", buffering=0)
            self._file.truncate(size)
            self._file.seek(size)

    def append(self, kind: str, record: Any) -> None:
        """Add one dataclass as a line; on disk after the next `sync`."""
        line = {"kind": kind, **asdict(record)}
        with writing(self._path):
            write_all(self._file, (json.dumps(finite(line)) + "\n").encode())

    def sync(self) -> int:
        """Bring all lines to disk; returns the size in bytes."""
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
