"""Opening a zip, or an .npz, whose author may mean harm: its list of entries is judged first."""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toile.errors import ToileError

MAX_DIRECTORY_BYTES = 32 << 20
"""Room for about 400,000 names; Python takes a kilobyte of memory for each."""
MAX_UNPACKED_BYTES = 8 << 30
MAX_RATIO = 100
FREE_BYTES = 16 << 20
"""A small archive may unpack to this much at any ratio: blank pictures compress a thousandfold."""

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What zipfile raises for a damaged, foreign or encrypted archive."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive at `path`, its names and declared sizes checked; nothing is unpacked.

    zipfile never gives more bytes of an entry than the directory declares, so the declared sizes
    bound what reading can take.
    """
    _check_directory_size(path)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as damage:
        raise ToileError(f"{path}: is no readable zip ({damage}); fetch or pack it again") from None
    with archive:
        for entry in archive.infolist():
            _check_entry(entry, path)
        _check_unpacked_size(archive.infolist(), path)
        yield archive


def _check_directory_size(path: Path) -> None:
    """Read the end record by hand: zipfile would build an object for each of a million entries."""
    with path.open("rb") as stream:
        # The end record takes 22 bytes and a comment of up to 65,535; the wide record and its
        # locator before it, for zip64, take 56 and 20.
        stream.seek(max(0, path.stat().st_size - 65_557 - 76))
        tail = stream.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise ToileError(f"{path}: is no zip, or cut short: it has no end record; fetch it again")
    (num_bytes,) = struct.unpack_from("<I", tail, end + 12)
    wide = tail.rfind(b"PK\x06\x06", 0, end)
    if wide >= 0 and end - wide >= 56:
        # Above 65,534 entries a second record has the size, and the first may be all ones. The
        # larger counts, so that a planted record cannot hide a long list.
        (wide_bytes,) = struct.unpack_from("<Q", tail, wide + 40)
        num_bytes = wide_bytes if num_bytes == 0xFFFFFFFF else max(num_bytes, wide_bytes)
    if num_bytes > MAX_DIRECTORY_BYTES:
        raise ToileError(
            f"{path}: its list of entries takes {num_bytes} bytes; at most {MAX_DIRECTORY_BYTES} "
            "are read; pack fewer files, or unpack it and name the folder"
        )


def _check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    """Refuse names that point outside and entries that are no plain file or folder."""
    # orig_filename: zipfile cuts the other one at the first NUL.
    name = entry.orig_filename
    # A backslash divides folders on Windows, and a colon in the first part names a drive there.
    parts = re.split(r"[/\\]", name)
    if "\x00" in name or "\\" in name or ".." in parts or name.startswith("/") or ":" in parts[0]:
        raise ToileError(
            f"{path}: entry {name[:200]!r} points outside the archive or is no plain name; names "
            "are relative, with / between folders and no .."
        )
    # The Unix mode stands in the upper half; archives made without one have 0 there.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ToileError(
            f"{path}: entry {name[:200]!r} is a link or device; only files and folders are read"
        )
    if entry.flag_bits & 0x1:
        raise ToileError(f"{path}: entry {name[:200]!r} is encrypted; unpack it, name the folder")


def _check_unpacked_size(entries: list[zipfile.ZipInfo], path: Path) -> None:
    total, packed = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > MAX_UNPACKED_BYTES or total > max(FREE_BYTES, MAX_RATIO * packed):
        raise ToileError(
            f"{path}: {packed} bytes claim to unpack to {total}; at most {MAX_RATIO} times the "
            f"size is read, and {MAX_UNPACKED_BYTES} bytes; unpack it and name the folder"
        )
