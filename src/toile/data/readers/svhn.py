"""SVHN's cropped digits: train_32x32.mat and test_32x32.mat, MATLAB files up to version 7.

`X` is uint8 (h, w, 3, n), `y` is (n, 1), where 10 stands for the digit 0. Source: Netzer et al.
2011, "Reading Digits in Natural Images with Unsupervised Feature Learning", format 2.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from toile.data.images import Images
from toile.data.orientation import swap_rows_and_columns
from toile.data.readers.parts import (
    Parts,
    Progress,
    check_labels,
    check_layout,
    refuse_beyond_memory,
    refuse_column_name,
)
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError
from toile.recipe import Data

TRAIN, TEST, EXTRA = (f"{part}_32x32.mat" for part in ("train", "test", "extra"))
SUFFIX = ".mat"
HEADER_BYTES = 128
COMPRESSED = 15
CHUNK_BYTES = 1 << 20
# scipy's errors for files that are damaged or of another format.
DAMAGED = (
    ValueError, TypeError, KeyError, IndexError, NotImplementedError, OverflowError, MemoryError,
    AttributeError, OSError, struct.error, zlib.error,
)  # fmt: skip


def find_svhn(path: Path) -> list[Path]:
    """The file itself, or the two files of a folder; empty if there are none."""
    if path.is_file():
        return [path] if path.suffix.lower() == SUFFIX else []
    return [path / name for name in (TRAIN, TEST) if (path / name).is_file()]


def read_svhn(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_svhn`; if there are two, the second is the test part."""
    refuse_column_name(data, str(path))
    if path.is_dir() and files[0].name != TRAIN:
        raise ToileError(f"{path}: holds {TEST} and no {TRAIN}; a set needs its training images")
    parts: list[Images] = []
    for number, file in enumerate(files):
        parts.append(_read_part(file, sum(part.pixels.nbytes for part in parts)))
        progress(number + 1, len(files), "files")
    labels = np.concatenate([part.labels for part in parts])
    has_ten = labels.min() >= 1 and labels.max() == 10
    notes = ["the label 10 is read as the digit 0, which it means in SVHN"] * bool(has_ten)
    if has_ten:
        parts = [Images(part.pixels, np.where(part.labels == 10, 0, part.labels)) for part in parts]
    if (path / EXTRA).is_file():
        notes.append(f"{EXTRA} is not read; its pictures are easier than those for training")
    return Parts(
        parts[0],
        parts[1] if len(parts) > 1 else None,
        names_inside=tuple(file.name for file in files),
        notes=tuple(notes),
    )


def _read_part(file: Path, num_held_bytes: int) -> Images:
    """The images of `file`, where memory holds so many bytes of another."""
    # Imported here: listing data imports this room, and scipy.io takes a fifth of a second.
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    with file.open("rb") as stream:
        start = stream.read(HEADER_BYTES)
    if start[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in start:
        raise ToileError(
            f"{file}: is of MATLAB 7.3, which is HDF5; save it by version 7: save('{file.name}', "
            "'X', 'y', '-v7')"
        )
    _check_unpacked_size(file, start)
    try:
        headers = {name: (shape, kind) for name, shape, kind in whosmat(file)}
        shape = _checked_shape(headers, file)
        refuse_beyond_memory(num_held_bytes + math.prod(shape), str(file))
        arrays = loadmat(file, variable_names=["X", "y"])
        return _images(arrays, shape, file)
    except (*DAMAGED, MatReadError) as damage:
        raise ToileError(
            f"{file}: is damaged or no file of MATLAB up to version 7 ({damage}); fetch it again"
        ) from None


def _checked_shape(headers: dict[str, Any], file: Path) -> tuple[int, int, int, int]:
    """Height, width, channels and number of the images, from the header only."""
    if not {"X", "y"} <= set(headers):
        names = ", ".join(sorted(headers)[:8]) or "nothing"
        raise ToileError(
            f"{file}: holds {names}; the only .mat files read are SVHN's cropped digits, with X, "
            "uint8 (h, w, 3, n), and y. Save other arrays with numpy.savez"
        )
    (shape, kind), (label_shape, _) = headers["X"], headers["y"]
    if kind != "uint8" or len(shape) != 4:
        raise ToileError(
            f"{file}: X is {kind} of shape {shape}; images are uint8 (h, w, 3, n), as SVHN has them"
        )
    height, width, channels, num = shape
    check_layout(num, (channels, height, width), str(file))
    if sorted(label_shape) != [1, num] and tuple(label_shape) != (num,):
        raise ToileError(f"{file}: y has shape {label_shape}; of {num} images it is ({num}, 1)")
    return height, width, channels, num


def _images(arrays: dict[str, Any], shape: tuple[int, int, int, int], file: Path) -> Images:
    pixels, labels = arrays["X"], np.asarray(arrays["y"]).reshape(-1)
    if pixels.dtype != np.uint8 or pixels.shape != shape or labels.dtype.kind not in "iuf":
        raise ToileError(f"{file}: does not hold what its header says; fetch it again")
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.round(labels)):
        raise ToileError(f"{file}: y has labels that are no whole numbers; save class indices")
    class_numbers = labels.astype(np.int64)
    check_labels(class_numbers, shape[3], str(file))
    # MATLAB's first index varies fastest: picture after picture, each with rows as columns.
    stored = np.require(pixels.T, requirements=["C", "W"])
    return swap_rows_and_columns(Images(stored, class_numbers))


def _check_unpacked_size(file: Path, start: bytes) -> None:
    """Refuse a file whose compressed elements unpack to far more than pictures do."""
    num_bytes = file.stat().st_size
    most, unpacked = max(FREE_BYTES, MAX_RATIO * num_bytes), 0
    for size in _unpacked_sizes(file, "<" if start[126:128] == b"IM" else ">"):
        unpacked += size
        if unpacked > most:
            raise ToileError(
                f"{file}: its {num_bytes} bytes unpack to more than {most}, {MAX_RATIO} times as "
                "many, which no pictures do"
            )


def _unpacked_sizes(file: Path, order: str) -> Iterator[int]:
    """The unpacked bytes of the compressed elements of a file, piece by piece."""
    num_bytes = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(HEADER_BYTES)
        while len(tag := stream.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            end = min(stream.tell() + size, num_bytes)
            unpack = zlib.decompressobj()
            while kind == COMPRESSED and stream.tell() < end:
                chunk = stream.read(min(CHUNK_BYTES, end - stream.tell()))
                # Damage is reported by the reader later.
                with suppress(zlib.error):
                    while chunk:
                        yield len(unpack.decompress(chunk, CHUNK_BYTES))
                        chunk = unpack.unconsumed_tail
            stream.seek(end)
