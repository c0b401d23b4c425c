"""Files that a page brings: written as they come, in a folder that becomes a dataset's."""

import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.files import writing
from toile.runs import DataList

UPLOAD = re.compile(r"[0-9a-f]{16}")
# What readers know files by; a name that is none of these leads nowhere.
FILE_NAME = re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9 _.,+()\[\]-]{0,119}")
MOST_FILES = 16
KEPT_SECONDS = 86_400.0


@dataclass(frozen=True)
class Uploads:
    """Uploads of a workspace, by an opaque id each, beside the datasets that it remembers."""

    datasets: DataList

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.datasets.folder

    def new(self) -> str:
        """A place for files to come. Those that became no dataset within a day are deleted."""
        upload = secrets.token_hex(8)
        with writing(self.folder):
            self._of(upload).mkdir(parents=True, mode=0o700)
        inside = [Path(entry.path) for entry in self.datasets.entries()]
        for old in self.folder.glob("upload-*"):
            is_dataset = any(old.resolve() in (path, *path.parents) for path in inside)
            if not is_dataset and time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        return upload

    async def write(self, upload: str, file_name: str, chunks: AsyncIterator[bytes]) -> int:
        """Write a file as it comes, and give its size. A part is not kept where it breaks off."""
        folder = self.path(upload)
        if not FILE_NAME.fullmatch(file_name):
            raise ToileError(
                f"a file is called {file_name!r:.80}; its name is of up to 120 Latin letters, "
                "digits, spaces, points and dashes: rename it first"
            )
        if len(list(folder.glob("[!.]*"))) >= MOST_FILES:
            raise ToileError(f"{MOST_FILES} files have come, which is the most; make a zip of them")
        path, partial = folder / file_name, folder / f".{secrets.token_hex(4)}.part"
        num_bytes = 0
        try:
            with writing(path), partial.open("wb") as file:
                async for chunk in chunks:
                    num_bytes += file.write(chunk)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return num_bytes

    def path(self, upload: str) -> Path:
        """The folder of an upload. Raises ToileError where there is none."""
        if not UPLOAD.fullmatch(upload) or not self._of(upload).is_dir():
            raise ToileError("these files are here no more; drop them again")
        return self._of(upload)

    def source(self, upload: str) -> Path:
        """What a reader is given: the file where one came, or the folder of several."""
        folder = self.path(upload)
        files = sorted(folder.glob("[!.]*"))
        if not files:
            raise ToileError("no file has come; drop one first")
        return files[0] if len(files) == 1 else folder

    def _of(self, upload: str) -> Path:
        return self.folder / f"upload-{upload}"
