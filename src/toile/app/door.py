"""One server per workspace: a lock, and a file with the server's address."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import file_lock, is_held
from toile.files import write_atomically

FOLDER = ".app"


@dataclass(frozen=True)
class AppDoor:
    """The lock and the address file of a workspace's server."""

    workspace: Path

    @property
    def folder(self) -> Path:
        """The folder of the app's own files: lock, address and drafts."""
        return self.workspace / FOLDER

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock. Raises ToileError with the address of the server that already holds it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ToileError(
                f"{self.workspace} cannot be a workspace: {error.strerror}; name another folder"
            ) from None
        if is_held(self.folder):
            raise self._already_running()
        with file_lock(self.folder, wait=False):
            try:
                yield
            finally:
                self._file.unlink(missing_ok=True)

    def say_where(self, url: str) -> None:
        """Write this server's address to a file that only its owner can read."""
        write_atomically(self._file, b"")
        self._file.chmod(0o600)
        # Into the existing file, which nobody else may read.
        with self._file.open("w") as file:
            json.dump({"url": url, "pid": os.getpid()}, file)

    @property
    def _file(self) -> Path:
        return self.folder / "server.json"

    def _already_running(self) -> ToileError:
        try:
            record = json.loads(self._file.read_text())
            where = f"at {record['url']} (process {record['pid']}); open that, or stop it first"
        except (OSError, ValueError, KeyError, TypeError):
            where = "and has not said where yet; try again in a moment"
        return ToileError(f"the app of {self.workspace} is running already {where}")
