"""Drafts: unfinished work of a page, stored so that a reload or another browser has it too."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toile.errors import ToileError
from toile.files import write_json

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MOST_BYTES = 1_000_000
MOST_DRAFTS = 200


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

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Store a draft and replace an earlier one. Raises ToileError beyond 200 drafts or 1 MB."""
        file = self._file(name)
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
