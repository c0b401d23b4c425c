"""A zip of class folders, read where it lies: nothing is unpacked to disk."""

import io
from functools import partial
from pathlib import Path, PurePosixPath

from toile.data.readers.class_folders import read_pictures
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.picture import UnreadablePicture
from toile.data.readers.picture_files import PictureFile
from toile.data.readers.zip_file import DAMAGED, open_zip
from toile.recipe import Data


def find_zip(path: Path) -> list[Path]:
    """The zip itself, or none."""
    return [path] if path.is_file() and path.suffix == ".zip" else []


def read_zip(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the file `find_zip` found. An archive inside the archive is listed, not opened."""
    with open_zip(path) as archive:
        # Read whole, as Pillow jumps about in a file; the checks above bound how much that is.
        def unpack(name: str) -> io.BytesIO:
            if name.endswith(".zip"):
                raise UnreadablePicture("is an archive inside the archive; those are not opened")
            try:
                return io.BytesIO(archive.read(name))
            except DAMAGED as damage:
                raise UnreadablePicture(f"is damaged ({damage})") from None

        pictures = [
            PictureFile(PurePosixPath(name), partial(unpack, name))
            for name in sorted(archive.namelist())
            if not name.endswith("/") and not _is_hidden(name)
        ]
        return read_pictures(str(path), pictures, data, progress)


def _is_hidden(name: str) -> bool:
    # macOS packs a __MACOSX folder of attributes beside the files: ._shoe.png for shoe.png.
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
