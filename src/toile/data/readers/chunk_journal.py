"""What came of the pictures that are decoded into files, chunk after chunk, in a file of lines.

A line is written once the chunk's pixels are, and has their checksum after one of its own. So what
a kill or a crash left half done is told from what is whole, whichever of the two files reached the
disk.
"""

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64, UInt64

from toile.data.dataset import Skipped
from toile.data.greys import Extremes, Greys
from toile.data.readers.parts import UnfinishedDecoding

CHUNK_PICTURES = 64
GO_ON = "what is decoded is kept: give the command again to go on"


class ChunkKey(NamedTuple):
    """Which pictures of which part: `number` counts chunks from 0."""

    part: int
    number: int

    @property
    def first(self) -> int:
        """The row of its first picture."""
        return self.number * CHUNK_PICTURES


@dataclass(frozen=True, eq=False)
class DecodedChunk:
    """What came of a chunk: which of its pictures could be read, and how they are known.

    `rows` count from the part's first picture. `shallow` and `deep` are the values that occur in
    pictures of 8 and of 16 bits.
    """

    key: ChunkKey
    checksum: int
    rows: Int64[np.ndarray, " n"]
    hashes: UInt64[np.ndarray, "n 2"]
    shallow: Extremes
    deep: Extremes
    skipped: tuple[Skipped, ...]

    def to_json(self) -> dict[str, Any]:
        """The same in plain values."""
        return {
            "chunk": list(self.key),
            "checksum": self.checksum,
            "rows": self.rows.tolist(),
            "hashes": self.hashes.tolist(),
            "extremes": [
                [each.highest, each.num_values, each.num_above_bytes] if each.any else None
                for each in (self.shallow, self.deep)
            ],
            "skipped": [[each.file, each.reason] for each in self.skipped],
        }

    @classmethod
    def of_json(cls, record: dict[str, Any]) -> "DecodedChunk":
        """The reverse; ValueError, KeyError or TypeError where it is no such record."""
        shallow, deep = map(_extremes, record["extremes"])
        rows = np.array(record["rows"], np.int64)
        hashes = np.array(record["hashes"], np.uint64).reshape(-1, 2)
        if len(rows) != len(hashes):
            raise ValueError("rows and hashes differ in number")
        return cls(
            ChunkKey(*map(int, record["chunk"])),
            int(record["checksum"]),
            rows,
            hashes,
            shallow,
            deep,
            tuple(Skipped(str(file), str(reason)) for file, reason in record["skipped"]),
        )


def _extremes(record: list[float] | None) -> Extremes:
    if record is None:
        return Extremes()
    highest, num_values, num_above_bytes = record
    # As the reader of pictures takes them in: 0 with each.
    return Extremes(0.0, float(highest), True, int(num_values), int(num_above_bytes))


class PixelFile(NamedTuple):
    """A .npy of pixels that is being filled: its first picture begins `start` bytes in."""

    path: Path
    start: int
    shape: tuple[int, ...]

    def bytes_of(self, key: ChunkKey) -> tuple[int, int]:
        """Where the pixels of a chunk lie: the offset, and how many bytes."""
        num, *sizes = self.shape
        picture_bytes = int(np.prod(sizes, dtype=object))
        num_pictures = min(CHUNK_PICTURES, num - key.first)
        return self.start + key.first * picture_bytes, num_pictures * picture_bytes


class ChunkJournal:
    """The chunks of `files` that are decoded, in the order in which they were.

    Those whose pixels are not those that were written are left out, and so are all of them where
    the journal is of other pictures (`key`) or another scale (`greys`).
    """

    def __init__(
        self, folder: Path, key: str, greys: Greys | None, files: Sequence[PixelFile]
    ) -> None:
        first, second = folder / "pass-1.jsonl", folder / "pass-2.jsonl"
        self._path = first if greys is None else second
        self._start = {
            "key": key,
            "greys": greys and greys.model_dump(mode="json"),
            "shapes": [list(file.shape) for file in files],
            "chunk_pictures": CHUNK_PICTURES,
        }
        self.chunks: dict[ChunkKey, DecodedChunk] = {}
        # The second pass has other pixels, and is begun when the first is whole.
        self._files = files
        self._is_followed = greys is None and second.exists()
        records = [chunk for chunk in self._records() if _is_possible(chunk, files)]
        for chunk in records:
            if self._is_followed or _is_whole(chunk, files):
                self.chunks[chunk.key] = chunk
        if greys is None and not records:
            second.unlink(missing_ok=True)
        self._write_anew()

    def refuse_altered(self) -> None:
        """Raise UnfinishedDecoding where pixels are no longer those that were written."""
        # Those of the first pass are gone once the second has begun.
        checked = [] if self._is_followed else self.chunks.values()
        altered = [chunk.key for chunk in checked if not _is_whole(chunk, self._files)]
        if altered:
            raise UnfinishedDecoding(
                f"{self._files[altered[0].part].path}: the pixels of {len(altered)} chunks, from "
                f"picture {altered[0].first} on, are no longer those that were written; is the "
                f"disk in order, and does nothing else write there? All else that is decoded is "
                "kept: give the command again to go on"
            )

    def append(self, chunk: DecodedChunk) -> None:
        """Remember a chunk whose pixels are written."""
        self.chunks[chunk.key] = chunk
        with writing_decoded(self._path), self._path.open("ab", buffering=0) as stream:
            stream.write(_line(chunk.to_json()))

    def _records(self) -> list[DecodedChunk]:
        """What the lines say; one that was cut short or altered says nothing."""
        records = []
        try:
            with self._path.open("rb") as stream:
                if _record(stream.readline()) != self._start:
                    return []
                for line in stream:
                    try:
                        records.append(DecodedChunk.of_json(_record(line)))
                    except (ValueError, KeyError, TypeError, OverflowError):
                        continue
        except (OSError, ValueError):
            return []
        return records

    def _write_anew(self) -> None:
        temporary = self._path.with_suffix(".new")
        with writing_decoded(self._path):
            with temporary.open("wb") as stream:
                stream.write(_line(self._start))
                for chunk in self.chunks.values():
                    stream.write(_line(chunk.to_json()))
            os.replace(temporary, self._path)


@contextmanager
def writing_decoded(file: Path) -> Iterator[None]:
    """What the system refuses while decoded pictures go to `file` becomes an error that says so."""
    try:
        yield
    except OSError as error:
        raise UnfinishedDecoding(
            f"{file} could not be written ({error.strerror}); {GO_ON}"
        ) from error


def _line(record: dict[str, Any]) -> bytes:
    """`record` behind the checksum of its line."""
    text = json.dumps(record).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def _record(line: bytes) -> Any:
    """What `_line` wrote; ValueError where the line is no longer that."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        raise ValueError("the line is not what was written")
    return json.loads(text)


def _is_possible(chunk: DecodedChunk, files: Sequence[PixelFile]) -> bool:
    """Whether `files` have such a chunk, and it such rows, in order."""
    if not 0 <= chunk.key.part < len(files) or chunk.key.number < 0:
        return False
    first, rows = chunk.key.first, chunk.rows
    end = min(first + CHUNK_PICTURES, files[chunk.key.part].shape[0])
    is_inside = not len(rows) or bool(first <= rows[0] and rows[-1] < end)
    return first < end and is_inside and bool((np.diff(rows) > 0).all())


def _is_whole(chunk: DecodedChunk, files: Sequence[PixelFile]) -> bool:
    """Whether the pixels of `chunk` are there."""
    file = files[chunk.key.part]
    offset, num_bytes = file.bytes_of(chunk.key)
    with file.path.open("rb") as stream:
        stream.seek(offset)
        return zlib.crc32(stream.read(num_bytes)) == chunk.checksum
