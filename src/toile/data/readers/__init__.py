"""Readers: one file for each format, each turning a path into `Parts`.

To add one, write `find_x(path)` (the files it would read, or none) and `read_x`, and list both.
"""

from collections.abc import Callable
from pathlib import Path

from toile.data.readers.archive import find_zip, read_zip
from toile.data.readers.cached_arrays import find_cached_arrays, read_cached_arrays
from toile.data.readers.cifar import find_cifar, read_cifar
from toile.data.readers.csv_files import find_csv
from toile.data.readers.csv_table import read_csv
from toile.data.readers.folder import find_pictures, read_folder
from toile.data.readers.idx import find_idx, read_idx
from toile.data.readers.npz import find_npz, read_npz
from toile.data.readers.parquet import read_parquet
from toile.data.readers.parquet_files import find_parquet
from toile.data.readers.parts import Parts, Progress
from toile.data.readers.svhn import find_svhn, read_svhn
from toile.data.readers.tar_shards import find_tar, read_tar
from toile.errors import ToileError
from toile.recipe import Data

__all__ = ["Parts", "Progress", "find_source"]

REQUIREMENT = "pictures lie in a folder for each class"
Read = Callable[[Path, list[Path], Data, Progress], Parts]

READERS: tuple[tuple[Callable[[Path], list[Path]], Read], ...] = (
    (find_cached_arrays, read_cached_arrays),
    (find_idx, read_idx),
    (find_cifar, read_cifar),
    (find_svhn, read_svhn),
    # Before pictures, as there is a folder in its way.
    (find_parquet, read_parquet),
    # Before CSV: many picture sets carry a labels.csv beside their class folders.
    (find_pictures, read_folder),
    (find_csv, read_csv),
    (find_npz, read_npz),
    (find_zip, read_zip),
    (find_tar, read_tar),
)


def find_source(path: Path) -> tuple[Read, list[Path]]:
    """The reader for `path`, and the files it will read."""
    if not path.is_file() and not path.is_dir():
        raise ToileError(f"{path}: is no file or folder")
    for find, read in READERS:
        if files := find(path):
            return read, files
    if path.is_dir():
        archive = next((file for file in path.iterdir() if find_zip(file)), None)
        raise ToileError(
            f"{path}: holds no IDX files, no CIFAR .bin files, no CSV files, no .npz, no Parquet "
            "files and no class folders; "
            + (f"name the archive in it, {archive}" if archive else REQUIREMENT)
        )
    raise ToileError(
        f"{path}: is of no known format; .csv, .csv.gz, .tsv, .npz, .npy, .parquet, .zip and .tar "
        "are read, and folders of IDX files, of CIFAR's .bin files or of class folders"
    )
