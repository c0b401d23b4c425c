"""CSV files in the forms that people have are read, or refused with what to do."""

from pathlib import Path

import numpy as np
import pytest

from tests.field.reading import Right, check
from tests.field.tables import CASES, csv_kaggle_digits
from toile.data import load_data
from toile.errors import ToileError

FOUR = Right("0,1,2,3", (96, 0, 24))
TEN = Right("0,1,2,3,4,5,6,7,8,9", (160, 0, 40))
LETTERS = Right("A,B,C,D", (96, 0, 24))
RIGHT: dict[str, Right | str] = {
    "csv_plain": Right(TEN.classes, (200, 0, 50)),
    "csv_three_parts": Right("0,1,2,3", (120, 32, 32)),
    "csv_split_names": Right("0,1,2,3", (120, 0, 32)),
    "csv_openml": TEN,
    "csv_index": TEN,
    "csv_index_headerless": TEN,
    "csv_headerless_letters": Right(
        ",".join(map(str, range(1, 27))), (260, 0, 52), note="turned upright"
    ),
    "csv_pandas_header": Right(
        ",".join(map(str, range(26))), (208, 0, 52), note="row 1 of A_Z .* is left out: it was an"
    ),
    "csv_numbered_header": FOUR,
    "csv_sign": Right(",".join(str(n) for n in range(25) if n != 9), (192, 0, 96)),
    "csv_unit": Right("0,1,2,3", (96, 0, 24), "0 to 1 with fractions", note="fractions"),
    "csv_unit_ends": Right("0,1,2,3", (96, 0, 24), "0 to 1 with fractions", note="fractions"),
    "csv_floats": FOUR,
    "csv_names": Right("Ankle boot,Bag,Coat, long,Dress", (96, 0, 24)),
    "csv_letters_labels": LETTERS,
    "csv_letters_headerless": LETTERS,
    "csv_quoted": FOUR,
    "csv_binary_letters": Right("1,2,3,4", (96, 0, 24), "0 and 1 (binary)", note="binary"),
    "csv_binary_two": "both the first and the last column could be labels; set data.label_column",
    "csv_semicolon": FOUR,
    "csv_tabs": FOUR,
    "csv_bom_crlf": FOUR,
    "csv_one_hot": FOUR,
    "csv_kaggle_digits": Right(
        TEN.classes,
        (160, 0, 40),
        skipped="sample_submission.csv: .* 2 columns.* test.csv: has no labels and is left out",
    ),
    "csv_rgb": Right("0,1,2,3", (96, 0, 24), shape=(3, 28, 28)),
    "csv_rgb_planes": Right("0,1,2,3", (96, 0, 24), shape=(3, 28, 28)),
    "csv_fer": Right("0,1,2,3", (72, 24, 24), shape=(1, 48, 48)),
    "csv_upper_suffix": FOUR,
    "csv_label_upper": Right("1,2,3,4", (96, 0, 24)),
    "csv_missing_class": Right("0,1,2,3,4,5,7,8,9", (160, 0, 40)),
    "csv_two_digits": Right("3,8", (48, 0, 12)),
    "csv_unknown_columns": Right("0,1,2,3", (96, 0, 24)),
    "csv_and_idx": Right(TEN.classes, (200, 0, 50)),
}


@pytest.mark.parametrize("name", CASES)
def test_tables_are_read_as_they_were_meant(name: str, tmp_path: Path):
    check(CASES[name], RIGHT[name], tmp_path / name)


@pytest.mark.parametrize(
    "name",
    ["csv_unit", "csv_quoted", "csv_semicolon", "csv_tabs", "csv_one_hot", "csv_numbered_header"],
)
def test_other_forms_are_the_same_set(name: str, tmp_path: Path):
    for each in (name, "csv_bom_crlf"):
        CASES[each](tmp_path / each)
    first, second = (load_data(tmp_path / each) for each in (name, "csv_bom_crlf"))
    assert first.identity == second.identity


def test_colours_side_by_side_and_in_planes_are_the_same_pictures(tmp_path: Path):
    for name in ("csv_rgb", "csv_rgb_planes"):
        CASES[name](tmp_path / name)
    beside, planes = (load_data(tmp_path / name) for name in ("csv_rgb", "csv_rgb_planes"))
    assert beside.identity == planes.identity
    assert np.array_equal(beside.train.pixels[:, 0] // 2, beside.train.pixels[:, 1])


def test_a_file_named_by_itself_is_read_though_one_without_labels_lies_beside(tmp_path: Path):
    csv_kaggle_digits(tmp_path)
    dataset = load_data(tmp_path / "train.csv")
    assert (len(dataset.train), len(dataset.test)) == (160, 40)
    assert [one.file for one in dataset.skipped] == ["test.csv"]
    (tmp_path / "train.csv").unlink()
    with pytest.raises(ToileError, match="has 784 columns, all of them pixels; a set needs a col"):
        load_data(tmp_path / "test.csv")


def test_a_set_label_column_is_taken_where_it_cannot_be_told(tmp_path: Path):
    CASES["csv_binary_two"](tmp_path)
    dataset = load_data(tmp_path, label_column="first")
    assert dataset.class_names == ("0", "1")
    assert np.bincount(dataset.train.labels).min() > 40
