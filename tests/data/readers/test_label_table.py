"""A table of file names and classes beside loose pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toile.data import load_data
from toile.errors import ToileError

NAMES = [f"{index}.png" for index in range(30)]
ROWS = [f"{name},{'ant' if index % 2 else 'bee'}" for index, name in enumerate(NAMES)]


def write(folder: Path, table: bytes) -> Path:
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in NAMES:
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(folder / "images" / name)
    (folder / "labels.csv").write_bytes(table)
    return folder


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([*ROWS, ROWS[0]], "names 0.png twice in its column file; a picture has one class"),
        ([*ROWS, "0,ant"], "names 0 twice in its column file; a picture has one class"),
        ([*ROWS, "99.png,ant"], "'99.png' in its column file, which is the name of none of them"),
        ([*ROWS, "5.png"], "a row of 1 fields, '5.png', where its first row, 'file,label', has 2"),
    ],
)
def test_why_a_table_cannot_be_used_is_said(lines: list[str], reason: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "set", "\n".join(["file,label", *lines]).encode())
    with pytest.raises(ToileError, match=reason):
        load_data(folder)


def test_a_table_in_another_encoding_is_said_to_be_so(tmp_path: Path) -> None:
    text = "\n".join(["file,label", *ROWS]).replace("bee", "Käfer")
    folder = write(tmp_path / "set", text.encode("latin-1"))
    with pytest.raises(ToileError, match=r"labels.csv is not in UTF-8, as tables are read; save"):
        load_data(folder)


def test_a_column_of_parts_is_said_not_to_be_read(tmp_path: Path) -> None:
    parts = [f"{row},{'test' if index > 20 else 'train'}" for index, row in enumerate(ROWS)]
    folder = write(tmp_path / "set", "\n".join(["file,label,split", *parts]).encode())
    notes = load_data(folder).notes
    assert any("column split of labels.csv names parts and is not read" in note for note in notes)


def heap(folder: Path, head: str, row: Callable[[int], str]) -> Path:
    """Pictures of three classes in two folders, as one download that was too large for one."""
    rng = np.random.default_rng(0)
    for index in range(30):
        file = folder / f"images_part_{1 + index // 15}" / f"p{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(file)
    (folder / "metadata.csv").write_text("\n".join([head, *map(row, range(30))]))
    return folder


def test_folders_are_no_classes_where_a_table_has_others(tmp_path: Path) -> None:
    folder = heap(tmp_path / "set", "image,label", lambda index: f"p{index},{'abc'[index % 3]}")
    with pytest.raises(ToileError, match=r"metadata.csv gives their .* 3 other classes, a, b and"):
        load_data(folder)
    assert load_data(folder, label_column="label").class_names == tuple("abc")


def test_a_table_that_agrees_with_the_folders_changes_nothing(tmp_path: Path) -> None:
    folder = heap(tmp_path / "set", "image,label", lambda index: f"p{index},{'ab'[index // 15]}")
    data = load_data(folder)
    assert data.class_names == ("images_part_1", "images_part_2")
    assert data.notes == ()


def test_a_table_of_several_columns_is_named_in_a_note(tmp_path: Path) -> None:
    folder = heap(
        tmp_path / "set", "image,dx,age", lambda index: f"p{index},{'abc'[index % 3]},{index}"
    )
    (note,) = load_data(folder).notes
    assert "metadata.csv names these pictures" in note
    assert "(dx, age)" in note
    assert load_data(folder, label_column="dx").class_names == tuple("abc")
