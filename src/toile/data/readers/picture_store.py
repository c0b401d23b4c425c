"""Pictures of more pixels than memory should hold, decoded into files of the cache.

They are decoded in chunks of some in a row, by several processes where each picture is a file or
lies in one as it is. What came of a chunk is written down behind it, so that a decoding that was
killed goes on. The folder becomes an entry of the cache when all is there.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from toile.data.images import Images
from toile.data.locations import decoding_folder, entry_folder
from toile.data.mapped_pixels import MappedPixels
from toile.data.pixel_file import reserve, room_for
from toile.data.readers.chunk_journal import (
    CHUNK_PICTURES,
    ChunkJournal,
    ChunkKey,
    DecodedChunk,
    PixelFile,
)
from toile.data.readers.decoder_processes import ChunkTask, DecoderSetup, decode_chunks
from toile.data.readers.parts import DecodedElsewhere, check_layout
from toile.data.readers.picture_files import PictureFiles, PictureSet
from toile.errors import ToileError
from toile.file_lock import file_lock


def decode_into_files(pictures: PictureFiles, sets: Sequence[PictureSet]) -> list[Images]:
    """The readable pictures of all parts, their pixels left in files.

    Goes on where an earlier decoding was killed. Raises ToileError where the disk has no room,
    DecodedElsewhere where another process was first.
    """
    assert pictures.first is not None
    channels, height, width = pictures.first[1]
    shapes = [(len(labelled), channels, height, width) for labelled, _ in sets]
    for num, *sizes in shapes:
        check_layout(num, (sizes[0], sizes[1], sizes[2]), pictures.where)
    num_bytes = sum(int(np.prod(shape, dtype=object)) for shape in shapes)
    key = pictures.key()
    folder = decoding_folder(key)
    with _held(folder, key, num_bytes) as lock:
        with room_for(num_bytes, folder):
            files = [
                _pixel_file(folder / f"pixels-{part}.npy", shape)
                for part, shape in enumerate(shapes)
            ]
        journal = ChunkJournal(folder, key, pictures.greys, files)
        chunks = _decode(pictures, sets, files, journal, lock)
        journal.refuse_altered()
        # Opened before another process can make the folder the entry.
        return [
            _images(pictures, part, file, [chunk for chunk in chunks if chunk.key.part == number])
            for number, (part, file) in enumerate(zip(sets, files, strict=True))
        ]


@contextmanager
def _held(folder: Path, key: str, num_bytes: int) -> Iterator[int]:
    """Hold `folder`, made where it is missing for so many bytes, and give the lock's descriptor.

    DecodedElsewhere where it has become the entry that `key` names.
    """
    with ExitStack() as stack:
        lock = None
        # Another process, which held it until now, may have renamed or removed it.
        while lock is None or not _is_lock_of(folder, lock):
            with room_for(num_bytes, folder):
                folder.mkdir(parents=True, exist_ok=True)
            try:
                lock = stack.enter_context(file_lock(folder))
            except ToileError:
                if entry_folder(key).exists():
                    raise DecodedElsewhere from None
                raise
            if entry_folder(key).exists():
                shutil.rmtree(folder, ignore_errors=True)
                raise DecodedElsewhere
        yield lock


def _is_lock_of(folder: Path, lock: int) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), (folder / ".lock").stat())
    except FileNotFoundError:
        return False


def _pixel_file(path: Path, shape: tuple[int, ...]) -> PixelFile:
    """The .npy at `path` for so many pixels, its room on the disk reserved; left if it is there."""
    path.touch()
    with path.open("r+b") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        stream.flush()
        start = stream.tell()
        reserve(stream.fileno(), start + int(np.prod(shape, dtype=object)))
    return PixelFile(path, start, shape)


def _decode(
    pictures: PictureFiles,
    sets: Sequence[PictureSet],
    files: Sequence[PixelFile],
    journal: ChunkJournal,
    lock: int,
) -> list[DecodedChunk]:
    """Decode the chunks that `journal` lacks, and return all of them in order."""
    assert pictures.first is not None
    setup = DecoderSetup(
        pictures.where, pictures.data, pictures.greys, pictures.first, tuple(files)
    )
    tasks = [
        ChunkTask(ChunkKey(part, number), labelled[first : first + CHUNK_PICTURES])
        for part, labelled in enumerate([file for _, file in labelled] for labelled, _ in sets)
        for number, first in enumerate(range(0, len(labelled), CHUNK_PICTURES))
    ]
    remaining = [task for task in tasks if task.key not in journal.chunks]
    sizes = {task.key: len(task.pictures) for task in tasks}
    pictures.num_done += sum(sizes[key] for key in journal.chunks if key in sizes)
    if pictures.num_done:
        pictures.progress(pictures.num_done, pictures.num_files, "pictures")
    for chunk in decode_chunks(setup, remaining, lock):
        journal.append(chunk)
        pictures.num_done += sizes[chunk.key]
        pictures.progress(pictures.num_done, pictures.num_files, "pictures")
    chunks = [journal.chunks[task.key] for task in tasks]
    for chunk in chunks:
        pictures.shallow.include(chunk.shallow)
        pictures.deep.include(chunk.deep)
        pictures.skipped.extend(chunk.skipped)
    return chunks


def _images(
    pictures: PictureFiles, part: PictureSet, file: PixelFile, chunks: Sequence[DecodedChunk]
) -> Images:
    labelled, num_held_out = part
    rows = np.concatenate([chunk.rows for chunk in chunks])
    if not len(rows):
        pictures.refuse_unreadable()
    return Images(
        MappedPixels.open(file.path, rows),
        np.array([labelled[row][0] for row in rows.tolist()], np.int64),
        np.concatenate([chunk.hashes for chunk in chunks]),
        tuple(str(labelled[row][1].path) for row in rows.tolist()),
        int((rows >= len(labelled) - num_held_out).sum()),
    )
