"""IDX, CSV and NumPy files in a zip, unpacked while they are read.

Their readers seek in them and read some twice.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from toile.data.pixel_file import MOST_OF_FREE
from toile.data.readers.csv_files import ENDINGS, find_csv
from toile.data.readers.csv_table import read_csv
from toile.data.readers.idx import FILE_NAME, find_idx, read_idx
from toile.data.readers.npz import SUFFIXES, find_npz, read_npz
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.zip_file import DAMAGED, open_entry
from toile.errors import ToileError
from toile.recipe import Data

READERS = ((find_idx, read_idx), (find_csv, read_csv), (find_npz, read_npz))
Entries = dict[PurePosixPath, str]
"""The path of each file in the archive, and its name there."""


def is_table(path: PurePosixPath) -> bool:
    """Whether a file of this name holds many pictures."""
    return bool(FILE_NAME.fullmatch(path.name)) or path.name.lower().endswith((*ENDINGS, *SUFFIXES))


def read_tables(
    path: Path, archive: zipfile.ZipFile, entries: Entries, data: Data, progress: Progress
) -> Parts:
    """Read the set that `entries` form."""
    with tempfile.TemporaryDirectory(prefix="toile-") as name:
        root = Path(name)
        _unpack(path, archive, entries, root)
        try:
            return _read(path, root, sorted({entry.parent for entry in entries}), data, progress)
        except ToileError as error:
            # The user knows the archive, not the folder where it was unpacked.
            raise ToileError(str(error).replace(str(root), str(path))) from None


def _read(
    path: Path, root: Path, folders: Sequence[PurePosixPath], data: Data, progress: Progress
) -> Parts:
    for find, read in READERS:
        sources = {folder: files for folder in folders if (files := find(root / folder))}
        if len(sources) > 1:
            first, second, *_ = sources
            raise ToileError(
                f"{path}: holds more than one set, in {first}/ and in {second}/; unpack it and "
                "name the folder to read"
            )
        for folder, files in sources.items():
            parts = read(root / folder, files, data, progress)
            names = parts.names_inside or tuple(file.name for file in files)
            return replace(parts, names_inside=names)
    raise AssertionError("what is a table by its name has a reader")


def _unpack(path: Path, archive: zipfile.ZipFile, entries: Entries, root: Path) -> None:
    """Unpack `entries` below `root`; their declared sizes were checked before."""
    num_bytes = sum(archive.getinfo(name).file_size for name in entries.values())
    free = shutil.disk_usage(root).free
    if num_bytes > MOST_OF_FREE * free:
        raise ToileError(
            f"{path}: unpacks to {num_bytes} bytes, and of the {free} that are free in "
            f"{root.parent} {MOST_OF_FREE:.0%} are used at most; make room, set TMPDIR to a folder "
            "on a larger disk, or unpack it and name the folder"
        )
    for entry, name in entries.items():
        target = root / entry
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open_entry(archive, name) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        except DAMAGED as damage:
            raise ToileError(
                f"{path}: {entry} is damaged or cannot be unpacked ({damage}); fetch or pack it "
                "again"
            ) from None
