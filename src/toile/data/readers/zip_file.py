"""Opens a zip or .npz of unknown origin safely: its list of entries is checked first."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from toile.errors import ToileError

MAX_DIRECTORY_BYTES = 16 << 20
"""Enough for about 150,000 usual names. With 340,000 of the shortest names reading took 1.5 s and
160 MB (Python 3.11 on a Zen 5 core)."""
MAX_RATIO = 100
FREE_BYTES = 16 << 20
"""A small archive may unpack to this at any ratio: blank pictures compress a thousandfold."""
METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
"""The methods that are read. For bzip2 and LZMA zipfile unpacks a piece at once: 4 KB can become
gigabytes."""
PIECE_BYTES = 1 << 20

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    # A name that is not UTF-8, an offset before the start of the file.
    ValueError,
)
"""zipfile's errors for a damaged, unknown or encrypted archive."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive at `path`, with names and declared sizes checked; nothing is unpacked yet.

    `unpack` then needs no more memory than the declared sizes.
    """
    with _Archive(path) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except DAMAGED as damage:
            raise ToileError(
                f"{path}: is no zip, cut short or damaged ({damage}); fetch or pack it again"
            ) from None
        stream.most = None
        with archive:
            for entry in archive.infolist():
                _check_entry(entry, path)
            _check_unpacked_size(archive.infolist(), path)
            yield archive


def unpack(archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    """The full content of an entry. Raises KeyError or one of `DAMAGED` if it cannot be read.

    It is read piece by piece, since ZipFile.read decompresses everything before it cuts the result
    to the declared size.
    """
    content = io.BytesIO()
    with open_entry(archive, name) as stream:
        while piece := stream.read(PIECE_BYTES):
            content.write(piece)
    content.seek(0)
    return content


def open_entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipExtFile:
    """The stream of an entry. Raises BadZipFile if it is packed by bzip2 or another method."""
    method = archive.getinfo(name).compress_type
    if method not in METHODS:
        known = " and ".join(METHODS.values())
        raise zipfile.BadZipFile(f"it is packed by method {method}; {known} are read")
    opened = archive.open(name)
    assert isinstance(opened, zipfile.ZipExtFile)
    return opened


class _Archive(io.BufferedReader):
    """A file that refuses to read more at once than a list of entries may have.

    zipfile reads that list in one piece, and then builds an object for each entry. Several records
    give the position and length of the list and may contradict each other, so the limit is on what
    zipfile really reads.
    """

    most: int | None = MAX_DIRECTORY_BYTES

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes."""
        if self.most is not None and size is not None and size > self.most:
            raise ToileError(
                f"{self._path}: its list of entries takes {size} bytes; at most {self.most} are "
                "read; pack fewer files, or unpack it and name the folder"
            )
        return super().read(size)


def with_slashes(name: str) -> str:
    """The name with / between folders; Windows' archiver writes backslashes."""
    return name.replace("\\", "/")


def _check_entry(entry: zipfile.ZipInfo, path: Path) -> None:
    """Refuse names that point outside, and entries that are no regular file or folder."""
    # orig_filename, because zipfile cuts filename at the first NUL.
    name = entry.orig_filename
    # A colon in the first part names a drive on Windows.
    parts = with_slashes(name).split("/")
    if "\x00" in name or ".." in parts or not parts[0] or ":" in parts[0]:
        raise ToileError(
            f"{path}: entry {name[:200]!r} points outside the archive or is no plain name; names "
            "are relative, with / between folders and no .."
        )
    # The Unix mode is in the upper half; it is 0 in archives without one.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ToileError(
            f"{path}: entry {name[:200]!r} is a link or device; only files and folders are read"
        )
    if entry.flag_bits & 0x1:
        raise ToileError(f"{path}: entry {name[:200]!r} is encrypted; unpack it, name the folder")


def _check_unpacked_size(entries: list[zipfile.ZipInfo], path: Path) -> None:
    total, packed = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > max(FREE_BYTES, MAX_RATIO * packed):
        raise ToileError(
            f"{path}: {packed} bytes claim to unpack to {total}; at most {MAX_RATIO} times the "
            "size is read; unpack it and name the folder"
        )
