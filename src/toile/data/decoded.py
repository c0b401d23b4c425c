"""The decoded cache: a source's images as memory-mapped arrays, so that loading takes a moment.

One folder for each key; the key covers the files' sizes and times and the settings of reading, so
a stale entry is never found. A damaged one is not believed (checksums), and is written again.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from toile.data.dataset import Skipped
from toile.data.fingerprint import Identity
from toile.data.greys import Greys
from toile.data.images import Images
from toile.data.locations import cache_folder
from toile.data.readers import READER_VERSION
from toile.recipe import Data

READING_SETTINGS = {"size_px", "colour", "label_column", "test", "rule", "orientation", "white"}
FORMAT = 4
"""Raised when an entry's files change, so that one of another form is not looked at."""
KINDS = {"pixels": "pixels", "labels": "labels", "marks": "hashes"}
"""What an entry's files are called, and what they hold of `Images`."""
ARRAYS = tuple(f"{part}-{kind}" for part in ("train", "test") for kind in KINDS)
SOURCES = "train-sources"
"""Of an augmented set alone: the hashes of the pictures that its own are variants of."""
UNFINISHED = "unfinished-"
SECONDS_TO_WRITE = 3600.0
"""A folder is as old as the beginning of its newest file, and no file takes an hour."""
CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class Decoded:
    """A source as read, divided and hashed: all that a dataset needs but its name."""

    train: Images
    test: Images
    class_names: tuple[str, ...]
    identity: Identity
    release: str | None
    skipped: tuple[Skipped, ...]
    nulls: int | None
    nans: int | None
    notes: tuple[str, ...]
    was_transposed: bool
    greys: Greys | None


def decoded_key(path: Path, files: list[Path], data: Data) -> str:
    """Names the entry for these files, as they are now, read with these settings."""
    stats = [(str(file), stat.st_size, stat.st_mtime_ns) for file in files if (stat := file.stat())]
    settings = data.model_dump(mode="json", include=READING_SETTINGS)
    # Times in whole seconds would miss a file rewritten within one.
    # The version stands in the key, so a reader that changed finds none of its old entries.
    words = json.dumps(
        [FORMAT, READER_VERSION, str(path.resolve()), stats, settings], sort_keys=True
    )
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def read_decoded(key: str) -> Decoded | None:
    """The entry, memory-mapped (copy on write), or None if there is none that can be believed."""
    folder = _folder(key)
    try:
        about = json.loads((folder / "about.json").read_text())
        names = [*ARRAYS, *([SOURCES] if SOURCES in about["checksums"] else [])]
        for name in names:
            if _checksum(folder / f"{name}.npy") != about["checksums"][name]:
                return None
        # Copy on write, as torch warns of arrays that cannot be written to.
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c") for name in names}
        return _decoded(arrays, about)
    except (OSError, ValueError, KeyError):
        return None


def _decoded(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Decoded:
    return Decoded(
        replace(
            _images(arrays, about, "train"),
            num_held_out=about["held_out"],
            sources=arrays[SOURCES].view(np.ndarray) if SOURCES in arrays else None,
        ),
        _images(arrays, about, "test"),
        class_names=tuple(about["class_names"]),
        identity=Identity(**about["identity"]),
        release=about["release"],
        skipped=tuple(Skipped(**skipped) for skipped in about["skipped"]),
        nulls=about["nulls"],
        nans=about["nans"],
        notes=tuple(about["notes"]),
        was_transposed=about["is_turned"],
        greys=about["greys"] and Greys.model_validate(about["greys"]),
    )


def _images(arrays: dict[str, np.ndarray], about: dict[str, Any], part: str) -> Images:
    # As plain arrays over the same map: every slice of an np.memmap would be one again.
    pixels, labels, hashes = (arrays[f"{part}-{kind}"].view(np.ndarray) for kind in KINDS)
    names = about["names"][part]
    return Images(pixels, labels, hashes, None if names is None else tuple(names))


def write_decoded(key: str, decoded: Decoded) -> None:
    """Keep an entry, whole or not at all. Nothing is kept where the cache cannot be written."""
    folder = _folder(key)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_unfinished(folder.parent)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=UNFINISHED))
    except OSError:
        return
    try:
        _write_files(temporary, decoded)
        # os.rename refuses to replace a folder that holds files, so a damaged entry goes first.
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(temporary, folder)
    except OSError:
        # A full disk, or another process that was first with the same entry.
        shutil.rmtree(temporary, ignore_errors=True)


def _clear_unfinished(parent: Path) -> None:
    """Remove what kills left of entries; one that is still being written is younger."""
    for folder in parent.glob(f"{UNFINISHED}*"):
        if time.time() - folder.stat().st_mtime > SECONDS_TO_WRITE:
            shutil.rmtree(folder, ignore_errors=True)


def _write_files(folder: Path, decoded: Decoded) -> None:
    parts = {"train": decoded.train, "test": decoded.test}
    arrays = {}
    for name in ARRAYS:
        part, kind = name.split("-")
        arrays[name] = getattr(parts[part], KINDS[kind])
    if decoded.train.sources is not None:
        arrays[SOURCES] = decoded.train.sources
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    about: dict[str, Any] = {
        "class_names": decoded.class_names,
        "identity": asdict(decoded.identity),
        "release": decoded.release,
        "skipped": [asdict(skipped) for skipped in decoded.skipped],
        "nulls": decoded.nulls,
        "nans": decoded.nans,
        "notes": decoded.notes,
        "is_turned": decoded.was_transposed,
        "held_out": decoded.train.num_held_out,
        "names": {part: images.names for part, images in parts.items()},
        "greys": decoded.greys and decoded.greys.model_dump(mode="json"),
        "checksums": {name: _checksum(folder / f"{name}.npy") for name in arrays},
    }
    (folder / "about.json").write_text(json.dumps(about))


def _folder(key: str) -> Path:
    return cache_folder() / "decoded" / key


def _checksum(file: Path) -> int:
    """CRC-32: the guard is against cuts and rot, not against an enemy in one's own cache."""
    checksum = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
    return checksum
