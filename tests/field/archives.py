"""Field cases of zips: what people pack, and how."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.field.arrays import npz_medmnist
from tests.field.drawing import class_folders
from tests.field.idx import emnist_all, four_idx
from tests.field.tables import csv_plain


def packed(file: Path, folder: Path, rename: Callable[[str], str] = str) -> None:
    """All files below `folder`, which is taken away, under their names through `rename`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = rename(str(path.relative_to(folder)))
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    shutil.rmtree(folder)


def _packing(
    write: Callable[[Path], None], name: str = "archive.zip", rename: Callable[[str], str] = str
) -> Callable[[Path], None]:
    """What `write` writes, packed."""

    def pack(root: Path) -> None:
        write(root / "x")
        packed(root / name, root / "x", rename)

    return pack


def _with_attributes(folder: Path) -> None:
    """Pictures, and beside them what macOS packs of each."""
    class_folders(folder / "pictures")
    for file in list((folder / "pictures").rglob("*.png")):
        other = folder / "__MACOSX" / "pictures" / file.parent.name / f"._{file.name}"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    (folder / "pictures" / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1")


def _csv_with_attributes(folder: Path) -> None:
    csv_plain(folder / "data")
    other = folder / "__MACOSX" / "data" / "._fashion-mnist_train.csv"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"\x00\x05\x16\x07")


def zip_umlaut(root: Path) -> None:
    """A folder's name in code page 850 without the flag of UTF-8, as Windows' explorer packs it."""
    class_folders(root / "x", "AB", names=["T_rkei", "Rock"])
    packed(root / "pictures.zip", root / "x")
    file = root / "pictures.zip"
    file.write_bytes(file.read_bytes().replace(b"T_rkei", b"T\x81rkei"))


CASES: dict[str, Callable[[Path], None]] = {
    "zip_csv": _packing(csv_plain),
    "zip_csv_macosx": _packing(_csv_with_attributes),
    "zip_idx": _packing(four_idx),
    "zip_npz": _packing(npz_medmnist),
    "zip_idx_backslash": _packing(
        lambda folder: four_idx(folder / "raw"), rename=lambda name: name.replace("/", "\\")
    ),
    "zip_two_sets": _packing(lambda folder: (four_idx(folder / "a"), four_idx(folder / "b"))),
    "zip_emnist": _packing(lambda folder: emnist_all(folder / "gzip")),
    "zip_macosx": _packing(_with_attributes, "pictures.zip"),
    "zip_backslash": _packing(class_folders, "pictures.zip", lambda name: name.replace("/", "\\")),
    "zip_upper": _packing(class_folders, "PICTURES.ZIP"),
    "zip_umlaut": zip_umlaut,
}
