"""Drafts: what is being made on a page, kept so that a reload or another browser finds it again."""

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
        """Every draft's name, the one last changed first."""
        if not self.folder.is_dir():
            return []
        files = sorted(self.folder.glob("*.json"), key=lambda file: -file.stat().st_mtime)
        return [file.stem for file in files]

    def read(self, name: str) -> dict[str, Any] | None:
        """The draft called so; None where there is none, or none that can be read."""
        try:
            content = json.loads(self._file(name).read_bytes())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Keep a draft in place of the one before. Raises ToileError where there are too many."""
        file = self._file(name)
        if len(json.dumps(content)) > MOST_BYTES:
            raise ToileError(f"the draft {name} is over {MOST_BYTES:,} bytes, the most")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists() and len(self.names()) >= MOST_DRAFTS:
            raise ToileError(f"there are {MOST_DRAFTS} drafts, which is the most; delete some")
        write_json(file, content)

    def remove(self, name: str) -> None:
        """Forget a draft."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ToileError(
                f"a draft is called {name!r:.80}; its name is of small letters, digits and dashes"
            )
        return self.folder / f"{name}.json"
