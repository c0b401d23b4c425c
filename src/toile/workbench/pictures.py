"""Pictures that a run is asked about: files, folders, bytes or arrays, and which are refused."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from toile.data import PART_NAMES, Picture, read_picture
from toile.errors import ToileError
from toile.runs import Run

Asking = str | Path | bytes | np.ndarray


@dataclass(frozen=True)
class Source:
    """Where a picture comes from; `path` of a file, `may_fail` where it is one of a folder's."""

    name: str
    read: Callable[[], Picture]
    path: Path | None = None
    may_fail: bool = False


def sources_of(pictures: Sequence[Asking]) -> Iterator[Source]:
    """Where each of `pictures` comes from, a folder being all the files below it."""
    for number, one in enumerate(pictures, start=1):
        if isinstance(one, bytes):
            name = f"picture {number}"
            yield Source(name, partial(read_picture, one, name))
        elif isinstance(one, np.ndarray):
            name = f"picture {number}"
            yield Source(name, partial(_picture_of, one, name))
        elif Path(one).is_dir():
            yield from _below(Path(one))
        else:
            yield _file(Path(one))


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


def _picture_of(array: np.ndarray, name: str) -> Picture:
    """An array as a picture; three channels come first or last, one may be left out."""
    if array.dtype == np.uint8 and array.size:
        if array.ndim == 2:
            return Picture(array[None])
        if array.ndim == 3 and array.shape[0] in (1, 3):
            return Picture(array)
        if array.ndim == 3 and array.shape[2] in (1, 3):
            return Picture(array.transpose(2, 0, 1))
    raise ToileError(
        f"{name}: is an array of {array.dtype} {array.shape}; it is of uint8 (h, w), (h, w, 3) or "
        "(c, h, w)"
    )


def refuse_test_part(run: Run, sources: Sequence[Source]) -> None:
    """Raises ToileError where a picture lies in the test folder of the data of `run`.

    Its answer would be a look that nobody counted. Told by path alone: a copy elsewhere is not
    known, nor a test part taken from the training images, nor data that has moved since.
    """
    data = Path(run.facts.path)
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
            raise ToileError(
                f"{source.name}: is of the sealed test part of {run.name}'s data; take other "
                f"pictures, or look: toile evaluate {run.name} --open-test --why REASON"
            )


def _spellings(path: Path) -> set[Path]:
    """As it was named and with links followed: a test folder may be a link, or be named by one."""
    return {Path(os.path.abspath(path)), path.resolve()}


def _is_test_image(path: Path) -> bool:
    """Whether a file of a dataset lies in a class folder of its test folder."""
    # A class may itself be called test, and lies right above its files.
    return any(PART_NAMES.get(name.lower()) == "test" for name in path.parts[:-2])
