"""Pictures that a network is asked about, in all their forms."""

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
    """A tensor of torch, which is not imported for asking whether something is one."""

    dtype: Any
    shape: Any

    def detach(self) -> "TorchTensor":
        """The same numbers, without a gradient."""
        ...

    def cpu(self) -> "TorchTensor":
        """The same numbers in this machine's memory."""
        ...

    def numpy(self) -> np.ndarray:
        """The same numbers as an array."""
        ...


PictureInput = Any
"""A path, the bytes of a file, an image of Pillow's, an array, a tensor or numbers in lists; what
else is given is refused with a sentence."""
ImageArray = Any
"""Images in an array, a tensor or lists of numbers; what else is given is refused with a sentence.
"""


@dataclass(frozen=True)
class PictureSource:
    """Where a picture comes from; `path` of a file, `may_fail` where it is one of a folder's.

    `content` are the bytes of a file without a path.
    """

    name: str
    read: Callable[[], Picture]
    path: Path | None = None
    may_fail: bool = False
    content: bytes | None = None

    def hashes(self, pixels: UInt8[np.ndarray, "c h w"]) -> HashSet:
        """The hashes of the picture that was read from here as `pixels`."""
        if self.content is not None:
            return picture_hashes(pixels, io.BytesIO(self.content))
        if self.path is None:
            return picture_hashes(pixels)
        with self.path.open("rb") as file:
            return picture_hashes(pixels, file)


def sources_of(
    pictures: PictureInput, facts: DataFacts | None = None, name: str = ""
) -> Iterator[PictureSource]:
    """Where each of `pictures` comes from: a folder is all files below it, a batch all in it.

    What has no path is called `name`, or `picture 1` and so on. `facts` are those of the network
    that is asked, which tell how an array is meant.
    """
    number = 1
    for item in _items(pictures):
        for source in _sources_in(item, facts, number, name or f"picture {number}"):
            yield source
            number += 1


def pixels_in(images: ImageArray, facts: DataFacts) -> UInt8[np.ndarray, "n c h w"]:
    """Images of the shape and values of the training images, as bytes.

    Raises ToileError for what is no array of numbers, or of images of another shape.
    """
    values = images.to_numpy() if hasattr(images, "to_numpy") else images
    if isinstance(values, list | tuple):
        values = _array_of_lists(values, "images")
    if not isinstance(values, np.ndarray | TorchTensor):
        raise ToileError(f"images: are {_kind_of(values)}; give an array, of {BATCHES}")
    array = values if isinstance(values, np.ndarray) else _tensor_values(values)
    pixels = [
        picture.scaled_like(facts.greys)
        for picture in pictures_in(array, facts, 1, str(values.dtype))
    ]
    if pixels[0].shape != facts.shape:
        raise ToileError(
            f"images: are of {_size(pixels[0].shape)}; those it was trained on are of "
            f"{_size(facts.shape)}; ask prepares a picture of any size"
        )
    return np.stack(pixels)


def _size(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{width} x {height} px in {'grey' if channels == 1 else 'colour'}"


def _items(pictures: PictureInput) -> Iterable[object]:
    """The pictures one by one; a list of numbers is one, as an array would be."""
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
    """The pictures in `item`, of which the first is the `number`th of all."""
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
        f"{name}: is {_kind_of(item)}; a picture is a path, the bytes of a file, an image of "
        "Pillow's, or an array or tensor of numbers; several are a list or a batch of them"
    )


def _tensor_values(tensor: TorchTensor) -> np.ndarray:
    try:
        return tensor.detach().cpu().numpy()
    except TypeError:
        # NumPy has no name for some types of torch's; such a tensor is refused by its type.
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
    """All files of a folder and of the folders in it, hidden ones left out; sorted."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise ToileError(f"{folder}: holds no files; name a folder of pictures")
    return [replace(_file(path), may_fail=True) for path in files]


def _file(path: Path) -> PictureSource:
    return PictureSource(str(path), partial(_read_file, path), path)


def _read_file(path: Path) -> Picture:
    try:
        with path.open("rb") as file:
            return read_picture(file, str(path))
    except FileNotFoundError:
        raise ToileError(f"{path}: is no file or folder") from None
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
    """Numbers in lists of lists; ToileError where the lists are of different lengths."""
    try:
        return np.array(values)
    except ValueError:
        raise ToileError(
            f"{name}: is a list of lists of different lengths; a picture has rows of one length"
        ) from None
