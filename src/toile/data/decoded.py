"""The decoded cache: a source's images as memory-mapped arrays, so that loading takes a moment.

One folder for each key; the key covers the files' sizes and times and the settings of reading, so
a stale entry is never found. A damaged one is not believed (checksums), and is written again.
"""

import io
import json
import os
import shutil
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from toile.data.dataset import Skipped
from toile.data.fingerprint import Identity
from toile.data.greys import Greys
from toile.data.images import Images, chunk_slices
from toile.data.locations import DECODING, decoding_folder, entry_folder
from toile.data.mapped_pixels import AnyPixels, MappedPixels, pixel_bytes_in
from toile.data.memory import is_large
from toile.errors import ToileError
from toile.file_lock import file_lock

PARTS = ("train", "test")
KINDS = {"labels": "labels", "marks": "hashes"}
"""What files of an entry are called beside those of pixels, and what they hold of `Images`."""
PIXEL_HASHES = "pixel-hashes"
"""What `Images.pixel_hashes` are called; entries of before have none, and they are computed."""
PARENTAGE = {"train-sources": "sources", "train-selection": "selection"}
"""Of an augmented set alone: files of an entry, and what they hold of the training `Images`."""
UNFINISHED = "unfinished-"
SECONDS_TO_WRITE = 3600.0
"""A folder is as old as the beginning of its newest file, and no file takes an hour."""
SECONDS_TO_GO_ON = 7 * 24 * 3600.0
"""How long pictures that were decoded wait for the decoding to go on."""
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


def read_decoded(key: str) -> Decoded | None:
    """The entry, memory-mapped, or None if there is none that can be believed."""
    folder = entry_folder(key)
    try:
        about = json.loads((folder / "about.json").read_text())
        for name in _names(about.get("pixel_files", {}), _extra_names(about)):
            if _checksum(folder / f"{name}.npy") != about["checksums"][name]:
                return None
        return _decoded(folder, about)
    except (OSError, ValueError, KeyError):
        return None


def open_decoded(key: str) -> Decoded:
    """The entry that has just been written or held to its checksums, which are not read again."""
    folder = entry_folder(key)
    return _decoded(folder, json.loads((folder / "about.json").read_text()))


def _extra_names(about: dict[str, Any]) -> list[str]:
    """The files of an entry that not every entry has."""
    extra = [*(f"{part}-{PIXEL_HASHES}" for part in PARTS), *PARENTAGE]
    return [name for name in extra if name in about["checksums"]]


def _is_augmented(about: dict[str, Any]) -> bool:
    return any(name in about["checksums"] for name in PARENTAGE)


def _names(pixel_files: dict[str, str], extra: list[str]) -> list[str]:
    """The files of an entry, without their ending, with the `extra` ones.

    The pixels of a part are a file of their own, or rows of one of `pixel_files`.
    """
    pixels = [f"{part}-rows" if part in pixel_files else f"{part}-pixels" for part in PARTS]
    kinds = [f"{part}-{kind}" for part in PARTS for kind in KINDS]
    shared = sorted({Path(file).stem for file in pixel_files.values()})
    return [*pixels, *kinds, *shared, *extra]


def _decoded(folder: Path, about: dict[str, Any]) -> Decoded:
    pixel_files = about.get("pixel_files", {})
    files = {part: folder / pixel_files.get(part, f"{part}-pixels.npy") for part in PARTS}
    is_mapped = is_large(sum(map(pixel_bytes_in, set(files.values()))))
    train, test = (_images(folder, about, part, files[part], is_mapped) for part in PARTS)
    return Decoded(
        replace(train, num_held_out=about["held_out"], **_parentage(folder, about)),
        test,
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


def _images(
    folder: Path, about: dict[str, Any], part: str, pixel_file: Path, is_mapped: bool
) -> Images:
    # As plain arrays over the same map: every slice of an np.memmap would be one again.
    labels, hashes = (_mapped_array(folder / f"{part}-{kind}.npy") for kind in KINDS)
    names = about["names"][part]
    has_rows = part in about.get("pixel_files", {})
    pixels: AnyPixels
    if is_mapped or has_rows:
        rows = np.load(folder / f"{part}-rows.npy") if has_rows else None
        mapped = MappedPixels.open(pixel_file, rows)
        # An entry may have been written where there was less memory.
        pixels = mapped if is_mapped else mapped[:]
    else:
        pixels = _mapped_array(pixel_file)
    return Images(
        pixels,
        labels,
        hashes,
        None if names is None else tuple(names),
        read_pixel_hashes=(
            _mapped_array(folder / f"{part}-{PIXEL_HASHES}.npy")
            if f"{part}-{PIXEL_HASHES}" in about["checksums"]
            else None
        ),
    )


def _parentage(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """What the training images of an augmented set have of its parent."""
    if not _is_augmented(about):
        return {}
    return {field: _mapped_array(folder / f"{name}.npy") for name, field in PARENTAGE.items()}


def _mapped_array(file: Path) -> np.ndarray:
    # Copy on write, as torch warns of arrays that cannot be written to.
    return np.load(file, mmap_mode="c").view(np.ndarray)


def remove_entry(key: str) -> None:
    """Remove an entry that is damaged. Raises ToileError where it cannot be removed."""
    folder = entry_folder(key)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        refuse_entry(key)


def discard_decoding(key: str) -> None:
    """Remove what was decoded into files of a set that is refused, unless another process holds it.

    Its room on the disk would be missing for a week.
    """
    folder = decoding_folder(key)
    if folder.exists():
        with suppress(ToileError), file_lock(folder, wait=False):
            shutil.rmtree(folder, ignore_errors=True)


def refuse_entry(key: str) -> NoReturn:
    """Raise the error for an entry that can neither be read nor be written anew."""
    raise ToileError(
        f"{entry_folder(key)}: is no intact entry of the cache of decoded images, and could not be "
        "replaced by one; remove it, or set TOILE_CACHE to a folder that may be written to"
    )


def write_decoded(key: str, decoded: Decoded) -> bool:
    """Keep an entry, whole or not at all, and whether one is kept.

    None is where the cache cannot be written.

    Where a decoding left the pixels in a folder of their own, that becomes the entry. An intact one
    that another process wrote meanwhile stays.
    """
    folder = entry_folder(key)
    decoding = decoding_folder(key)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _clear_unfinished(folder.parent)
        if decoding.exists():
            with file_lock(decoding):
                # The lock may be of a folder that another process has made the entry.
                if read_decoded(key) is None:
                    _write_entry(decoding, folder, decoded)
            return True
        if read_decoded(key) is not None:
            return True
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=UNFINISHED))
    except (OSError, ToileError):
        return False
    try:
        _write_entry(temporary, folder, decoded)
        return True
    except OSError:
        # A full disk, or another process that was first with the same entry.
        shutil.rmtree(temporary, ignore_errors=True)
        return False


def _write_entry(temporary: Path, folder: Path, decoded: Decoded) -> None:
    names = _write_files(temporary, decoded)
    # os.rename refuses to replace a folder that holds files, so a damaged entry goes first.
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(temporary, folder)
    # What the decoding wrote down for itself, and pixels that were copied.
    for file in folder.iterdir():
        if file.stem not in (*names, "about"):
            file.unlink(missing_ok=True)


def _clear_unfinished(parent: Path) -> None:
    """Remove what kills left of entries; one that is still being written is younger."""
    for prefix, seconds in ((UNFINISHED, SECONDS_TO_WRITE), (DECODING, SECONDS_TO_GO_ON)):
        for folder in parent.glob(f"{prefix}*"):
            try:
                written = max(file.stat().st_mtime for file in (folder, *folder.glob("*.jsonl")))
            except FileNotFoundError:
                continue  # another process has renamed or removed it
            if time.time() - written > seconds:
                shutil.rmtree(folder, ignore_errors=True)


def _write_files(folder: Path, decoded: Decoded) -> list[str]:
    """Write the files of an entry, and return what they are called without their ending."""
    parts = {"train": decoded.train, "test": decoded.test}
    pixel_files: dict[str, str] = {}
    checksums: dict[str, int] = {}
    for part, images in parts.items():
        pixels = images.pixels
        if isinstance(pixels, MappedPixels) and pixels.file and pixels.file.parent == folder:
            pixel_files[part] = pixels.file.name
            np.save(folder / f"{part}-rows.npy", pixels.rows)
        else:
            checksums[f"{part}-pixels"] = _save_pixels(folder / f"{part}-pixels.npy", pixels)
        for kind, name in KINDS.items():
            np.save(folder / f"{part}-{kind}.npy", getattr(images, name), allow_pickle=False)
        np.save(folder / f"{part}-{PIXEL_HASHES}.npy", images.pixel_hashes, allow_pickle=False)
    parentage = PARENTAGE if decoded.train.sources is not None else {}
    for name, field in parentage.items():
        np.save(folder / f"{name}.npy", getattr(decoded.train, field), allow_pickle=False)
    hashes = [f"{part}-{PIXEL_HASHES}" for part in PARTS]
    names = _names(pixel_files, [*hashes, *parentage])
    unread = (name for name in names if name not in checksums)
    checksums |= {name: _checksum(folder / f"{name}.npy") for name in unread}
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
        "pixel_files": pixel_files,
        "checksums": checksums,
    }
    (folder / "about.json").write_text(json.dumps(about))
    return names


def _save_pixels(file: Path, pixels: AnyPixels) -> int:
    """Save `pixels` as np.save does, piece by piece; returns the file's checksum."""
    header = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": pixels.shape}
    np.lib.format.write_array_header_1_0(header, description)
    checksum = zlib.crc32(header.getvalue())
    with file.open("wb") as stream:
        stream.write(header.getvalue())
        for piece in chunk_slices(pixels, CHUNK_BYTES):
            content = np.ascontiguousarray(pixels[piece]).data
            checksum = zlib.crc32(content, checksum)
            stream.write(content)
    return checksum


def _checksum(file: Path) -> int:
    """CRC-32: the guard is against cuts and rot, not against an enemy in one's own cache."""
    checksum = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
    return checksum
