"""Small files that would take much memory: refused or read in little, seen from outside."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.memory import peak_mb

MB = 1 << 20
LOAD = "from toile.data import load_data"


def loaded(path: Path, **settings: object) -> tuple[float, str]:
    """MB that loading the set at `path` took, and what was said against it."""
    return peak_mb(f"load_data({str(path)!r}, **{settings})", LOAD)


def read(module: str, file: Path) -> tuple[float, str]:
    """The same of reading `file` alone: nothing is divided and hashed yet."""
    name = {"npz": "read_npz", "csv_table": "read_csv"}[module]
    setup = f"""{LOAD}, no_progress
from pathlib import Path
from toile.data.readers.{module} import {name}
from toile.recipe import Data
file = Path({str(file)!r})"""
    return peak_mb(f"{name}(file, [file], Data(), no_progress)", setup)


def looked_at(file: Path) -> tuple[float, str]:
    """MB that the picture in `file` took, and what was said against it."""
    picture = f"read_picture(open({str(file)!r}, 'rb'), 'it')"
    return peak_mb(picture, "from toile.data import read_picture")


def pack(file: Path, head: bytes, zeros: int) -> None:
    """Write `head` and `zeros` after it, packed, without ever having them all."""
    with gzip.open(file, "wb", 6) as stream:
        stream.write(head)
        for _ in range(zeros // MB):
            stream.write(bytes(MB))


def png(width: int, height: int, colour: int = 0, bits: int = 8) -> bytes:
    """A PNG of zeros; colour 0 is grey, 2 rgb, 6 rgb with transparency."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    num_bytes = height * (1 + width * {0: 1, 2: 3, 6: 4}[colour] * bits // 8)
    packer = zlib.compressobj()
    pieces = (bytes(min(MB, num_bytes - place)) for place in range(0, num_bytes, MB))
    pixels = b"".join(map(packer.compress, pieces)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_a_megabyte_of_packed_idx_is_refused_by_what_its_header_claims(write):
    folder = write("idx.gz")
    file = folder / "train-images-idx3-ubyte.gz"
    pack(file, struct.pack(">4I", 0x803, 400_000, 28, 28), 300 * MB)
    peak, said = loaded(folder)
    assert f"{file}: the header claims 400000 x 28 x 28 = 313600000 bytes;" in said
    assert peak < 40


def test_numbers_of_eight_bytes_are_read_in_the_memory_of_their_pixels(tmp_path):
    images = np.ones((40_000, 14, 14))
    np.savez(tmp_path / "wide.npz", train_x=images, train_y=np.arange(40_000) % 10)
    # 63 MB of floats are 8 MB of pixels.
    peak, said = read("npz", tmp_path / "wide.npz")
    assert said == ""
    assert peak < 8 + 40


def test_colours_that_come_last_are_put_first_without_a_copy(tmp_path):
    images = np.zeros((50_000, 28, 28, 3), np.uint8)
    labels = np.arange(50_000) % 2
    np.savez(
        tmp_path / "c.npz", train_x=images, train_y=labels, test_x=images[:9], test_y=labels[:9]
    )
    peak, said = read("npz", tmp_path / "c.npz")
    assert said == ""
    assert peak < 118 + 60


def test_an_entry_that_unpacks_to_more_than_it_declares_takes_no_more_memory(write):
    file = write("zip")
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/1/liar.png", bytes(150 * MB))
    content = bytearray(file.read_bytes())
    place = content.rfind(b"PK\1\2") + 24
    content[place : place + 4] = struct.pack("<I", 1000)
    file.write_bytes(content)
    peak, _ = loaded(file)
    assert peak < 50


@pytest.mark.slow
def test_rows_that_unpack_a_hundredfold_are_read_in_the_memory_of_their_pixels(tmp_path):
    file = tmp_path / "rows.csv.gz"
    row = b"1" + b",0" * 784 + b"\n"
    with gzip.open(file, "wb", 6) as stream:
        for number in range(60_000):
            stream.write(b"01"[number % 2 : number % 2 + 1] + row[1:])
    with file.open("ab") as stream:
        # A member of random bytes' worth, so that the size on disk allows for the rows.
        stream.write(gzip.compress(b"", mtime=0) * 40_000)
    peak, said = read("csv_table", file)
    assert said == ""
    assert peak < 47 + 90


@pytest.mark.parametrize(("width", "height"), [(1, 25_000_000), (25_000_000, 1), (40_000, 500)])
def test_a_picture_with_a_long_side_is_refused_before_it_is_decoded(tmp_path, width, height):
    (tmp_path / "long.png").write_bytes(png(width, height))
    peak, said = looked_at(tmp_path / "long.png")
    assert said == f"it: is {width} x {height} px; a side has at most 32768; make it smaller first"
    assert peak < 20


@pytest.mark.parametrize(
    "kind",
    [
        "transparent",
        *(
            pytest.param(kind, marks=pytest.mark.slow)
            for kind in ("deep", "grey, transparent", "WebP")
        ),
    ],
)
def test_the_largest_picture_takes_less_than_half_a_gigabyte_beside_its_pixels(tmp_path, kind):
    file = tmp_path / "large"
    if kind == "WebP":
        Image.new("RGBA", (5000, 5000), (9, 9, 9, 9)).save(file, "WEBP", lossless=True, quality=0)
    elif kind == "grey, transparent":
        Image.new("LA", (5000, 5000)).save(file, "PNG", compress_level=1)
    else:
        file.write_bytes(png(5000, 5000, *{"transparent": (6, 8), "deep": (2, 16)}[kind]))
    peak, said = looked_at(file)
    assert said == ""
    assert peak < 75 + 500


def test_a_jpeg_that_goes_over_its_pixels_again_and_again_is_refused(tmp_path):
    stream = io.BytesIO()
    Image.new("L", (64, 64), 200).save(stream, "JPEG", progressive=True)
    content = stream.getvalue()
    last_scan = content[content.rfind(b"\xff\xda") : -2]
    (tmp_path / "many.jpg").write_bytes(content[:-2] + last_scan * 100 + content[-2:])
    _, said = looked_at(tmp_path / "many.jpg")
    assert said.startswith("it: is a JPEG of 106 scans; at most 100 are decoded")
