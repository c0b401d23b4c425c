"""Pictures that a run is asked about, in all their forms, and which are refused."""

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
    MarkSet,
    Picture,
    part_of,
    picture_marks,
    picture_of,
    read_picture,
)
from toile.errors import ToileError
from toile.runs import Run
from toile.workbench.picture_arrays import pictures_in


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


_SEALED = (
    "of the sealed test part of {run}'s data; take other pictures, or look: toile evaluate {run} "
    "--open-test --why REASON"
)
Asking = str | Path | bytes | np.ndarray | Image.Image | TorchTensor


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

    def marks(self, pixels: UInt8[np.ndarray, "c h w"]) -> MarkSet:
        """By what the picture that was read from here as `pixels` is known again."""
        if self.content is not None:
            return picture_marks(pixels, io.BytesIO(self.content))
        if self.path is None:
            return picture_marks(pixels)
        with self.path.open("rb") as file:
            return picture_marks(pixels, file)


def sources_of(
    pictures: Asking | Iterable[Asking], facts: DataFacts | None = None
) -> Iterator[PictureSource]:
    """Where each of `pictures` comes from: a folder is all files below it, a batch all in it.

    `facts` are those of the run that is asked, which tell how an array is meant.
    """
    number = 1
    for one in _each(pictures):
        for source in _sources_in(one, facts, number):
            yield source
            number += 1


def _each(pictures: Asking | Iterable[Asking]) -> Iterable[object]:
    """The pictures one by one; a list of numbers is one, as an array would be."""
    if isinstance(pictures, str | bytes | os.PathLike | Image.Image | np.ndarray | TorchTensor):
        return [pictures]
    if hasattr(pictures, "to_numpy"):
        return [pictures.to_numpy()]
    if isinstance(pictures, Mapping) or not isinstance(pictures, Iterable):
        return [pictures]
    several = list(pictures)
    return [several] if several and isinstance(several[0], int | float) else several


def _sources_in(one: object, facts: DataFacts | None, number: int) -> Iterable[PictureSource]:
    """The pictures in `one`, of which the first is called `picture NUMBER` where it has no name."""
    if isinstance(one, str | os.PathLike):
        return _below(Path(one)) if Path(one).is_dir() else [_file(Path(one))]
    name = f"picture {number}"
    if isinstance(one, bytes):
        return [PictureSource(name, partial(read_picture, one, name), content=one)]
    if isinstance(one, Image.Image):
        return [PictureSource(name, partial(picture_of, one, name))]
    if isinstance(one, np.ndarray):
        return _sources_of_array(one, facts, number)
    if isinstance(one, TorchTensor):
        return _sources_of_array(_numbers_of(one), facts, number, str(one.dtype))
    if isinstance(one, list | tuple) and one and isinstance(one[0], list | tuple | int | float):
        return _sources_of_array(_array_of_numbers(one, name), facts, number, "numbers")
    raise ToileError(
        f"{name}: is {_called(one)}; a picture is a path, the bytes of a file, an image of "
        "Pillow's, or an array or tensor of numbers; several are a list or a batch of them"
    )


def _numbers_of(tensor: TorchTensor) -> np.ndarray:
    try:
        return tensor.detach().cpu().numpy()
    except TypeError:
        # NumPy has no name for some types of torch's; such a tensor is refused by its type.
        return np.empty(tensor.shape, object)


def _called(one: object) -> str:
    words = {
        type(None): "nothing",
        dict: "a mapping",
        list: "an empty list",
        tuple: "an empty list",
    }
    return words.get(type(one), f"of a kind that is no picture ({type(one).__name__})")


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
        PictureSource(f"picture {number + place}", partial(_itself, picture))
        for place, picture in enumerate(pictures)
    ]


def _itself(picture: Picture) -> Picture:
    return picture


def _array_of_numbers(numbers: Sequence[Any], name: str) -> np.ndarray:
    """Numbers in lists of lists; ToileError where the lists are of different lengths."""
    try:
        return np.array(numbers)
    except ValueError:
        raise ToileError(
            f"{name}: is a list of lists of different lengths; a picture has rows of one length"
        ) from None


def refuse_sealed(run: Run, name: str, marks: MarkSet, sealed: MarkSet) -> None:
    """Raises ToileError where the picture with these `marks` is one of the `sealed` ones of `run`.

    Wherever it lies and whatever it is called. A copy that was cropped, resized or saved as JPEG
    has other pixels and is not known.
    """
    if np.isin(marks, sealed).any():
        raise ToileError(f"{name}: is {_SEALED.format(run=run.name)}")


def refuse_test_part(run: Run, sources: Sequence[PictureSource]) -> None:
    """Raises ToileError where a picture lies in the test folder of the data of `run`.

    Its answer would be a look that nobody counted. Told by path alone, so also where the file has
    changed since.
    """
    # The recipe has the whole path also in older runs, whose data.json may have it as it was typed.
    data = Path(run.recipe.data.name)
    if not data.is_dir():
        return
    roots = _spellings(data)
    for source in sources:
        if source.path is not None and any(
            _is_test_image(path.relative_to(root))
            for path in _spellings(source.path)
            for root in roots
            if path.is_relative_to(root)
        ):
            raise ToileError(f"{source.name}: is {_SEALED.format(run=run.name)}")


def _spellings(path: Path) -> set[Path]:
    """As it was named and with links followed: a test folder may be a link, or be named by one."""
    return {Path(os.path.abspath(path)), path.resolve()}


def _is_test_image(path: Path) -> bool:
    """Whether a file of a dataset lies in a class folder of its test folder."""
    # A class may itself be called test, and lies right above its files.
    return any(part_of(name) == "test" for name in path.parts[:-2])
