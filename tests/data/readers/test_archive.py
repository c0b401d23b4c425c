"""Zips that mean harm, and zips that are only odd."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from toile.data import Skipped, load_data
from toile.errors import ToileError


@pytest.fixture
def file(write) -> Path:
    return write("zip", folders=("ant", "bee", "cat"))


def add(file: Path, name: str | zipfile.ZipInfo, content: bytes = b"") -> Path:
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, content)
    return file


def rename_last_entry(file: Path, name: bytes) -> Path:
    """Write `name` over the placeholder of the same length, where zipfile would clean it."""
    content = add(file, "@" * len(name)).read_bytes()
    file.write_bytes(content.replace(b"@" * len(name), name))
    return file


@pytest.mark.parametrize(
    "name",
    [
        b"../evil.png",
        b"train/../../evil.png",
        b"/etc/evil.png",
        b"train\\..\\evil.png",
        b"\\\\host\\share\\evil.png",
        b"C:/evil.png",
        b"train/ant/x\0.png",
    ],
)
def test_a_name_that_points_outside_is_refused_and_nothing_is_written(file, name, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        ToileError, match=r"toy.zip: entry '.*' points outside the archive or is no"
    ):
        load_data(rename_last_entry(file, name))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_symbolic_link_is_refused(file):
    link = zipfile.ZipInfo("train/ant/link.png")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ToileError, match=r"entry 'train/ant/link.png' is a link or device"):
        load_data(add(file, link, b"/etc/passwd"))


def test_a_bomb_is_refused_from_its_list_of_entries(file):
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/ant/blank.png", bytes(64 << 20))
    with pytest.raises(ToileError, match=r"claim to unpack to 67\d+; at most 100 times the size"):
        load_data(file)


def test_a_list_of_a_million_entries_is_refused_before_it_is_read(tmp_path):
    file = tmp_path / "many.zip"
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 60_000_000, 0, 0)
    file.write_bytes(bytes(1000) + end)
    with pytest.raises(ToileError, match="list of entries takes 60000000 bytes; at most 33554432"):
        load_data(file)


def test_a_planted_second_record_cannot_hide_a_long_list(tmp_path):
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 46, 0)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, 60_000_000, 0, 0)
    (tmp_path / "many.zip").write_bytes(bytes(1000) + wide + end)
    with pytest.raises(ToileError, match="list of entries takes 60000000 bytes"):
        load_data(tmp_path / "many.zip")


def test_an_encrypted_entry_is_refused(file):
    content = bytearray(file.read_bytes())
    place = content.rfind(b"PK\1\2")
    content[place + 8] |= 1
    file.write_bytes(content)
    with pytest.raises(ToileError, match="is encrypted; unpack it"):
        load_data(file)


def test_an_archive_inside_is_listed_and_not_opened(file):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("more.png", b"")
    dataset = load_data(add(file, "train/ant/inner.zip", inner.getvalue()))
    assert dataset.skipped == (
        Skipped("train/ant/inner.zip", "is an archive inside the archive; those are not opened"),
    )


def test_a_damaged_entry_is_listed_and_the_rest_loads(file):
    content = bytearray(file.read_bytes())
    content[content.find(b"IHDR")] ^= 1
    file.write_bytes(content)
    dataset = load_data(file)
    assert len(dataset.train) + len(dataset.test) == 17
    assert "Bad CRC-32" in dataset.skipped[0].reason


def test_what_a_mac_adds_is_left_out_in_silence(file):
    add(file, "__MACOSX/train/ant/._00000.png", b"resource fork")
    assert load_data(add(file, "train/.DS_Store", b"layout")).skipped == ()


@pytest.mark.parametrize("content", [b"", b"PK\3\4 and no more", b"Rar!\x1a\x07"])
def test_a_file_that_is_no_zip(tmp_path, content):
    file = tmp_path / "not.zip"
    file.write_bytes(content)
    with pytest.raises(ToileError, match=r"not.zip: is no zip, or cut short"):
        load_data(file)
