"""The pixels of a dataset larger than memory: rows of a memory-mapped file, read when asked for."""

import math
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Int, Int64, Shaped, UInt8

from toile.data.memory import is_large, most_picked_bytes

MOST_COPIED_BYTES = 1 << 30
"""Fewer bytes of pixels in memory are copied for learning: their batches are read faster, and
processes that compute parts of a batch, which have a copy of their own, are begun for no more."""
Index = int | np.integer[Any] | slice | list[int] | Shaped[np.ndarray, " m"]


class MappedPixels:
    """Pixels (n, c, h, w) of more pictures than memory should hold, by their rows in `source`.

    Indexing, by a number, a slice or an array of numbers, copies those pictures into memory;
    nothing else does. `file` is the .npy that `source` lies in, where it has a name.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(
        self,
        source: UInt8[np.ndarray, "m c h w"],
        rows: Int64[np.ndarray, " n"],
        file: Path | None = None,
        memory: mmap.mmap | None = None,
    ) -> None:
        self.source, self.rows, self.file = source, rows, file
        self._memory = memory

    @classmethod
    def all_of(cls, source: UInt8[np.ndarray, "n c h w"]) -> "MappedPixels":
        """All rows of an array that lies in a file, or in memory where somebody else holds it."""
        return cls(source, np.arange(len(source)))

    @classmethod
    def open(cls, file: Path, rows: Int64[np.ndarray, " n"] | None = None) -> "MappedPixels":
        """Rows of the array in the .npy `file`, or all; ValueError where it has no such pixels."""
        with file.open("rb") as stream:
            shape, start = _pixels_in(stream, file)
            memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        source = np.frombuffer(memory, np.uint8, offset=start).reshape(shape)
        rows = np.arange(len(source)) if rows is None else rows
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(source):
            raise ValueError(f"{file} has {len(source)} rows, and row {rows.max()} is asked for")
        return cls(source, rows, file, memory)

    @property
    def shape(self) -> tuple[int, ...]:
        """Pictures, channels, height and width."""
        return (len(self.rows), *self.source.shape[1:])

    @property
    def nbytes(self) -> int:
        """What all of them would take in memory."""
        return len(self.rows) * self._picture_bytes

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.rows)

    def __getitem__(self, key: Index) -> UInt8[np.ndarray, "*shape"]:
        """The pictures at `key`, copied; one, without its axis, where that is a number."""
        pixels: UInt8[np.ndarray, "*shape"] = self.source.take(self.rows[key], axis=0)
        return pixels

    def __iter__(self) -> Iterator[UInt8[np.ndarray, "c h w"]]:
        """Each picture in turn."""
        return (self.source[row] for row in self.rows)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the file's name and the rows: the process that unpickles them maps it anew."""
        if self.file is None:
            raise TypeError(
                f"these are {self.nbytes} bytes of pixels in a file without a name, which no other "
                "process can open; load the data in that process, or pick fewer by a slice"
            )
        return MappedPixels.open, (self.file.absolute(), self.rows)

    def __array__(self, *arguments: Any, **named: Any) -> NoReturn:
        """Refuse to become one array by mistake, which memory has no room for."""
        raise TypeError(
            f"these are {self.nbytes} bytes of pixels in a file, more than memory should hold; "
            "index them by a slice or by an array of numbers"
        )

    def select(self, key: Index) -> "MappedPixels":
        """The pictures at a slice or an array of numbers, left where they are."""
        return MappedPixels(self.source, self.rows[key], self.file, self._memory)

    def prefetch(self, indices: Int[np.ndarray, " m"]) -> None:
        """Have the system read these pictures from the disk meanwhile, where they are not yet here.

        A picture that is touched unread costs a wait for the disk of its own.
        """
        if self._memory is None or not hasattr(mmap, "MADV_WILLNEED"):
            return
        start = len(self._memory) - self.source.nbytes
        firsts = start + self.rows[indices] * self._picture_bytes
        for first in firsts.tolist():
            page = first // mmap.PAGESIZE * mmap.PAGESIZE
            self._memory.madvise(mmap.MADV_WILLNEED, page, first - page + self._picture_bytes)

    @property
    def _picture_bytes(self) -> int:
        return math.prod(self.source.shape[1:])


AnyPixels = UInt8[np.ndarray, "n c h w"] | UInt8[MappedPixels, "n c h w"]
"""Pixels in memory, or those of a dataset larger than memory."""


def as_mapped(pixels: AnyPixels, num_bytes: int) -> AnyPixels:
    """`pixels`, never to be copied as a whole where the dataset's `num_bytes` are large."""
    if isinstance(pixels, MappedPixels) or not is_large(num_bytes):
        return pixels
    return MappedPixels.all_of(pixels)


def select_pixels(
    pixels: AnyPixels, key: slice | Shaped[np.ndarray, " _"]
) -> UInt8[np.ndarray, "m c h w"] | UInt8[MappedPixels, "m c h w"]:
    """The pictures at `key`: copied into memory, or left in the file where they are many."""
    if not isinstance(pixels, MappedPixels):
        return pixels[key]
    selected = pixels.select(key)
    return selected if selected.nbytes > most_picked_bytes() else selected[:]


def without_copies(pixels: AnyPixels, num: int) -> AnyPixels:
    """`pixels`, of which `num` pictures may be selected without a copy where that would be large.

    So a million pictures to learn from do not lie in memory twice.
    """
    num_bytes = num * pixels[:1].nbytes
    few_bytes = max(MOST_COPIED_BYTES, most_picked_bytes())
    if isinstance(pixels, MappedPixels) or num_bytes <= few_bytes:
        return pixels
    return MappedPixels.all_of(pixels)


def pixel_bytes_in(file: Path) -> int:
    """Bytes of the pixels in the .npy `file`; ValueError where it has no such pixels."""
    with file.open("rb") as stream:
        shape, _ = _pixels_in(stream, file)
    return math.prod(shape)


def _pixels_in(stream: Any, file: Path) -> tuple[tuple[int, ...], int]:
    """Shape of the array in a .npy, and where its values begin."""
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{file} is of another version of .npy")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    start = stream.tell()
    if is_fortran or dtype != np.uint8 or len(shape) != 4:
        raise ValueError(f"{file} holds {dtype} of shape {shape}; pixels are uint8 (n, c, h, w)")
    if start + int(np.prod(shape, dtype=object)) != file.stat().st_size or 0 in shape[1:]:
        raise ValueError(f"{file} does not hold what its header says")
    return shape, start
