"""A run's folder sent between machines: one zip in memory, unpacked whole or not at all."""

import hashlib
import io
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.files import sync_folder, write_atomically, writing


@dataclass(frozen=True)
class Archive:
    """The files of a folder, and the sha256 of the zip they are in."""

    content: bytes
    sha256: str


def pack(folder: Path) -> Archive:
    """All files of `folder`, but its lock and what a kill left half written."""
    written = io.BytesIO()
    # Weights are most of it, and noise to a compressor.
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as zipped:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                zipped.write(path, path.relative_to(folder).as_posix())
    content = written.getvalue()
    return Archive(content, hashlib.sha256(content).hexdigest())


def unpack(archive: Archive, folder: Path) -> None:
    """Put the files of `archive` in the place of `folder`, whole or not at all.

    Raises ToileError where it was damaged on its way, or there is no room for it.
    """
    if hashlib.sha256(archive.content).hexdigest() != archive.sha256:
        raise ToileError(f"{folder.name} came back damaged: it has another sha256 than it was sent")
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    # Filled beside its place and then renamed: half a folder would be taken for a run.
    # Only one process brings a run back, so what is there was left by one that was killed.
    staging = folder.parent / f".coming-{folder.name}"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        with writing(folder), zipfile.ZipFile(io.BytesIO(archive.content)) as zipped:
            for name in zipped.namelist():
                target = staging / name
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(target, zipped.read(name))
        with writing(folder):
            # An older state of the same run, which a rename does not replace.
            if folder.exists():
                shutil.rmtree(folder)
            os.rename(staging, folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
