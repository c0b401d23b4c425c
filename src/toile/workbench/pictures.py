"""Pictures that a run is asked about, in all their forms, and which are refused."""

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.data import (
    MarkSet,
    Picture,
    part_of,
    picture_marks,
    picture_of,
    read_picture,
)
from toile.errors import ToileError
from toile.runs import Run


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
class Source:
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


def sources_of(pictures: Asking | Sequence[Asking]) -> Iterator[Source]:
    """Where each of `pictures` comes from: a folder is all files below it, a batch all in it."""
    if isinstance(pictures, str | bytes) or not isinstance(pictures, Sequence):
        pictures = [pictures]
    number = 1
    for one in pictures:
        for source in _sources_in(one, number):
            yield source
            number += 1


def _sources_in(one: object, number: int) -> Iterable[Source]:
    """The pictures in `one`, of which the first is called `picture NUMBER` where it has no name."""
    if isinstance(one, str | os.PathLike):
        return _below(Path(one)) if Path(one).is_dir() else [_file(Path(one))]
    name = f"picture {number}"
    if isinstance(one, bytes):
        return [Source(name, partial(read_picture, one, name), content=one)]
    if isinstance(one, Image.Image):
        return [Source(name, partial(picture_of, one, name))]
    if isinstance(one, np.ndarray):
        return _sources_of_array(one, number)
    if isinstance(one, TorchTensor):
        # Of another type numpy may have no name for it, and it is refused anyway.
        is_bytes = str(one.dtype) == "torch.uint8"
        return _sources_of_array(
            one.detach().cpu().numpy() if is_bytes else np.empty(one.shape, object),
            number,
            str(one.dtype),
        )
    raise ToileError(
        f"{name}: is a {type(one).__name__}; a picture is a path, the bytes of a file, an image of "
        "Pillow's, or an array or tensor of uint8; several are a list or a batch of them"
    )


def _below(folder: Path) -> list[Source]:
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


def _file(path: Path) -> Source:
    return Source(str(path), partial(_read_file, path), path)


def _read_file(path: Path) -> Picture:
    try:
        with path.open("rb") as file:
            return read_picture(file, str(path))
    except FileNotFoundError:
        raise ToileError(f"{path}: is no file or folder") from None
    except OSError as error:
        raise ToileError(f"{path}: cannot be read: {error.strerror}") from None


def _sources_of_array(array: np.ndarray, number: int, dtype: str = "") -> list[Source]:
    """The picture in an array of two or three axes, or those in a batch of four.

    Channels come first or last, in all pictures of a batch alike, and one may be left out.
    """
    dtype = dtype or str(array.dtype)
    if array.dtype == np.uint8 and array.size:
        pixels = array[None] if array.ndim == 2 else array
        batch = pixels[None] if pixels.ndim == 3 else pixels
        if batch.ndim == 4 and batch.shape[1] in (1, 3):
            return [_given(one, number + place) for place, one in enumerate(batch)]
        if batch.ndim == 4 and batch.shape[3] in (1, 3):
            return _sources_of_array(batch.transpose(0, 3, 1, 2), number)
    raise ToileError(
        f"picture {number}: is an array of {dtype} {array.shape}; it is of uint8, 0 to 255, and "
        "(h, w), (h, w, 3) or (c, h, w), or a batch (n, c, h, w) or (n, h, w, c)"
        + _remedy(array, dtype)
    )


def _remedy(array: np.ndarray, dtype: str) -> str:
    if "float" in dtype:
        return "; numbers from 0 to 1 are made so by (255 * numbers).round() and a cast to uint8"
    if array.ndim == 3:
        return "; a batch of grey pictures is array[:, None]"
    return ""


def _given(pixels: np.ndarray, number: int) -> Source:
    return Source(f"picture {number}", partial(Picture, pixels))


def refuse_sealed(run: Run, name: str, marks: MarkSet, sealed: MarkSet) -> None:
    """Raises ToileError where the picture with these `marks` is one of the `sealed` ones of `run`.

    Wherever it lies and whatever it is called. A copy that was cropped, resized or saved as JPEG
    has other pixels and is not known.
    """
    if np.isin(marks, sealed).any():
        raise ToileError(f"{name}: is {_SEALED.format(run=run.name)}")


def refuse_test_part(run: Run, sources: Sequence[Source]) -> None:
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
