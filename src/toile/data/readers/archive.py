"""A zip: of class folders, read where they lie, or of files that hold many pictures each."""

import io
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath

from toile.data.readers.class_folders import read_pictures
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.picture_files import PictureFile
from toile.data.readers.picture_limits import MAX_FILE_BYTES, UnreadablePicture
from toile.data.readers.zip_file import DAMAGED, open_zip, unpack, with_slashes
from toile.data.readers.zip_tables import is_table, read_tables
from toile.data.source_key import decoded_key
from toile.recipe import Data

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def find_zip(path: Path) -> list[Path]:
    """The zip itself, or none."""
    return [path] if path.is_file() and path.suffix.lower() == ".zip" else []


def read_zip(path: Path, files: list[Path], data: Data, progress: Progress) -> Parts:
    """Read the file `find_zip` found. An archive inside the archive is listed, not opened."""
    with open_zip(path) as archive:
        entries = {
            PurePosixPath(slashed): name
            for name in sorted(archive.namelist())
            if not (slashed := with_slashes(name)).endswith("/") and not is_hidden(slashed)
        }
        tables = {entry: name for entry, name in entries.items() if is_table(entry)}
        if tables and not any(entry.suffix.lower() in PICTURE_ENDINGS for entry in entries):
            return read_tables(path, archive, tables, data, progress)
        pictures = [
            PictureFile(entry, partial(_unpack_picture, archive, name))
            for entry, name in entries.items()
        ]
        key = partial(decoded_key, path, files, data)
        return read_pictures(str(path), pictures, data, progress, key)


def _unpack_picture(archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    """A picture's whole file, since Pillow seeks in it."""
    if name.lower().endswith(".zip"):
        raise UnreadablePicture("is an archive inside the archive; those are not opened")
    num_bytes = archive.getinfo(name).file_size
    if num_bytes > MAX_FILE_BYTES:
        raise UnreadablePicture(f"has {num_bytes} bytes; a picture has at most {MAX_FILE_BYTES}")
    try:
        return unpack(archive, name)
    except DAMAGED as damage:
        raise UnreadablePicture(f"is damaged ({damage})") from None


def is_hidden(name: str) -> bool:
    """Whether a file in an archive is none of the user's, by its path there."""
    # macOS packs a __MACOSX folder of attributes beside the files: ._shoe.png for shoe.png.
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
