"""A toy set in every format, a cache of its own for each test, and Fashion-MNIST where it is."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from jaxtyping import Int64, UInt8
from PIL import Image
from pyarrow import parquet as pq

from toile.data import Dataset, load_data
from toile.data.catalogue import KNOWN
from toile.data.sources import find_known


@dataclass(frozen=True, eq=False)
class Toy:
    """Three classes of 6 x 6 grey images, in the order of their classes."""

    train_x: UInt8[np.ndarray, "n h w"]
    train_y: Int64[np.ndarray, " n"]
    test_x: UInt8[np.ndarray, "n h w"]
    test_y: Int64[np.ndarray, " n"]
    folders: tuple[str, ...] = ("0", "1", "2")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache and data are never touched."""
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TOILE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def fashion_mnist() -> Dataset:
    """The full set, where this machine has it; tests fetch nothing."""
    if find_known(KNOWN["fashion-mnist"]) is None:
        pytest.skip("Fashion-MNIST is not on this machine")
    return load_data("fashion-mnist")


@pytest.fixture
def toy() -> Toy:
    """12 training and 6 test images."""
    rng = np.random.default_rng(7)
    return Toy(
        rng.integers(0, 256, (12, 6, 6), dtype=np.uint8),
        np.repeat(np.arange(3), 4),
        rng.integers(0, 256, (6, 6, 6), dtype=np.uint8),
        np.repeat(np.arange(3), 2),
    )


def write_idx(folder: Path, toy: Toy, pack: Callable[[bytes], bytes] = bytes) -> Path:
    """Four IDX files, through `pack`."""
    folder.mkdir(parents=True)
    suffix = "" if pack is bytes else ".gz"
    for part, x, y in (("train", toy.train_x, toy.train_y), ("t10k", toy.test_x, toy.test_y)):
        images = struct.pack(">4I", 0x803, *x.shape) + x.tobytes()
        labels = struct.pack(">2I", 0x801, len(y)) + y.astype(np.uint8).tobytes()
        (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(images))
        (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(labels))
    return folder


def write_csv(folder: Path, toy: Toy, label_last: bool = False, header: bool = True) -> Path:
    """A pair of CSV files."""
    folder.mkdir(parents=True)
    for part, x, y in (("train", toy.train_x, toy.train_y), ("test", toy.test_x, toy.test_y)):
        cells = [y[:, None], x.reshape(len(x), -1)]
        names = ["label", *(f"pixel{number}" for number in range(1, 37))]
        if label_last:
            cells, names = cells[::-1], [*names[1:], names[0]]
        rows = [",".join(map(str, row)) for row in np.hstack(cells).tolist()]
        rows = [",".join(names), *rows] if header else rows
        (folder / f"toy_{part}.csv").write_text("\n".join(rows) + "\n")
    return folder


def write_npz(
    folder: Path, toy: Toy, spelling: str = "{0}_{1}", x: Callable = np.asarray, y: Callable = list
) -> Path:
    """One .npz, its images through `x` and its labels through `y`."""
    folder.mkdir(parents=True)
    arrays = {"train_x": x(toy.train_x), "train_y": y(toy.train_y)}
    arrays |= {"test_x": x(toy.test_x), "test_y": y(toy.test_y)}
    names = {key: spelling.format(*key.split("_")) for key in arrays}
    np.savez(folder / "toy.npz", **{names[key]: array for key, array in arrays.items()})
    return folder / "toy.npz"


def write_folder(folder: Path, toy: Toy) -> Path:
    """PNG files in part/class/."""
    for part, x, y in (("train", toy.train_x, toy.train_y), ("test", toy.test_x, toy.test_y)):
        for index, (pixels, label) in enumerate(zip(x, y, strict=True)):
            file = folder / part / toy.folders[label] / f"{index:05}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
    return folder


def write_zip(folder: Path, toy: Toy, wrapping: str = "") -> Path:
    """The folder of PNG files, zipped."""
    source = write_folder(folder / "source", toy)
    with zipfile.ZipFile(folder / "toy.zip", "w") as archive:
        for file in sorted(source.rglob("*.png")):
            archive.write(file, wrapping + file.relative_to(source).as_posix())
    return folder / "toy.zip"


def write_parquet(folder: Path, toy: Toy) -> Path:
    """Two Parquet files of PNG bytes."""
    folder.mkdir(parents=True)
    for part, x, y in (("train", toy.train_x, toy.train_y), ("test", toy.test_x, toy.test_y)):
        pictures = [io.BytesIO() for _ in x]
        for pixels, picture in zip(x, pictures, strict=True):
            Image.fromarray(pixels).save(picture, "PNG")
        contents = [{"bytes": picture.getvalue(), "path": None} for picture in pictures]
        pq.write_table(pa.table({"image": contents, "label": y}), folder / f"{part}.parquet")
    return folder


FORMATS: dict[str, Callable[[Path, Toy], Path]] = {
    "idx": write_idx,
    "idx.gz": lambda folder, toy: write_idx(folder, toy, gzip.compress),
    "csv": write_csv,
    "csv, label last": lambda folder, toy: write_csv(folder, toy, label_last=True),
    "csv, no header": lambda folder, toy: write_csv(folder, toy, header=False),
    "csv, last, no header": lambda folder, toy: write_csv(folder, toy, True, False),
    "npz": write_npz,
    "npz, x_train": lambda folder, toy: write_npz(folder, toy, "{1}_{0}"),
    "npz, 0 to 1": lambda folder, toy: write_npz(folder, toy, x=lambda x: x / np.float32(255)),
    "npz, whole floats": lambda folder, toy: write_npz(folder, toy, x=np.float64, y=np.float32),
    "npz, nhwc": lambda folder, toy: write_npz(folder, toy, x=lambda x: x[..., None]),
    "npz, nchw": lambda folder, toy: write_npz(folder, toy, x=lambda x: x[:, None]),
    "npz, column of labels": lambda folder, toy: write_npz(folder, toy, y=lambda y: y[:, None]),
    "folder": write_folder,
    "zip": write_zip,
    "parquet": write_parquet,
    "zip in a folder": lambda folder, toy: write_zip(folder, toy, "garments/"),
}


@pytest.fixture(params=FORMATS)
def any_format(request: pytest.FixtureRequest) -> Callable[[Path, Toy], Path]:
    """Every format in turn, as a function that writes a toy set and returns its path."""
    return FORMATS[request.param]


@pytest.fixture
def write(toy: Toy, tmp_path: Path) -> Callable[..., Path]:
    """Write the toy set in one of `FORMATS`, with some of its fields replaced."""

    def write_one(name: str, **changes: object) -> Path:
        return FORMATS[name](tmp_path / "toy", replace(toy, **changes))

    return write_one
