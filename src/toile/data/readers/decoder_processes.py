"""Chunks of pictures decoded into their files, here or by several processes side by side."""

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from queue import SimpleQueue
from types import TracebackType
from typing import Any

import numpy as np

from toile.data.greys import Greys
from toile.data.memory import memory_bytes
from toile.data.readers.chunk_journal import (
    GO_ON,
    ChunkKey,
    DecodedChunk,
    PixelFile,
    writing_decoded,
)
from toile.data.readers.parts import UnfinishedDecoding
from toile.data.readers.picture import quiet_pillow
from toile.data.readers.picture_files import PictureFile, PictureFiles, Span
from toile.errors import ToileError
from toile.process import num_cores
from toile.recipe import Data

WORKER = (sys.executable, "-P", "-m", "toile.data.readers.decoder_worker")
PROCESS_BYTES = 1 << 30
"""Of memory, for each process: the largest picture that is read takes half of it in decoding."""
END_SECONDS = 5.0


@dataclass(frozen=True)
class DecoderSetup:
    """How all pictures are decoded, into which files; `first` is the one they have to be like."""

    where: str
    data: Data
    greys: Greys | None
    first: tuple[str, tuple[int, ...]]
    files: tuple[PixelFile, ...]

    def to_json(self) -> dict[str, Any]:
        """The same in plain values."""
        return {
            "where": self.where,
            "data": self.data.model_dump(mode="json"),
            "greys": self.greys and self.greys.model_dump(mode="json"),
            "first": self.first,
            "files": [[str(file.path), file.start, file.shape] for file in self.files],
        }

    @classmethod
    def of_json(cls, record: dict[str, Any]) -> "DecoderSetup":
        """The reverse."""
        name, shape = record["first"]
        return cls(
            record["where"],
            Data.model_validate(record["data"]),
            record["greys"] and Greys.model_validate(record["greys"]),
            (name, tuple(shape)),
            tuple(
                PixelFile(Path(path), start, tuple(shape)) for path, start, shape in record["files"]
            ),
        )


@dataclass(frozen=True)
class ChunkTask:
    """The pictures of a chunk, to be decoded."""

    key: ChunkKey
    pictures: Sequence[PictureFile]

    def to_json(self) -> dict[str, Any]:
        """The same in plain values; each picture has a span."""
        return {
            "chunk": self.key,
            "pictures": [[str(picture.path), picture.span] for picture in self.pictures],
        }

    @classmethod
    def of_json(cls, record: dict[str, Any]) -> "ChunkTask":
        """The reverse."""
        pictures = [
            PictureFile.at(PurePosixPath(path), Span(*span)) for path, span in record["pictures"]
        ]
        return cls(ChunkKey(*record["chunk"]), pictures)


def num_decoders() -> int:
    """How many processes decode side by side here: one a core, where memory suffices."""
    return max(1, min(num_cores(), memory_bytes() // PROCESS_BYTES))


def decode_chunks(
    setup: DecoderSetup, tasks: Sequence[ChunkTask], lock: int
) -> Iterator[DecodedChunk]:
    """Decode `tasks` into their files, yielding what came of them in order.

    `lock` is the descriptor of their folder's lock, which each process holds too. Raises ToileError
    where the set is refused, or where a process that decodes was killed.
    """
    num = min(num_decoders(), len(tasks))
    if num < 2 or any(picture.span is None for task in tasks for picture in task.pictures):
        with quiet_pillow():
            for task in tasks:
                yield decode_chunk(setup, task)
        return
    pool = ThreadPoolExecutor(num)
    with ExitStack() as stack:
        # Threads last: those that wait for a chunk go on when its process is killed.
        stack.callback(pool.shutdown)
        idle: SimpleQueue[DecoderProcess] = SimpleQueue()
        for _ in range(num):
            idle.put(stack.enter_context(DecoderProcess(setup, lock)))

        def decode(task: ChunkTask) -> DecodedChunk:
            process = idle.get()
            try:
                return process.decode(task)
            finally:
                idle.put(process)

        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        yield from pool.map(decode, tasks)


def decode_chunk(setup: DecoderSetup, task: ChunkTask) -> DecodedChunk:
    """Decode the pictures of `task` and write their pixels; those that are none stay black."""
    decoder = PictureFiles(
        setup.where, setup.data, _tell_nobody, 0, [], str, first=setup.first, greys=setup.greys
    )
    block = np.zeros((len(task.pictures), *setup.first[1]), np.uint8)
    rows, hashes = [], []
    for index, file in enumerate(task.pictures):
        decoded = decoder.decode_one(file)
        if decoded is not None:
            picture, digest = decoded
            block[index] = picture.pixels
            rows.append(task.key.first + index)
            hashes.append((digest, picture.pixel_hash))
    pixel_file = setup.files[task.key.part]
    offset, _ = pixel_file.bytes_of(task.key)
    with (
        writing_decoded(pixel_file.path),
        pixel_file.path.open("r+b", buffering=0) as stream,
    ):
        stream.seek(offset)
        left = block.data.cast("B")
        while left:
            left = left[stream.write(left) :]
    return DecodedChunk(
        task.key,
        zlib.crc32(block.data),
        np.array(rows, np.int64),
        np.array(hashes, np.uint64).reshape(-1, 2),
        decoder.shallow,
        decoder.deep,
        tuple(decoder.skipped),
    )


def _tell_nobody(done: int, total: int | None, unit: str) -> None:
    """Who asks for the chunk tells."""


class DecoderProcess:
    """A process that decodes chunks, one after another, for as long as the block lasts.

    It holds `lock` too: if who asks is killed, nobody else writes before this one has ended.
    """

    def __init__(self, setup: DecoderSetup, lock: int) -> None:
        self._where = setup.where
        # BLAS would start a thread for each core, and nothing here multiplies matrices.
        environment = {"OPENBLAS_NUM_THREADS": "1"} | os.environ
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            WORKER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=(lock,),
        )
        self._setup = setup

    def __enter__(self) -> "DecoderProcess":
        self._send(self._setup.to_json())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # No chunk is under way, or nobody is left who asked for it.
        self._process.kill()
        # One that waits for a disk ends later, and holds the lock until then.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._process.stdout.close()
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def decode(self, task: ChunkTask) -> DecodedChunk:
        """What came of `task`.

        Raises ToileError where the set is refused, UnfinishedDecoding where the process is gone or
        could not write.
        """
        assert self._process.stdout is not None
        self._send(task.to_json())
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            self._refuse_lost(task)
        record = json.loads(line)
        if "refused" in record:
            raise ToileError(record["refused"])
        if "unfinished" in record:
            raise UnfinishedDecoding(record["unfinished"])
        return DecodedChunk.of_json(record)

    def _send(self, record: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        # What it would have answered is missed by who reads.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(record).encode() + b"\n")
            self._process.stdin.flush()

    def _refuse_lost(self, task: ChunkTask) -> None:
        code = self._process.wait(END_SECONDS)
        how = f"killed by signal {-code}" if code < 0 else f"ended with {code}"
        raise UnfinishedDecoding(
            f"{self._where}: a process that decoded {task.pictures[0].path} and the "
            f"{len(task.pictures) - 1} pictures after it was {how}; {GO_ON}"
        )
