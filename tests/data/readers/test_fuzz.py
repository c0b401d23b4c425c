"""Damaged files of every format: each gives data or a ToileError, soon, and nothing else."""

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.fuzzing import damaged
from toile.data import Dataset, Picture, load_data, read_picture
from toile.errors import ToileError

RAMP = np.arange(144, dtype=np.uint8).reshape(12, 12)
# Their checksums find nearly all damage, and one case at least has to be read.
CHECKED = ("idx.gz", "csv.gz", "npz")
MOST_SECONDS = 2.0
SETS = (
    "idx",
    "idx.gz",
    "csv",
    "csv.gz",
    "npz",
    "npz, other orders",
    "folder",
    "zip",
    "zip, packed",
    "parquet",
)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pictures() -> dict[str, bytes]:
    """A picture of each format, in each of its forms that are decoded by other code."""
    grey, noise = Image.fromarray(RAMP), np.random.default_rng(3).integers(0, 256, (12, 12, 4))
    rgba = Image.fromarray(noise.astype(np.uint8))
    rgb, exif = rgba.convert("RGB"), Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    return {
        "grey.png": saved(grey, "PNG"),
        "rgba.png": saved(rgba, "PNG", exif=exif, icc_profile=bytes(200)),
        "palette.png": saved(rgb.quantize(9), "PNG", transparency=2),
        "deep.png": saved(Image.fromarray(RAMP.astype(np.uint16) * 256), "PNG"),
        "moving.png": saved(rgb, "PNG", **frames),
        "grey.jpg": saved(grey, "JPEG"),
        "progressive.jpg": saved(rgb, "JPEG", progressive=True, exif=exif),
        "inks.jpg": saved(rgb.convert("CMYK"), "JPEG"),
        "moving.gif": saved(rgb.quantize(9), "GIF", **frames),
        "moving.webp": saved(rgba, "WEBP", **frames),
        "lossless.webp": saved(rgb, "WEBP", lossless=True, exif=exif),
        "grey.bmp": saved(grey, "BMP"),
        "rgb.bmp": saved(rgb, "BMP"),
    }


def write_csv_gz(folder: Path, write: Callable) -> Path:
    folder = write("csv")
    for file in list(folder.iterdir()):
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    return folder


@pytest.fixture
def write_set(write: Callable, toy, tmp_path: Path, monkeypatch) -> Callable[[str], Path]:
    """Write the toy set as one of `SETS`; there is no cache, which would only take time."""
    monkeypatch.setenv("TOILE_CACHE", "/dev/null/none")

    def write_one(name: str) -> Path:
        if name == "csv.gz":
            return write_csv_gz(tmp_path, write)
        if name == "npz, other orders":
            arrays = {"x_train": np.asfortranarray(toy.train_x / 255.0), "y_train": toy.train_y}
            np.savez_compressed(tmp_path / "toy.npz", **arrays)
            return tmp_path / "toy.npz"
        if name == "zip, packed":
            methods = (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
            with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
                for number, (file, content) in enumerate(pictures().items()):
                    for label in ("bee", "ça"):
                        method = methods[number % 3]
                        archive.writestr(f"{label}/{file}", content, method)
            return tmp_path / "toy.zip"
        return write(name)

    return write_one


def read_damaged(read: Callable[[], Dataset | Picture], case: str) -> bool:
    """Whether it was read; what is neither read nor refused in time fails with the case's name."""
    start = time.thread_time()
    try:
        read()
        was_read = True
    except ToileError:
        was_read = False
    # Any other exception is a fault of ours; its traceback says where, and this which case.
    except BaseException as fault:
        fault.add_note(f"the case is {case}")
        raise
    assert time.thread_time() - start < MOST_SECONDS, case
    return was_read


def fuzz_set(path: Path, count: int, **settings: object) -> int:
    """How many of `count` damaged copies of the set at `path` were read."""
    files = sorted(file for file in [path, *path.rglob("*")] if file.is_file())
    num_read = 0
    whole = {str(file): file.read_bytes() for file in files}
    for name, number, content in damaged(whole, count):
        Path(name).write_bytes(content)
        num_read += read_damaged(lambda: load_data(path, **settings), f"{name}, {number}")
        Path(name).write_bytes(whole[name])
    return num_read


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_damaged_set_is_read_or_refused(write_set, name, many):
    count = 8_000 if many else 200 if name in CHECKED else 60
    settings = {"colour": "grey"} if name == "zip, packed" else {}
    num_read = fuzz_set(write_set(name), count, **settings)
    # Some damage does no harm, so a test that never reads anything would test its own mistake.
    assert num_read > 0


@pytest.mark.parametrize("count", [500, pytest.param(30_000, marks=pytest.mark.slow)])
def test_a_damaged_picture_is_read_or_refused(count):
    num_read = sum(
        read_damaged(lambda: read_picture(content, name), f"{name}, {number}")  # noqa: B023
        for name, number, content in damaged(pictures(), count)
    )
    assert 0 < num_read < count
