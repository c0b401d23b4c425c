"""What a folder may hold a zip may hold."""

import os
from pathlib import Path

import pytest

from tests.field.archives import CASES
from tests.field.reading import Right, check
from toile.data import load_data
from toile.errors import ToileError

DIGITS = "0,1,2,3,4,5,6,7,8,9"
ABC = Right("A,B,C", (30, 0, 6), ends=(0, 254))
RIGHT: dict[str, Right | str] = {
    "zip_csv": Right(DIGITS, (200, 0, 50)),
    "zip_csv_macosx": Right(DIGITS, (200, 0, 50)),
    "zip_idx": Right(DIGITS, (200, 0, 50)),
    "zip_npz": Right("0,1,2,3", (120, 24, 32)),
    "zip_idx_backslash": Right(DIGITS, (200, 0, 50)),
    "zip_two_sets": "archive.zip: holds more than one set, in a/ and in b/; unpack it and name",
    "zip_emnist": "archive.zip/gzip: holds more than one IDX set",
    "zip_macosx": ABC,
    "zip_backslash": ABC,
    "zip_upper": ABC,
    "zip_umlaut": Right("Rock,Türkei", (20, 0, 4), ends=(0, 254)),
}


@pytest.mark.parametrize("name", CASES)
def test_zips_are_read_as_the_folders_in_them(name: str, tmp_path: Path):
    root = tmp_path / name
    file = "PICTURES.ZIP" if name == "zip_upper" else "pictures.zip"
    is_pictures = name in ("zip_macosx", "zip_backslash", "zip_upper", "zip_umlaut")
    check(CASES[name], RIGHT[name], root, file if is_pictures else "archive.zip")


def test_nothing_unpacked_is_left_behind_and_errors_name_the_archive(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    for name in ("zip_csv", "zip_two_sets"):
        CASES[name](tmp_path / name)
    load_data(tmp_path / "zip_csv" / "archive.zip")
    with pytest.raises(ToileError, match=r"^\S*zip_two_sets/archive.zip: holds"):
        load_data(tmp_path / "zip_two_sets" / "archive.zip")
    assert os.listdir(tmp_path / "temporary") == []


def test_a_folder_with_nothing_but_a_zip_says_to_name_it(tmp_path: Path):
    CASES["zip_csv"](tmp_path)
    with pytest.raises(ToileError, match=r"; name the archive in it, \S*archive.zip"):
        load_data(tmp_path)
