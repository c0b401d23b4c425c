"""NumPy's .npz: train_x, train_y, test_x, test_y, or x_train and so on. Never unpickled."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, Shaped, UInt8

from toile.data.images import Images, chunk_slices
from toile.data.readers.parts import Parts, Progress, check_labels, check_layout, pack
from toile.data.readers.zip_file import DAMAGED, open_zip
from toile.errors import ToileError
from toile.recipe import Data

# The second is that of Keras's mnist.npz.
SPELLINGS = (("train_x", "train_y", "test_x", "test_y"), ("x_train", "y_train", "x_test", "y_test"))


def find_npz(path: Path) -> list[Path]:
    """The .npz itself, or the only one in a folder; none if there is none."""
    if path.is_file():
        return [path] if path.suffix == ".npz" else []
    files = sorted(path.glob("*.npz"))
    if len(files) > 1:
        raise ToileError(
            f"{path}: holds {len(files)} .npz files ({files[0].name}, {files[1].name}, ...); "
            "name the one to read"
        )
    return files


def read_npz(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the file `find_npz` found. The format holds no class names."""
    (file,) = files
    with open_zip(file) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
        keys = next((keys for keys in SPELLINGS if set(keys[:2]) <= names), None)
        if keys is None:
            raise ToileError(
                f"{file}: holds {', '.join(sorted(names)[:8]) or 'nothing'}; it needs "
                f"{' or '.join(', '.join(keys) for keys in SPELLINGS)}"
            )
        train = _read_part(archive, file, keys[:2])
        has_test = bool(set(keys[2:]) & names)
        return Parts(train, _read_part(archive, file, keys[2:]) if has_test else None, nans=0)


def _read_part(archive: zipfile.ZipFile, file: Path, keys: tuple[str, ...]) -> Images:
    images_key, labels_key = keys
    images, labels = (_read_array(archive, file, key) for key in keys)
    pixels = _to_pixels(_channels_first(images, f"{file}: {images_key}"), f"{file}: {images_key}")
    indices = _to_labels(labels, f"{file}: {labels_key}")
    check_labels(indices, len(pixels), f"{file}: {labels_key}")
    return pack(pixels, indices)


def _read_array(archive: zipfile.ZipFile, file: Path, key: str) -> Shaped[np.ndarray, "..."]:
    """One array; its header is held against the entry's size before memory is taken."""
    where = f"{file}: {key}"
    if f"{key}.npy" not in archive.namelist():
        raise ToileError(f"{where} is missing; images and labels come in pairs")
    entry = archive.getinfo(f"{key}.npy")
    try:
        with archive.open(entry) as stream:
            shape, dtype = _read_header(stream, where)
            # math.prod, as np.prod would wrap round at 2**63 and let a monstrous shape pass.
            claimed = math.prod((*shape, dtype.itemsize))
            if claimed != entry.file_size - stream.tell():
                raise ToileError(
                    f"{where}: the header claims {shape} of {dtype}, {claimed} bytes; the entry "
                    f"holds {entry.file_size - stream.tell()}; write it again"
                )
        # Opened anew: an entry cannot be rewound cheaply, and read_array wants the header too.
        with archive.open(entry) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)
    except (*DAMAGED, ValueError) as damage:
        raise ToileError(f"{where}: is damaged ({damage}); write it again") from None


def _read_header(stream: Any, where: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        # 3.0 is for names of fields beyond Latin-1, and plain numbers have no fields.
        raise ToileError(f"{where}: is of .npy version {version}; versions 1.0 and 2.0 are read")
    if dtype.kind not in "uifb":
        what = "Python objects (a pickle, never loaded)" if dtype.hasobject else str(dtype)
        raise ToileError(f"{where}: holds {what}; numbers are read; save it with a numeric dtype")
    return shape, dtype


def _channels_first(images: Shaped[np.ndarray, "..."], where: str) -> Shaped[np.ndarray, "n c h w"]:
    """As (n, c, h, w). Sides have 4 px or more, so the axis of 1 or 3 is the channels."""
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    elif images.ndim != 4 or shape[1] not in (1, 3):
        raise ToileError(
            f"{where}: has shape {shape}; images are (n, h, w), (n, h, w, c) or (n, c, h, w) with "
            "1 or 3 channels"
        )
    num_images, channels, height, width = images.shape
    check_layout(num_images, (channels, height, width), where)
    return images


def _to_pixels(images: Shaped[np.ndarray, "n c h w"], where: str) -> UInt8[np.ndarray, "n c h w"]:
    """As uint8: bytes as they are, floats in [0, 1] times 255, other whole numbers of 0 to 255."""
    if images.dtype == np.uint8:
        return images
    _refuse_nans(images, where)
    # Decided over all images at once: a single dark one of 0 to 255 may well stay below 1.
    from_unit = images.dtype.kind in "fb" and images.max() <= 1
    pixels = np.empty(images.shape, np.uint8)
    for piece in chunk_slices(images):
        values = images[piece] * np.float64(255 if from_unit else 1)
        whole = np.rint(values)
        wrong = (whole < 0) | (whole > 255) | ((whole != values) & (not from_unit))
        if wrong.any():
            image, *place = np.argwhere(wrong)[0].tolist()
            raise ToileError(
                f"{where}: image {piece.start + image} holds {images[piece][image, *place]:g}; "
                "pixels are whole numbers from 0 to 255, or all of them from 0 to 1"
            )
        pixels[piece] = whole
    return pixels


def _refuse_nans(images: Shaped[np.ndarray, "n c h w"], where: str) -> None:
    if images.dtype.kind != "f":
        return
    wrong = np.array([(~np.isfinite(image)).sum() for image in images])
    if wrong.any():
        raise ToileError(
            f"{where}: {wrong.sum()} values are NaN or infinite, the first in image "
            f"{np.flatnonzero(wrong)[0]}; every pixel needs a number"
        )


def _to_labels(labels: Shaped[np.ndarray, "..."], where: str) -> Int64[np.ndarray, " n"]:
    flat = labels.reshape(len(labels)) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1:
        raise ToileError(f"{where}: has shape {labels.shape}; labels are (n,) class indices")
    # A comparison that NaN and infinity fail too, before the cast that would hide them.
    wrong = np.flatnonzero(~((flat == np.rint(flat)) & (np.abs(flat.astype(np.float64)) < 2**53)))
    if len(wrong):
        raise ToileError(
            f"{where}: row {wrong[0]} has label {flat[wrong[0]]}; a label is a whole number"
        )
    return flat.astype(np.int64)
