"""One array of an .npz: its header is checked first, its numbers come in pieces, none unpickled."""

import math
import tokenize
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from toile.data.readers.zip_file import DAMAGED, open_entry
from toile.errors import ToileError

PIECE_NUMBERS = 1 << 20
READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
# What NumPy's reading of a header raises beside ValueError: it is Python's own of a literal.
BAD_HEADER = (SyntaxError, TypeError, tokenize.TokenError, RecursionError, MemoryError)


@dataclass(frozen=True)
class ArrayEntry:
    """What an array's header says, which is as much as the entry holds."""

    archive: zipfile.ZipFile
    name: str
    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    """Whether the first index runs fastest in the file, as in Fortran, and not the last."""
    start: int
    """Bytes of the header."""

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    def pieces(self) -> Iterator[tuple[int, Shaped[np.ndarray, " numbers"]]]:
        """The numbers as they lie in the file, with the place of each piece's first."""
        with damage_told(self.where), open_entry(self.archive, self.name) as stream:
            stream.read(self.start)
            for place in range(0, self.size, PIECE_NUMBERS):
                wanted = min(PIECE_NUMBERS, self.size - place) * self.dtype.itemsize
                yield place, np.frombuffer(stream.read(wanted), self.dtype)
            # One byte more also makes zipfile compare the checksum.
            stream.read(1)

    def row(self, place: int) -> int:
        """The first index of the number at `place` in the file."""
        step = self.size // self.shape[0]
        return place % self.shape[0] if self.is_fortran else place // step


def array_entry(archive: zipfile.ZipFile, file: Path, key: str) -> ArrayEntry:
    """The array called `key`; its header is held against the entry's size."""
    where, name = f"{file}: {key}", f"{key}.npy"
    if name not in archive.namelist():
        raise ToileError(f"{where} is missing; images and labels come in pairs")
    with damage_told(where), open_entry(archive, name) as stream:
        shape, is_fortran, dtype = _read_header(stream, where)
        start = stream.tell()
    # math.prod, as np.prod would wrap round at 2**63 and let a monstrous shape pass.
    claimed, held = math.prod((*shape, dtype.itemsize)), archive.getinfo(name).file_size - start
    if claimed != held or any(size < 0 for size in shape):
        raise ToileError(
            f"{where}: the header claims {shape} of {dtype}, {claimed} bytes; the entry holds "
            f"{held}; write it again"
        )
    return ArrayEntry(archive, name, where, shape, dtype, is_fortran, start)


@contextmanager
def damage_told(where: str) -> Iterator[None]:
    """What is raised while a damaged entry is read becomes a ToileError."""
    try:
        yield
    except DAMAGED as damage:
        reason = str(damage).partition("\n")[0][:200]
        raise ToileError(f"{where}: is damaged ({reason}); write it again") from None


def _read_header(
    stream: zipfile.ZipExtFile, where: str
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    # 3.0 is for names of fields beyond Latin-1, and plain numbers have no fields.
    if version not in READ_HEADER:
        raise ToileError(f"{where}: is of .npy version {version}; versions 1.0 and 2.0 are read")
    try:
        shape, is_fortran, dtype = READ_HEADER[version](stream)
    except BAD_HEADER as damage:
        raise ValueError(f"its header is no literal: {damage}") from None
    if dtype.kind not in "uifb":
        what = "Python objects (a pickle, never loaded)" if dtype.hasobject else str(dtype)
        raise ToileError(f"{where}: holds {what}; numbers are read; save it with a numeric dtype")
    return shape, is_fortran, dtype
