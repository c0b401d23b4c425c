"""Drafts: unfinished work of a page, stored so that a reload or another browser has it too."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from toile.errors import ToileError
from toile.files import write_json
from toile.runs import DataElsewhere

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MOST_BYTES = 1_000_000
MOST_DRAFTS = 200
ELSEWHERE = "data_elsewhere"
"""What the server adds to a draft of a bundled run: that its data lies on another machine."""
_READER = TypeAdapter(DataElsewhere)


@dataclass(frozen=True)
class Drafts:
    """Named JSON objects in a folder."""

    folder: Path

    def names(self) -> list[str]:
        """The drafts' names, the last changed first."""
        if not self.folder.is_dir():
            return []
        files = sorted(self.folder.glob("*.json"), key=lambda file: -file.stat().st_mtime)
        return [file.stem for file in files]

    def read(self, name: str) -> dict[str, Any] | None:
        """The draft `name`; None if it is missing or cannot be read."""
        try:
            content = json.loads(self._file(name).read_bytes())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def data_elsewhere(self, name: str) -> DataElsewhere | None:
        """The data of the bundled run that the draft is of; None of a draft of anything else."""
        try:
            return _READER.validate_python((self.read(name) or {}).get(ELSEWHERE))
        except ValidationError:
            return None

    def write(
        self, name: str, content: dict[str, Any], elsewhere: DataElsewhere | None = None
    ) -> None:
        """Store a draft and replace an earlier one. Raises ToileError beyond 200 drafts or 1 MB.

        `elsewhere` is the data of the bundled run that `content` is of. It stays with the draft
        when that is changed, so that it is known also after the run is deleted.
        """
        file = self._file(name)
        elsewhere = elsewhere or self.data_elsewhere(name)
        if elsewhere is not None:
            content = content | {ELSEWHERE: _READER.dump_python(elsewhere, mode="json")}
        if len(json.dumps(content)) > MOST_BYTES:
            raise ToileError(
                f"the draft {name} is over {MOST_BYTES:,} bytes, the limit; make it smaller"
            )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists() and len(self.names()) >= MOST_DRAFTS:
            raise ToileError(f"there are {MOST_DRAFTS} drafts, which is the limit; delete some")
        write_json(file, content)

    def remove(self, name: str) -> None:
        """Delete a draft."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ToileError(
                f"{name!r:.80} cannot name a draft; use up to 60 small letters, digits and dashes"
            )
        return self.folder / f"{name}.json"
