"""One array of an .npz or .npy: its header is checked first, its values are read in pieces.

Nothing is unpickled.
"""

import io
import math
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from toile.data.readers.zip_file import DAMAGED, open_entry
from toile.errors import ToileError

PIECE_VALUES = 1 << 20
READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# Errors of NumPy's header reader besides ValueError: it parses a Python literal.
BAD_HEADER = (SyntaxError, TypeError, tokenize.TokenError, RecursionError, MemoryError)


MOST_LETTERS = 256
"""Most letters of a label that is text."""
REMEDIES = {
    "images": "np.savez('data.npz', x=np.stack(list(x)).astype('uint8'), y=y)",
    "labels": "np.savez('data.npz', x=x, y=y.astype(str))",
}


@dataclass(frozen=True)
class ArrayFile:
    """The location of an array: an entry of an .npz, or an .npy file."""

    name: str
    where: str
    num_bytes: int
    open: Callable[[], io.BufferedIOBase]


def arrays_of(archive: zipfile.ZipFile, file: Path) -> list[ArrayFile]:
    """The arrays in an .npz; entries of other names are ignored."""
    return [
        ArrayFile(
            name.removesuffix(".npy"),
            f"{file}: {name.removesuffix('.npy')}",
            archive.getinfo(name).file_size,
            partial(open_entry, archive, name),
        )
        for name in archive.namelist()
        if name.endswith(".npy")
    ]


def array_of(file: Path) -> ArrayFile:
    """The array in an .npy."""
    return ArrayFile(file.stem, str(file), file.stat().st_size, lambda: file.open("rb"))


@dataclass(frozen=True)
class ArrayEntry:
    """The checked header of an array: it declares exactly the bytes that the entry has."""

    file: ArrayFile
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    """Whether the first index varies fastest in the file, as in Fortran."""
    start: int
    """The bytes of the header."""

    @property
    def where(self) -> str:
        """The name in errors."""
        return self.file.where

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)

    def pieces(self) -> Iterator[tuple[int, Shaped[np.ndarray, " numbers"]]]:
        """The values in the order of the file, in pieces with the index of their first value."""
        at_once = max(1, 8 * PIECE_VALUES // max(8, self.dtype.itemsize))
        with damage_refused(self.where), self.file.open() as stream:
            stream.read(self.start)
            for start in range(0, self.size, at_once):
                num_bytes = min(at_once, self.size - start) * self.dtype.itemsize
                yield start, np.frombuffer(stream.read(num_bytes), self.dtype)
            # Reading one byte more also makes zipfile check the checksum.
            stream.read(1)

    def row(self, index: int) -> int:
        """The first index (the image) of the value at `index` in the file."""
        step = self.size // self.shape[0]
        return index % self.shape[0] if self.is_fortran else index // step


def array_entry(file: ArrayFile, kind: str) -> ArrayEntry:
    """The array in `file`, `images` or `labels`; its header is checked against the file's size."""
    with damage_refused(file.where), file.open() as stream:
        shape, is_fortran, dtype = _read_header(stream, file.where, kind)
        start = stream.tell()
    # math.prod, since np.prod would overflow at 2**63 and accept a huge shape.
    claimed, held = math.prod((*shape, dtype.itemsize)), file.num_bytes - start
    if claimed != held or any(size < 0 for size in shape):
        raise ToileError(
            f"{file.where}: the header claims {shape} of {dtype}, {claimed} bytes; the entry holds "
            f"{held}; write it again"
        )
    return ArrayEntry(file, shape, dtype, is_fortran, start)


def text_of(file: ArrayFile, most_letters: int) -> str | None:
    """The text that an array of one value holds; None where it holds anything else, or more."""
    with damage_refused(file.where), file.open() as stream:
        try:
            shape, _, dtype = READ_HEADER[np.lib.format.read_magic(stream)](stream)
        except (KeyError, ValueError, *BAD_HEADER):
            return None
        if shape != () or dtype.kind != "U" or dtype.itemsize > 4 * most_letters:
            return None
        # One byte more also makes zipfile compare the checksum.
        content = stream.read(dtype.itemsize) + stream.read(1)
        if len(content) != dtype.itemsize:
            raise ValueError(f"{dtype.itemsize} bytes are claimed, and {len(content)} there")
        return str(np.frombuffer(content, dtype)[0])


@contextmanager
def damage_refused(where: str) -> Iterator[None]:
    """Turn errors of reading a damaged entry into a ToileError."""
    try:
        yield
    except DAMAGED as damage:
        reason = str(damage).partition("\n")[0][:200]
        raise ToileError(f"{where}: is damaged ({reason}); write it again") from None


def _read_header(
    stream: io.BufferedIOBase, where: str, kind: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    # 3.0 is for field names outside Latin-1, and plain numbers have no fields.
    if version not in READ_HEADER:
        raise ToileError(f"{where}: is of .npy version {version}; versions 1.0 and 2.0 are read")
    try:
        shape, is_fortran, dtype = READ_HEADER[version](stream)
    except BAD_HEADER as damage:
        raise ValueError(f"its header is no literal: {damage}") from None
    if dtype.hasobject:
        raise ToileError(
            f"{where}: holds Python objects (a pickle, never loaded); save it again, as "
            f"{REMEDIES[kind]} does"
        )
    if kind == "labels" and dtype.kind in "US":
        letters = dtype.itemsize // {"U": 4, "S": 1}[dtype.kind]
        if letters > MOST_LETTERS:
            raise ToileError(
                f"{where}: has labels of up to {letters} letters; a name has at most {MOST_LETTERS}"
            )
    elif dtype.kind not in "uifb":
        raise ToileError(f"{where}: holds {dtype}; numbers are read; save it with a numeric dtype")
    return shape, is_fortran, dtype
