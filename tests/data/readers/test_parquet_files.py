"""Which Parquet files a folder's set is, and what lies beside them."""

import pyarrow as pa
import pytest

from tests.data.readers.test_parquet import png, write
from toile.data import load_data
from toile.errors import ToileError


def write_pictures(folder, names):
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(number))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["a/train.parquet", "b/train.parquet"], "holds 2 sets of Parquet files, in a/, b/"),
        (["train.parquet", "other.parquet"], "name every file by its part"),
        (["test.parquet"], "has test images and none to train on"),
        (["train-test.parquet"], "has two parts in its name, test and train"),
    ],
)
def test_a_folder_whose_files_are_no_one_set_is_refused(tmp_path, files, message):
    for file in files:
        write(tmp_path / file, range(24))
    with pytest.raises(ToileError, match=message):
        load_data(tmp_path)


def test_many_pictures_in_folders_are_read_and_not_a_table_beside_them(tmp_path):
    write_pictures(tmp_path, [f"{label}/{number}.png" for label in "ab" for number in range(6)])
    write(tmp_path / "metadata.parquet", range(24))
    assert load_data(tmp_path, test=0).class_names == ("a", "b")


@pytest.mark.parametrize(
    "pictures",
    [
        ["figure.png"],
        ["assets/a.png", "assets/b.PNG", "figures/c.png"],
        [f"assets/{number}.png" for number in range(20)],
        [f"data/{number}.png" for number in range(20)] + ["figure.png"],
    ],
)
def test_the_figures_of_a_repository_are_not_its_set(tmp_path, pictures):
    write(tmp_path / "data/train-00000-of-00001.parquet", range(24))
    (tmp_path / "README.md").write_text("---\n")
    write_pictures(tmp_path, pictures)
    dataset = load_data(tmp_path, test=0)
    assert len(dataset.train) == 24
    note = f"{len(pictures)} beside them are not, {min(pictures)} among them"
    assert any(note in said for said in dataset.notes)


def test_folders_called_as_files_are_read_as_folders(tmp_path):
    write(tmp_path / "train.parquet/part-00000.snappy.parquet", range(12))
    write(tmp_path / "train.parquet/part-00001.snappy.parquet", range(12, 18))
    write(tmp_path / "test.parquet/part-00000.snappy.parquet", range(18, 24))
    (tmp_path / "train.parquet/_SUCCESS").touch()
    dataset = load_data(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (18, 6)
    assert len(load_data(tmp_path / "train.parquet", test=0).train) == 18


def test_partitions_by_folders_are_refused_as_that(tmp_path):
    for label in "ab":
        write(tmp_path / f"label={label}/part-0.parquet", range(12), label=None)
    with pytest.raises(ToileError, match=r"column label of its .* as label=a/, .*partition_cols"):
        load_data(tmp_path)


def test_endings_of_any_case_are_read(tmp_path):
    write(tmp_path / "TRAIN.PARQUET", range(18))
    write(tmp_path / "Test.Parquet", range(18, 24))
    dataset = load_data(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (18, 6)


def test_no_class_folders_are_spoken_of(tmp_path):
    file = write(tmp_path / "a.parquet", range(24), None, image=pa.array([b"?"] * 24))
    with pytest.raises(ToileError, match="holds no readable picture") as refusal:
        load_data(file)
    assert "folder" not in str(refusal.value).removeprefix(str(tmp_path))
