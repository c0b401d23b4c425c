"""Uploaded files: written to a folder that later belongs to a dataset."""

import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool

from toile.errors import ToileError
from toile.files import writing
from toile.runs import DataList

UPLOAD = re.compile(r"[0-9a-f]{16}")
# Without slashes or a leading dot, so that a name cannot lead outside the folder.
FILE_NAME = re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9 _.,+()\[\]-]{0,119}")
MOST_FILES = 16
KEPT_SECONDS = 86_400.0
# Of all uploads that are no datasets yet; one file may have 4 GB.
MOST_BYTES = 16_000_000_000
# Disk space left free for trainings.
LEAST_FREE_BYTES = 1_000_000_000
WRITTEN_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Uploads:
    """The uploads of a workspace, each with a random id, in the folder of its added datasets."""

    datasets: DataList

    @property
    def folder(self) -> Path:
        """The folder of all uploads."""
        return self.datasets.folder

    def new(self) -> str:
        """Make a folder for files and return its id; delete uploads unused for a day."""
        upload = secrets.token_hex(8)
        with writing(self.folder):
            self._folder_of(upload).mkdir(parents=True, mode=0o700)
        self.sweep(KEPT_SECONDS)
        return upload

    def sweep(self, seconds: float = 0.0) -> None:
        """Delete uploads that are no datasets and did not change for `seconds`."""
        for folder in self._waiting():
            # Another request may have deleted it just now.
            with suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime >= seconds:
                    shutil.rmtree(folder, ignore_errors=True)

    def remove(self, upload: str) -> None:
        """Delete an upload. Raises ToileError if it has become a dataset."""
        folder = self.path(upload)
        if folder not in self._waiting():
            raise ToileError("these files are a dataset now; forget the dataset to delete them")
        shutil.rmtree(folder, ignore_errors=True)

    def remove_with(self, path: str) -> None:
        """Delete the upload that contains `path`, unless it is a dataset or no upload."""
        for folder in self._waiting():
            if folder in (Path(path), *Path(path).parents):
                shutil.rmtree(folder, ignore_errors=True)

    async def write(self, upload: str, file_name: str, chunks: AsyncIterator[bytes]) -> int:
        """Write the file as its bytes arrive, and return its size; an incomplete file is deleted.

        Raises ToileError if the disk or the space for uploads gets full.
        """
        path = self.path(upload) / self._checked(upload, file_name)
        partial = path.parent / f".{secrets.token_hex(4)}.part"
        room = MOST_BYTES - await run_in_threadpool(self._num_bytes)
        num_bytes, held = 0, bytearray()
        try:
            with writing(path), partial.open("wb") as file:
                async for chunk in chunks:
                    held += chunk
                    if len(held) >= WRITTEN_AT_ONCE:
                        num_bytes += await run_in_threadpool(_write, file, held, room - num_bytes)
                        held = bytearray()
                num_bytes += await run_in_threadpool(_write, file, held, room - num_bytes)
            await run_in_threadpool(self._keep, partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return num_bytes

    def path(self, upload: str) -> Path:
        """The folder of an upload. Raises ToileError if there is none."""
        if not UPLOAD.fullmatch(upload) or not self._folder_of(upload).is_dir():
            raise ToileError("these files were deleted; upload them again")
        return self._folder_of(upload)

    def files(self, upload: str) -> list[Path]:
        """The uploaded files, sorted by name. Raises ToileError if there is no such upload."""
        return sorted(self.path(upload).glob("[!.]*"))

    def source(self, upload: str) -> Path:
        """The path to read: the file if there is only one, or else the folder."""
        files = self.files(upload)
        if not files:
            raise ToileError("no file was uploaded; upload one first")
        return files[0] if len(files) == 1 else files[0].parent

    def _checked(self, upload: str, file_name: str) -> str:
        if not FILE_NAME.fullmatch(file_name):
            raise ToileError(
                f"the file name {file_name!r:.80} is not allowed; rename it with up to 120 Latin "
                "letters, digits, spaces, points and dashes"
            )
        if len(self.files(upload)) >= MOST_FILES:
            raise ToileError(f"an upload has at most {MOST_FILES} files; pack them in one zip")
        return file_name

    def _keep(self, partial: Path, path: Path) -> None:
        with writing(path):
            os.replace(partial, path)

    def _waiting(self) -> list[Path]:
        """Uploads that are no datasets, compared by name, since a workspace may have been moved."""
        inside = {part for entry in self.datasets.entries() for part in Path(entry.path).parts}
        return [folder for folder in self.folder.glob("upload-*") if folder.name not in inside]

    def _num_bytes(self) -> int:
        """Bytes of all uploads that are no datasets."""
        num_bytes = 0
        for folder in self._waiting():
            with suppress(FileNotFoundError):
                num_bytes += sum(file.stat().st_size for file in folder.iterdir())
        return num_bytes

    def _folder_of(self, upload: str) -> Path:
        return self.folder / f"upload-{upload}"


def _write(file: BinaryIO, content: bytearray, room: int) -> int:
    """Write a part, if there is space for it."""
    if len(content) > room:
        raise ToileError(
            f"uploads that are no datasets yet may have {MOST_BYTES / 1e9:g} GB together; add or "
            "delete earlier ones, or type the path of this file"
        )
    free = shutil.disk_usage(file.name).free
    if free - len(content) < LEAST_FREE_BYTES:
        raise ToileError(
            f"the disk has {free / 1e9:.1f} GB left, and {LEAST_FREE_BYTES / 1e9:g} GB stay free "
            "for trainings; delete other files, or type the path of these files"
        )
    return file.write(content)
