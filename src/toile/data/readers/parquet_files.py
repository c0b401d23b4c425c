"""Whether a folder's set is its Parquet files or its pictures, and which files these are."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from toile.data.readers.folder import find_pictures
from toile.data.readers.layout import PICTURE_SUFFIXES
from toile.data.readers.part_names import part_in_words
from toile.errors import ToileError

SUFFIX = ".parquet"
MAX_DEPTH = 2
"""Most levels of folders below the named one: data/train/0000.parquet."""
MAX_FIGURES = 10
"""Most pictures that are taken for illustrations and not for the set."""
PARTITION = re.compile(r"[^=]+=[^=]*")


def find_parquet(path: Path) -> list[Path]:
    """The file itself, or all in a folder, a few levels deep; none if pictures are the set.

    Raises ToileError if a folder holds several sets.
    """
    if path.is_file():
        return [path] if path.suffix.lower() == SUFFIX else []
    files = sorted(_files(path))
    if not files or _are_the_set(pictures_beside(path), files):
        return []
    for file in files:
        _refuse_partition(file, path)
    sets = {_set_of(file, path) for file in files}
    if len(sets) > 1:
        names = ", ".join(f"{name}/" if name else "." for name in sorted(sets)[:4])
        raise ToileError(
            f"{path}: holds {len(sets)} sets of Parquet files, in {names}; name the folder of one"
        )
    return files


def _files(path: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(path, followlinks=True):
        depth = len(Path(folder).relative_to(path).parts)
        # In place: os.walk descends into the folders left in this list.
        subfolders[:] = [
            name for name in subfolders if depth < MAX_DEPTH and not name.startswith(".")
        ]
        for name in names:
            file = Path(folder, name)
            if file.suffix.lower() == SUFFIX and not name.startswith(".") and file.is_file():
                yield file


def pictures_beside(path: Path) -> list[Path]:
    """The picture files in the folder `path`; none if `path` is a file."""
    return [file for file in find_pictures(path) if file.suffix.lower() in PICTURE_SUFFIXES]


def _are_the_set(pictures: list[Path], files: list[Path]) -> bool:
    """Whether pictures in class folders are the set, and the Parquet file only describes them."""
    folders = {file.parent for file in files}
    apart = [picture for picture in pictures if picture.parent not in folders]
    return len(apart) > MAX_FIGURES and len({picture.parent for picture in apart}) > 1


def _refuse_partition(file: Path, path: Path) -> None:
    for name in file.relative_to(path).parent.parts:
        if PARTITION.fullmatch(name) and part_in_words(name, str(file)) is None:
            column = name.partition("=")[0]
            raise ToileError(
                f"{path}: the column {column} of its Parquet files is in the names of folders, "
                f"such as {name}/, and not in the files; such partitions are not read: write it "
                "without partition_cols"
            )


def _set_of(file: Path, folder: Path) -> str:
    """The folders above a file, without those named like a part."""
    folders = file.relative_to(folder).parent.parts
    return "/".join(name for name in folders if part_in_words(name, str(file)) is None)
