"""A folder on disk with a folder of pictures for each class."""

import os
from functools import partial
from pathlib import Path, PurePosixPath

from toile.data.readers.class_folders import read_pictures
from toile.data.readers.layout import PICTURE_SUFFIXES
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.picture_files import PictureFile, Span
from toile.data.source_key import decoded_key
from toile.errors import ToileError
from toile.recipe import Data

# Enough for any layout, and a limit if / or a home folder is named by mistake.
MAX_DEPTH = 5
MAX_FILES = 2_000_000
TABLES = (".csv", ".tsv", ".npz", ".npy", ".gz")


def find_pictures(path: Path) -> list[Path]:
    """All files of a folder of pictures, a few levels deep, sorted, without hidden files.

    Empty if it has no folders and hardly any picture, or other data and no picture.
    """
    if not path.is_dir():
        return []
    children = list(path.iterdir())
    if not any(map(_is_visible_folder, children)) and not _mostly_pictures(children):
        return []
    paths = []
    # `MAX_DEPTH` also ends loops by links to folders above.
    for folder, subfolders, names in os.walk(path, followlinks=True):
        depth = len(Path(folder).relative_to(path).parts)
        # In place: os.walk descends into the folders left in this list.
        subfolders[:] = [
            name for name in subfolders if depth < MAX_DEPTH and not name.startswith(".")
        ]
        paths += [os.path.join(folder, name) for name in names if not name.startswith(".")]
        if len(paths) > MAX_FILES:
            raise ToileError(
                f"{path}: holds more than {MAX_FILES} files; name the folder of the pictures"
            )
    # Sorted: a split depends on the order, and disks list files in different orders.
    files = [Path(file) for file in sorted(paths) if os.path.isfile(file)]
    if any(child.suffix.lower() in TABLES for child in children) and not any(
        file.suffix.lower() in PICTURE_SUFFIXES for file in files
    ):
        return []
    return files


def _mostly_pictures(children: list[Path]) -> bool:
    """Whether there are many more pictures than tables, one of which may hold their labels."""
    suffixes = [child.suffix.lower() for child in children if not child.name.startswith(".")]
    num_tables = sum(suffix in TABLES for suffix in suffixes)
    return sum(suffix in PICTURE_SUFFIXES for suffix in suffixes) > 4 * num_tables


def _is_visible_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def read_folder(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files of `find_pictures`."""
    pictures = [_on_disk(path, file) for file in files]
    return read_pictures(
        str(path), pictures, data, progress, partial(decoded_key, path, files, data)
    )


def _on_disk(source: Path, file: Path) -> PictureFile:
    path = PurePosixPath(file.relative_to(source).as_posix())
    return PictureFile.at(path, Span(str(file)))
