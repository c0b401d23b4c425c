"""A folder on disk whose pictures lie in a folder for each class."""

import os
from pathlib import Path, PurePosixPath

from toile.data.readers.class_folders import read_pictures
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.picture_files import PictureFile
from toile.errors import ToileError
from toile.recipe import Data

# Enough for any layout; and an end, where / or one's home is named by mistake.
MAX_DEPTH = 5
MAX_FILES = 1_000_000


def find_pictures(path: Path) -> list[Path]:
    """All files of a folder that holds folders, a few levels deep, hidden ones left out; sorted."""
    if not path.is_dir() or not any(_is_visible_folder(child) for child in path.iterdir()):
        return []
    found = []
    # A link that leads back up would make this endless but for `MAX_DEPTH`.
    for folder, subfolders, names in os.walk(path, followlinks=True):
        depth = len(Path(folder).relative_to(path).parts)
        # In place: os.walk descends into what is left in this very list.
        subfolders[:] = [
            name for name in subfolders if depth < MAX_DEPTH and not name.startswith(".")
        ]
        found += [os.path.join(folder, name) for name in names if not name.startswith(".")]
        if len(found) > MAX_FILES:
            raise ToileError(
                f"{path}: holds more than {MAX_FILES} files; name the folder of the pictures"
            )
    # Sorted, for the order in which a disk lists files is its own, and a split follows the order.
    return [Path(file) for file in sorted(found) if os.path.isfile(file)]


def _is_visible_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def read_folder(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the files `find_pictures` found."""
    pictures = [_on_disk(path, file) for file in files]
    return read_pictures(str(path), pictures, data, progress)


def _on_disk(source: Path, file: Path) -> PictureFile:
    path = PurePosixPath(file.relative_to(source).as_posix())
    return PictureFile(path, lambda: file.open("rb"))
