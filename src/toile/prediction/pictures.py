"""Pictures to classify, in all forms that users may pass."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.data import (
    DataFacts,
    HashSet,
    Picture,
    picture_hashes,
    picture_of,
    read_picture,
)
from toile.errors import ToileError
from toile.prediction.picture_arrays import BATCHES, pictures_in


@runtime_checkable
class TorchTensor(Protocol):
    """A tensor of torch, recognised without importing torch."""

    dtype: Any
    shape: Any

    def detach(self) -> "TorchTensor":
        """The same values without a gradient."""
        ...

    def cpu(self) -> "TorchTensor":
        """The same values in the CPU's memory."""
        ...

    def numpy(self) -> np.ndarray:
        """The same values as an array."""
        ...


PictureInput = Any
"""A path, the bytes of a file, a Pillow image, an array, a tensor or numbers in lists; other types
raise ToileError."""
ImageArray = Any
"""Images in an array, a tensor or lists of numbers; other types raise ToileError."""


@dataclass(frozen=True)
class PictureSource:
    """The source of a picture: a file's `path`, or `content`, the bytes of a file without a path.

    `may_fail` is true for a file of a folder, which may also contain other files.
    """

    name: str
    read: Callable[[], Picture]
    path: Path | None = None
    may_fail: bool = False
    content: bytes | None = None

    def hashes(self, pixels: UInt8[np.ndarray, "c h w"]) -> HashSet:
        """The hashes of this picture, which was read as `pixels`."""
        if self.content is not None:
            return picture_hashes(pixels, io.BytesIO(self.content))
        if self.path is None:
            return picture_hashes(pixels)
        with self.path.open("rb") as file:
            return picture_hashes(pixels, file)


def sources_of(
    pictures: PictureInput, facts: DataFacts | None = None, name: str = ""
) -> Iterator[PictureSource]:
    """The sources of all `pictures`: of a folder all files below it, of a batch all its pictures.

    A picture without a path is called `name`, or `picture 1` and so on. `facts` are those of the
    network, which decide how an array is read.
    """
    number = 1
    for item in _items(pictures):
        for source in _sources_in(item, facts, number, name or f"picture {number}"):
            yield source
            number += 1


def pixels_in(images: ImageArray, facts: DataFacts) -> UInt8[np.ndarray, "n c h w"]:
    """Images with the shape and values of the training images, as bytes.

    Raises ToileError if `images` is no array of numbers, or has images of another shape.
    """
    values = images.to_numpy() if hasattr(images, "to_numpy") else images
    if isinstance(values, list | tuple):
        values = _array_of_lists(values, "images")
    if not isinstance(values, np.ndarray | TorchTensor):
        raise ToileError(f"images: are {_kind_of(values)}; pass an array {BATCHES}")
    array = values if isinstance(values, np.ndarray) else _tensor_values(values)
    are_scaled = facts.greys is None or facts.greys.white >= 255
    if array.dtype == np.uint8 and array.size and array.shape[1:] == facts.shape and are_scaled:
        # Not one by one: that took most of a census. torch takes no reversed or read-only array.
        return np.require(array, requirements=["C", "W"])
    pixels = [
        picture.scaled_like(facts.greys)
        for picture in pictures_in(array, facts, 1, str(values.dtype))
    ]
    if pixels[0].shape != facts.shape:
        raise ToileError(
            f"images: have {_size(pixels[0].shape)}, and the training images "
            f"{_size(facts.shape)}; use ask, which prepares a picture of any size"
        )
    return np.stack(pixels)


def _size(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{width} x {height} px in {'grey' if channels == 1 else 'colour'}"


def _items(pictures: PictureInput) -> Iterable[object]:
    """The pictures one by one; a list of numbers is one picture, like an array."""
    if isinstance(pictures, str | bytes | os.PathLike | Image.Image | np.ndarray | TorchTensor):
        return [pictures]
    if hasattr(pictures, "to_numpy"):
        return [pictures.to_numpy()]
    if isinstance(pictures, Mapping) or not isinstance(pictures, Iterable):
        return [pictures]
    several = list(pictures)
    return [several] if several and isinstance(several[0], int | float) else several


def _sources_in(
    item: object, facts: DataFacts | None, number: int, name: str
) -> Iterable[PictureSource]:
    """The pictures in `item`; the first is the `number`th of all."""
    if isinstance(item, str | os.PathLike):
        return _below(Path(item)) if Path(item).is_dir() else [_file(Path(item))]
    if isinstance(item, bytes):
        return [PictureSource(name, partial(read_picture, item, name), content=item)]
    if isinstance(item, Image.Image):
        return [PictureSource(name, partial(picture_of, item, name))]
    if isinstance(item, np.ndarray):
        return _sources_of_array(item, facts, number)
    if isinstance(item, TorchTensor):
        return _sources_of_array(_tensor_values(item), facts, number, str(item.dtype))
    if isinstance(item, list | tuple) and item and isinstance(item[0], list | tuple | int | float):
        return _sources_of_array(_array_of_lists(item, name), facts, number, "numbers")
    raise ToileError(
        f"{name}: is {_kind_of(item)}; pass a path, the bytes of a file, a Pillow image, or an "
        "array or tensor of numbers; pass several as a list or a batch"
    )


def _tensor_values(tensor: TorchTensor) -> np.ndarray:
    try:
        return tensor.detach().cpu().numpy()
    except TypeError:
        # NumPy lacks some types of torch; a tensor of them is refused by its type.
        return np.empty(tensor.shape, object)


def _kind_of(item: object) -> str:
    words = {
        type(None): "nothing",
        dict: "a mapping",
        list: "an empty list",
        tuple: "an empty list",
    }
    return words.get(type(item), f"of a kind that is no picture ({type(item).__name__})")


def _below(folder: Path) -> list[PictureSource]:
    """All files below a folder, sorted, without hidden ones."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise ToileError(f"{folder}: has no files; name a folder of pictures")
    return [replace(_file(path), may_fail=True) for path in files]


def _file(path: Path) -> PictureSource:
    return PictureSource(str(path), partial(_read_file, path), path)


def _read_file(path: Path) -> Picture:
    try:
        with path.open("rb") as file:
            return read_picture(file, str(path))
    except FileNotFoundError:
        raise ToileError(f"{path}: does not exist; name a file or folder") from None
    except OSError as error:
        raise ToileError(f"{path}: cannot be read: {error.strerror}") from None


def _sources_of_array(
    array: np.ndarray, facts: DataFacts | None, number: int, dtype: str = ""
) -> list[PictureSource]:
    pictures = pictures_in(array, facts, number, dtype or str(array.dtype))
    return [
        PictureSource(f"picture {number + index}", partial(_itself, picture))
        for index, picture in enumerate(pictures)
    ]


def _itself(picture: Picture) -> Picture:
    return picture


def _array_of_lists(values: Sequence[Any], name: str) -> np.ndarray:
    """Lists of numbers as an array. Raises ToileError if the lists have different lengths."""
    try:
        return np.array(values)
    except ValueError:
        raise ToileError(
            f"{name}: is a list of lists of different lengths; make all rows equally long"
        ) from None
