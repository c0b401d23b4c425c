"""Zips that mean harm, and zips that are only odd."""

import io
import shutil
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

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


def test_a_zip_may_hold_more_than_memory_as_its_pictures_are_unpacked_one_by_one(file):
    names = [f"train/ant/huge-{number}.png" for number in range(4)]
    for name in names:
        add(file, name, b"no picture")
    content = bytearray(file.read_bytes())
    for name in names:
        size = content.rfind(name.encode()) - 22
        content[size : size + 4] = struct.pack("<I", 3 << 30)
    with file.open("wb") as stream:
        # After a hole, so that the size on the disk allows for theirs.
        stream.seek(200 << 20)
        stream.write(content)
    skipped = {entry.file: entry.reason for entry in load_data(file).skipped}
    assert skipped[names[0]] == "has 3221225472 bytes; a picture has at most 76048576"


def test_tables_are_unpacked_only_where_the_disk_has_room(write, tmp_path, monkeypatch):
    folder = write("idx")
    file = tmp_path / "set.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for entry in folder.iterdir():
            archive.write(entry, entry.name)
        num_bytes = sum(entry.file_size for entry in archive.infolist())
    free = SimpleNamespace(free=num_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    with pytest.raises(
        ToileError, match=rf"unpacks to {num_bytes} bytes, .* 90% are used .* TMPDIR"
    ):
        load_data(file)
    free.free *= 2
    assert len(load_data(file).train) == 12


def write_with_long_list(file: Path, size_and_offset: tuple[int, int], *records: bytes) -> None:
    """A zip whose list of entries takes 20 MB, which are empty on the disk."""
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535, *size_and_offset, 0)
    with file.open("wb") as stream:
        stream.seek(20_000_000)
        stream.write(b"".join((*records, end)))


def test_a_list_of_a_million_entries_is_refused_before_it_is_read(tmp_path):
    write_with_long_list(tmp_path / "many.zip", (20_000_000, 0))
    with pytest.raises(ToileError, match="list of entries takes 20000000 bytes; at most 16777216"):
        load_data(tmp_path / "many.zip")


@pytest.mark.parametrize("planted", [0, int.from_bytes(b"PK\6\6", "little")])
def test_a_planted_record_cannot_hide_a_long_list(tmp_path, planted):
    # The length that the wide record gives of itself, which zipfile passes by.
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", planted, 45, 45, 0, 0, 1, 1, 20_000_000, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 20_000_000, 1)
    write_with_long_list(tmp_path / "many.zip", (0xFFFFFFFF, 0xFFFFFFFF), wide, locator)
    with pytest.raises(ToileError, match="list of entries takes 20000000 bytes"):
        load_data(tmp_path / "many.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_cannot_be_unpacked_in_pieces_is_listed_and_the_rest_loads(file, method):
    with zipfile.ZipFile(file, "a", method) as archive:
        archive.writestr("train/ant/packed.png", bytes(1000))
    (skipped,) = load_data(file).skipped
    assert skipped.file == "train/ant/packed.png"
    assert "stored and deflate are read" in skipped.reason


def test_a_name_that_is_no_utf_8_spoils_its_picture_alone(file):
    content = bytearray(add(file, "train/ant/çç.png", b"no picture").read_bytes())
    content[content.find("çç".encode())] = 0xFF
    file.write_bytes(content)
    (skipped,) = load_data(file).skipped
    assert skipped.file == "train/ant/çç.png"
    assert skipped.reason.startswith("is damaged")


def test_a_list_of_entries_that_is_no_utf_8_is_said_to_be_damaged(file):
    content = bytearray(add(file, "train/ant/çç.png", b"no picture").read_bytes())
    content[content.rfind("çç".encode())] = 0xFF
    file.write_bytes(content)
    with pytest.raises(
        ToileError, match=r"toy.zip: is no zip, cut short or damaged \('utf-8' codec"
    ):
        load_data(file)


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
    with pytest.raises(ToileError, match=r"not.zip: is no zip, cut short or damaged"):
        load_data(file)
