"""An augmented set written to an .npz, which `readers/augmented_npz.py` reads.

The parent's test part is opened here to be copied as it is: no network meets it.
"""

import hashlib
import math
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

from toile.data.dataset import Dataset
from toile.data.images import chunk_slices
from toile.data.readers.augmented_npz import (
    ARRAYS,
    HASHES,
    PARENT,
    SELECTION,
    SOURCES,
    AugmentedSet,
    new_record,
)
from toile.data.readers.parts import MAX_IMAGES
from toile.data.sealed import open_sealed
from toile.data.split import Split
from toile.errors import ToileError
from toile.files import rename_new, sync_folder, writing

Pixels = UInt8[np.ndarray, "b c h w"]


def most_variants(split: Split) -> int:
    """How many variants a set of what `split` divides can have to be read again."""
    return MAX_IMAGES - len(split.validation)


def refuse_existing(file: Path, force: bool) -> None:
    """Raise ToileError where `file` is there, unless `force`."""
    if file.exists() and not force:
        raise _is_there(file)


def _is_there(file: Path) -> ToileError:
    return ToileError(
        f"{file} is there already; name another, or replace it with --force (in Python force=True)"
    )


def parent_name(dataset: Dataset) -> str:
    """What the file calls the data it was made of: no path, as the file may leave this machine."""
    name = Path(dataset.name).name
    return dataset.path.name if name in ("", "..") else name


def write_augmented_set(
    file: Path,
    dataset: Dataset,
    split: Split,
    sources: Int64[np.ndarray, " n"],
    variants: Iterable[Pixels],
    about: dict[str, Any],
    *,
    force: bool = False,
) -> AugmentedSet:
    """Write the set to `file`, which appears when it is complete; returns its record.

    Variant i is of the training picture `sources[i]` of `split`; `about` is more of the record.
    Raises ToileError where `file` is there already (unless `force`).
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with writing(file):
        try:
            with temporary.open("wb") as stream:
                with zipfile.ZipFile(stream, "w") as archive:
                    record = _write(archive, dataset, split, sources, variants, about)
                stream.flush()
                os.fsync(stream.fileno())
            if force:
                os.replace(temporary, file)
            else:
                rename_new(temporary, file)
            sync_folder(file.parent)
        except FileExistsError:
            raise _is_there(file) from None
        finally:
            temporary.unlink(missing_ok=True)
    return record


def _write(
    archive: zipfile.ZipFile,
    dataset: Dataset,
    split: Split,
    sources: Int64[np.ndarray, " n"],
    variants: Iterable[Pixels],
    about: dict[str, Any],
) -> AugmentedSet:
    train, validation, test = split.train, split.validation, open_sealed(dataset.test)
    checksums = {
        "x_train": _add_pixels(archive, "x_train", len(sources), dataset.shape, variants),
        "y_train": _add(archive, "y_train", train.labels[sources]),
        SOURCES: _add(archive, SOURCES, train.hashes[sources, 1]),
    }
    for part, images in (("val", validation), ("test", test)):
        names = f"x_{part}", f"y_{part}", HASHES[part]
        pieces = (images.pixels[piece] for piece in chunk_slices(images.pixels))
        checksums[names[0]] = _add_pixels(archive, names[0], len(images), images.shape, pieces)
        checksums[names[1]] = _add(archive, names[1], images.labels)
        checksums[names[2]] = _add(archive, names[2], images.hashes)
    checksums[SELECTION] = _add(archive, SELECTION, split.selection)
    assert tuple(checksums) == ARRAYS
    record = new_record(
        {
            "name": parent_name(dataset),
            "release": dataset.release,
            "fingerprint": dataset.fingerprint,
            "class_names": dataset.class_names,
            "shape": dataset.shape,
            "num_variants": len(sources),
            "num_sources": len(np.unique(sources)),
            "num_validation": len(validation),
            "num_test": len(test),
            "checksums": checksums,
            **about,
        }
    )
    _add(archive, PARENT, np.array(record.model_dump_json()))
    return record


def _add_pixels(
    archive: zipfile.ZipFile,
    name: str,
    num: int,
    shape: tuple[int, int, int],
    pieces: Iterable[Pixels],
) -> str:
    """Pictures as people keep them: grey ones (n, h, w), others (n, h, w, c)."""
    channels, height, width = shape
    stored_shape = (num, height, width) if channels == 1 else (num, height, width, channels)
    stored = (piece[:, 0] if channels == 1 else piece.transpose(0, 2, 3, 1) for piece in pieces)
    return _add_pieces(archive, name, stored_shape, np.dtype(np.uint8), stored)


def _add(archive: zipfile.ZipFile, name: str, array: Shaped[np.ndarray, "*shape"]) -> str:
    return _add_pieces(archive, name, array.shape, array.dtype, iter([array]))


def _add_pieces(
    archive: zipfile.ZipFile,
    name: str,
    shape: Sequence[int],
    dtype: np.dtype[Any],
    pieces: Iterator[Shaped[np.ndarray, "*shape"]],
) -> str:
    """Add an array that comes in pieces of its first axis; returns the sha256 of its values."""
    digest, num_bytes = hashlib.sha256(), 0
    header = {"descr": dtype.str, "fortran_order": False, "shape": tuple(shape)}
    # Without the time of day, so that the same set is the same bytes.
    entry_info = zipfile.ZipInfo(f"{name}.npy")
    with archive.open(entry_info, "w", force_zip64=True) as entry:
        np.lib.format.write_array_header_1_0(entry, header)
        for piece in pieces:
            content = np.ascontiguousarray(piece, dtype).tobytes()
            digest.update(content)
            entry.write(content)
            num_bytes += len(content)
    assert num_bytes == math.prod(shape) * dtype.itemsize
    return digest.hexdigest()
