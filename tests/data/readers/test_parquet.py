"""Parquet files with the bytes of pictures, written by pyarrow as Hugging Face's library writes."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet as pq

from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 8, 8), dtype=np.uint8)
NAMES = ["boot", "ankle", "coat"]
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PIXELS[number]).save(stream, "PNG")
    return stream.getvalue()


def features(**columns: dict[str, Any]) -> dict[bytes, bytes]:
    return {b"huggingface": json.dumps({"info": {"features": columns}}).encode()}


CLASS = {"names": NAMES, "_type": "ClassLabel"}
USUAL = features(image={"_type": "Image"}, label=CLASS)


def write(
    file: Path,
    numbers: Sequence[int],
    metadata: dict[bytes, bytes] | None = USUAL,
    picture: str = "image",
    **columns: Any,
) -> Path:
    """A shard of the pictures `numbers`; the class of each is its number's rest by three."""
    file.parent.mkdir(parents=True, exist_ok=True)
    values = {
        picture: pa.array([{"bytes": png(n), "path": f"{n}.png"} for n in numbers], PICTURE),
        "label": pa.array([n % 3 for n in numbers], pa.int64()),
        **columns,
    }
    table = pa.table({name: value for name, value in values.items() if value is not None})
    pq.write_table(table.replace_schema_metadata(metadata), file, row_group_size=5)
    return file


def test_shards_of_a_part_are_one_part_in_their_order(tmp_path):
    write(tmp_path / "data/train-00000-of-00002.parquet", range(9))
    write(tmp_path / "data/train-00001-of-00002.parquet", range(9, 18))
    write(tmp_path / "data/test-00000-of-00001.parquet", range(18, 24))
    (tmp_path / "README.md").write_text("---\n")
    dataset = load_data(tmp_path)
    test = open_sealed(dataset.test)
    assert dataset.class_names == tuple(NAMES)
    assert np.array_equal(dataset.train.pixels[:, 0], PIXELS[:18])
    assert dataset.train.labels.tolist() == [number % 3 for number in range(18)]
    assert np.array_equal(test.pixels[:, 0], PIXELS[18:])
    assert test.labels.tolist() == [number % 3 for number in range(18, 24)]
    assert dataset.train.names[10] == "data/train-00001-of-00002.parquet/row 1"
    assert dataset.notes == ("pictures and labels are the columns image and label",)


def test_a_folder_called_as_a_part_is_one(tmp_path):
    write(tmp_path / "default/train/0000.parquet", range(15))
    write(tmp_path / "default/validation/0000.parquet", range(15, 18))
    write(tmp_path / "default/test/0000.parquet", range(18, 24))
    dataset = load_data(tmp_path)
    train, held_out = dataset.train.split_held_out()
    assert (len(train), len(held_out), len(dataset.test)) == (15, 3, 6)


def test_one_file_is_a_training_part_from_which_a_test_part_is_sealed(tmp_path):
    dataset = load_data(write(tmp_path / "shoes.parquet", range(24)))
    assert len(dataset.train) + len(dataset.test) == 24
    assert len(dataset.test) > 0


def test_files_that_are_not_here_are_said(tmp_path):
    write(tmp_path / "train-00000-of-00003.parquet", range(12))
    write(tmp_path / "train-00002-of-00003.parquet", range(12, 24))
    assert "2 of 3 files of train are here; the rest is not read" in load_data(tmp_path).notes


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["b", "a", "c"] * 8, ("a", "b", "c")),
        (pa.array(["b", "a", "c"] * 8).dictionary_encode(), ("a", "b", "c")),
        (pa.array([3, 1, 2] * 8, pa.uint8()), ("1", "2", "3")),
        (pa.array([False, True] * 12), ("0", "1")),
    ],
)
def test_without_features_labels_are_read_struct_or_names(tmp_path, labels, classes):
    file = write(tmp_path / "train.parquet", range(24), None, "picture", label=labels)
    dataset = load_data(file, test=0)
    assert dataset.class_names == classes
    values = labels if isinstance(labels, list) else labels.to_pylist()
    expected = [classes.index(str(int(v) if isinstance(v, bool) else v)) for v in values]
    assert dataset.train.labels.tolist() == expected


def test_pictures_may_be_bytes_without_a_path(tmp_path):
    pictures = pa.array([png(number) for number in range(24)])
    file = write(tmp_path / "a.parquet", range(24), None, image=pictures)
    assert np.array_equal(load_data(file, test=0).train.pixels[:, 0], PIXELS)


@pytest.mark.parametrize(
    "writing",
    [
        {"compression": "zstd"},
        {"compression": "none", "use_dictionary": False},
        {"data_page_version": "2.0", "data_page_size": 200},
        {"write_page_index": True, "write_statistics": True, "compression": "gzip"},
        {"compression": "brotli", "write_page_checksum": True},
    ],
)
def test_each_way_to_write_pages_is_read(tmp_path, writing):
    file = write(tmp_path / "a.parquet", range(24))
    pq.write_table(pq.read_table(file), file, row_group_size=10, **writing)
    assert np.array_equal(load_data(file, test=0).train.pixels[:, 0], PIXELS)


def test_of_two_columns_of_classes_the_settings_choose(tmp_path):
    fine = pa.array([number % 2 for number in range(24)])
    said = features(
        image={"_type": "Image"}, label=CLASS, fine={"names": ["x", "y"], "_type": "ClassLabel"}
    )
    file = write(tmp_path / "a.parquet", range(24), said, fine=fine)
    with pytest.raises(ToileError, match=r"label or fine.*--set data.label_column=label"):
        load_data(file)
    assert load_data(file, label_column="fine").class_names == ("x", "y")
    assert load_data(file, label_column="last").class_names == ("x", "y")
    assert load_data(file, label_column="first").class_names == tuple(NAMES)
    with pytest.raises(ToileError, match=r"label_column is fines.*did you mean fine"):
        load_data(file, label_column="fines")


def test_a_column_of_parts_is_said_not_to_be_read(tmp_path):
    split = pa.array(["test" if number % 4 else "train" for number in range(24)])
    notes = load_data(write(tmp_path / "set.parquet", range(24), split=split)).notes
    assert any("the column split is not read; parts are told by" in note for note in notes)


def test_a_test_part_whose_classes_are_secret_is_left_out_and_said(tmp_path):
    write(tmp_path / "train.parquet", range(18))
    write(tmp_path / "test.parquet", range(18, 24), label=pa.array([-1] * 6))
    dataset = load_data(tmp_path)
    assert "the test part is left out: its 6 pictures have no labels" in dataset.notes
    assert len(dataset.train) + len(dataset.test) == 18


def test_a_picture_that_is_none_is_listed_by_its_row_and_the_rest_loads(tmp_path):
    pictures = [{"bytes": png(number), "path": None} for number in range(24)]
    pictures[5]["bytes"] = b"no picture"
    pictures[7]["bytes"] = None
    file = write(tmp_path / "a.parquet", range(24), image=pa.array(pictures, PICTURE))
    dataset = load_data(file, test=0)
    assert len(dataset.train) == 22
    assert [entry.file for entry in dataset.skipped] == ["a.parquet/row 5", "a.parquet/row 7"]
    assert "has no bytes" in dataset.skipped[1].reason


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": None}, "no column beside image"),
        ({"label": pa.array([[0, 1]] * 24)}, "a list for each picture"),
        ({"label": pa.array([0.5] * 24)}, "is double; labels are whole numbers or names"),
        ({"label": pa.array([0, None] * 12)}, "row 1 has no label, and 12 of 24"),
        ({"label": pa.array([None] * 24, pa.int64())}, "has no labels in its column label"),
        ({"label": pa.array([3] * 24)}, "row 0 has label 3; its features name 3 classes"),
        ({"label": pa.array([-2] * 24)}, "row 0 has label -2"),
        ({"image": pa.array([[[0.5]]] * 24)}, "no column of pictures"),
        ({"other": pa.array([b"x"] * 24), "metadata": None}, "2 columns of pictures"),
        ({"image": pa.array([{"bytes": None, "path": "a.png"}] * 24, PICTURE)}, "has no bytes"),
        ({"label": pa.array([b"a"] * 24)}, "labels are whole numbers or names"),
        (
            {"metadata": features(label={"names": ["a", "a"], "_type": "ClassLabel"})},
            "the class a twice",
        ),
        ({"metadata": features(label={"names": [1], "_type": "ClassLabel"})}, "that are no text"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(tmp_path, changes, message):
    file = write(tmp_path / "a.parquet", range(24), **changes)
    with pytest.raises(ToileError, match=message):
        load_data(file)


def test_a_class_whose_pictures_are_all_unreadable_is_not_lost_in_silence(tmp_path):
    pictures = [{"bytes": png(n) if n % 3 else b"?", "path": None} for n in range(24)]
    file = write(tmp_path / "a.parquet", range(24), image=pa.array(pictures, PICTURE))
    with pytest.raises(ToileError, match="no picture of the class boot can be read; a"):
        load_data(file)


def test_files_of_other_classes_are_refused(tmp_path):
    write(tmp_path / "train.parquet", range(18))
    other = features(image={"_type": "Image"}, label=CLASS | {"names": [*NAMES, "hat"]})
    write(tmp_path / "test.parquet", range(18, 24), other)
    with pytest.raises(ToileError, match=r"name other classes than those of test.parquet"):
        load_data(tmp_path)


def test_without_pyarrow_the_line_to_type_is_said(tmp_path, monkeypatch):
    file = write(tmp_path / "a.parquet", range(24))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ToileError, match=r"'\.\[parquet\]'"):
        load_data(file)
