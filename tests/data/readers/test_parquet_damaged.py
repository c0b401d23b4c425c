"""Damaged, encrypted and hostile Parquet files: refused in words, and the process lives on."""

import base64
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet as pq

from tests.data.readers.test_parquet import png, write
from tests.fuzzing import damaged
from tests.memory import peak_mb
from toile.data import load_data
from toile.data.readers.parquet_pages import check_pages
from toile.data.readers.parquet_rows import MAX_PICTURE_BYTES
from toile.errors import ToileError

LOAD_CHANGED = """
import sys
from pathlib import Path
from toile.data import load_data
from toile.data.readers.parquet_pages import check_pages
from toile.errors import ToileError
file, values, most = Path(sys.argv[1]), eval(sys.argv[2]), int(sys.argv[3])
content = file.read_bytes()
end = len(content) - 8
start = end - int.from_bytes(content[end : end + 4], "little")
refused = loaded = 0
for position in range(start, min(end, start + most)):
    for value in values:
        changed = bytearray(content)
        changed[position] ^= value
        file.write_bytes(changed)
        try:
            load_data(file, test=0)
            loaded += 1
        except ToileError:
            refused += 1
print(refused, loaded)
"""


@pytest.mark.parametrize(
    ("values", "most"), [((1,), 64), pytest.param((1, 0x80, 0xFF), 2000, marks=pytest.mark.slow)]
)
def test_no_changed_byte_of_a_footer_ends_the_process(tmp_path, values, most):
    file = tmp_path / "a.parquet"
    table = pa.table({"image": [png(0), png(1)], "label": ["a", "b"]})
    pq.write_table(table, file, store_schema=False)
    done = subprocess.run(
        [sys.executable, "-c", LOAD_CHANGED, str(file), repr(values), str(most)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    refused, loaded = map(int, done.stdout.split())
    assert refused > loaded / 4 > 1


class _Keys(pytest.importorskip("pyarrow.parquet.encryption").KmsClient):  # type: ignore[misc]
    """Keys that are what they are called."""

    def __init__(self, _: object) -> None:
        super().__init__()

    def wrap_key(self, key: bytes, _: str) -> bytes:
        return base64.b64encode(key)


@pytest.mark.parametrize("plain", [False, True])
def test_an_encrypted_file_is_refused_as_that(tmp_path, plain):
    from pyarrow.parquet import encryption

    properties = encryption.CryptoFactory(_Keys).file_encryption_properties(
        encryption.KmsConnectionConfig(),
        encryption.EncryptionConfiguration(
            "f", column_keys={"k": ["image"]}, plaintext_footer=plain
        ),
    )
    table = pa.table({"image": [png(0), png(1)], "label": [0, 1]})
    with pq.ParquetWriter(
        tmp_path / "a.parquet", table.schema, encryption_properties=properties
    ) as writer:
        writer.write_table(table)
    # In a process of its own, which pyarrow could end.
    _, message = peak_mb(f"load_data({str(tmp_path)!r})", "from toile.data import load_data")
    assert "is encrypted; write it without encryption" in message


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_files_are_refused_in_words(tmp_path, count):
    content = write(tmp_path / "good.parquet", range(24)).read_bytes()
    refused = 0
    for _, number, wrong in damaged({"set": content}, count):
        file = tmp_path / f"{number}.parquet"
        file.write_bytes(wrong)
        try:
            load_data(file, test=0)
        except ToileError:
            refused += 1
        file.unlink()
    assert count / 2 < refused < count


@pytest.mark.parametrize(
    "header",
    [
        # A text of more bytes than a pointer reaches, and two of half as many.
        b"\x18" + b"\xff" * 9 + b"\x7f",
        (b"\x18" + b"\xff" * 8 + b"\x7f") * 2,
        # A list of billions.
        b"\x19\xf1" + b"\xff" * 3 + b"\x7f",
    ],
)
def test_a_header_of_a_page_that_cannot_be_is_damage(tmp_path, header):
    file = _unpacked(tmp_path / "a.parquet")
    content = bytearray(file.read_bytes())
    content[4 : 4 + len(header)] = header
    file.write_bytes(content)
    with pytest.raises(ToileError, match=r"damaged .there is no page at its byte 4"):
        load_data(file)


def test_a_column_without_pages_is_damage(tmp_path):
    file = _unpacked(tmp_path / "a.parquet")
    content = file.read_bytes()
    # Field 9, where the first column's data begin: byte 4, as a zigzag number.
    at = content.index(b"\x26\x08", len(content) - 8 - _footer_length(content))
    file.write_bytes(content[:at] + b"\x26\x00" + content[at + 2 :])
    with pytest.raises(ToileError, match=r"damaged .its footer cannot be read"):
        load_data(file)


def test_a_footer_that_is_all_of_memory_is_refused_unread(tmp_path):
    file = tmp_path / "a.parquet"
    with file.open("wb") as stream:
        stream.truncate(1 << 30)
        stream.seek((1 << 30) - 8)
        stream.write((900 << 20).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ToileError, match="footer has 943718400 bytes"):
        load_data(file)


def _footer_length(content: bytes) -> int:
    return int.from_bytes(content[-8:-4], "little")


def _unpacked(file: Path) -> Path:
    table = pa.table({"image": [png(0), png(1)], "label": [0, 1]})
    pq.write_table(table, file, use_dictionary=False, compression="none")
    return file


def test_a_page_that_claims_gigabytes_is_refused_before_it_is_unpacked(tmp_path):
    # A picture of blanks, of which zstd makes next to nothing.
    table = pa.table({"image": [bytes(1 << 28), png(0)], "label": [0, 1]})
    file = tmp_path / "a.parquet"
    pq.write_table(table, file, compression="zstd", use_dictionary=False, write_statistics=False)
    assert file.stat().st_size < 1 << 20
    peak, message = peak_mb(f"load_data({str(file)!r})", "from toile.data import load_data")
    assert "times as many, which no pictures do" in message
    assert peak < 256


def _noise(file: Path, num_pictures: int, side_px: int, **writing: Any) -> Path:
    """Pictures that are as large as their pixels, in a page unless `writing` says otherwise."""
    noise = np.random.default_rng(0).integers(0, 256, (4, side_px, side_px, 3), dtype=np.uint8)
    pictures = []
    for pixels in noise:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG", compress_level=0)
        pictures.append(stream.getvalue())
    images = [pictures[number % 4] for number in range(num_pictures)]
    table = pa.table({"image": images, "label": [number % 2 for number in range(num_pictures)]})
    pq.write_table(table, file, use_dictionary=False, write_statistics=False, **writing)
    return file


@pytest.mark.slow
def test_a_page_of_a_thousand_pictures_is_read_in_half_a_gigabyte(tmp_path):
    file = _noise(tmp_path / "a.parquet", 1000, 240)
    assert check_pages(file) > 170_000_000
    code, setup = f"load_data({str(file)!r}, size_px=8)", "from toile.data import load_data"
    peak, message = peak_mb(code, setup)
    assert message == ""
    assert peak < 512


def test_a_page_too_large_for_that_is_refused_with_the_line_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr("toile.data.readers.parquet_pages.MAX_PAGE_BYTES", 1 << 22)
    file = _noise(tmp_path / "a.parquet", 200, 64)
    with pytest.raises(ToileError, match=r"a page of it has 2\d+ bytes, .* write_batch_size=16 in"):
        load_data(file)
    again = _noise(tmp_path / "b.parquet", 200, 64, write_batch_size=16)
    assert len(load_data(again, test=0).train) == 200


@pytest.mark.slow
def test_the_largest_picture_is_read_in_half_a_gigabyte(tmp_path):
    # Of noise as much as makes the file nearly as large as a picture may be.
    pixels = np.zeros((5000, 5000, 4), np.uint8)
    pixels[:580] = np.random.default_rng(0).integers(0, 256, (580, 5000, 4), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    assert 11_000_000 < len(stream.getvalue()) < MAX_PICTURE_BYTES
    file = tmp_path / "a.parquet"
    table = pa.table({"image": [stream.getvalue()] * 2, "label": [0, 1]})
    pq.write_table(table, file, use_dictionary=False, write_batch_size=1, data_page_size=1)
    code = f"load_data({str(file)!r}, size_px=8, test=0, colour='grey')"
    peak, message = peak_mb(code, "from toile.data import load_data")
    assert "pictures are alike" in message
    assert peak < 512


def test_a_larger_picture_is_left_out_with_the_rule_and_the_next_step(tmp_path):
    stream = io.BytesIO()
    Image.new("RGB", (2100, 2100)).save(stream, "BMP")
    noise = pq.read_table(_noise(tmp_path / "a.parquet", 8, 16))
    images = [*noise["image"].to_pylist(), stream.getvalue()]
    table = pa.table({"image": images, "label": [0, 1] * 4 + [0]})
    pq.write_table(table, tmp_path / "a.parquet")
    (skipped,) = load_data(tmp_path / "a.parquet", size_px=8, test=0).skipped
    assert skipped.file == "a.parquet/row 8"
    assert "has 13230054 bytes; a picture in a Parquet file has at most 12582912: make it sma" in (
        skipped.reason
    )


def test_a_picture_repeated_for_nothing_is_refused(tmp_path):
    pictures = pa.DictionaryArray.from_arrays([0] * 2000, [bytes(1 << 24)])
    file = tmp_path / "a.parquet"
    table = pa.table({"image": pictures, "label": pa.array([0, 1] * 1000)})
    pq.write_table(table, file, compression="zstd", dictionary_pagesize_limit=1 << 26)
    peak, message = peak_mb(f"load_data({str(file)!r})", "from toile.data import load_data")
    assert "times as many, which no pictures do" in message
    assert peak < 400
