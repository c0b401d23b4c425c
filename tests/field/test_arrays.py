"""NumPy's files as people save them are read, or refused with what to do."""

from pathlib import Path

import numpy as np
import pytest

from tests.field.arrays import CASES
from tests.field.reading import Right, check
from toile.data import load_data

FOUR = Right("0,1,2,3", (128, 0, 32))
LETTERS = ",".join("ABCD")
RIGHT: dict[str, Right | str] = {
    "npz_medmnist": Right("0,1,2,3", (120, 24, 32)),
    "npz_with_val": Right("0,1,2,3", (120, 40, 32)),
    "npz_kuzushiji": Right("0,1,2,3", (120, 0, 32)),
    "npy_pair": FOUR,
    "npz_upper_keys": Right("0,1,2,3", (160, 0, 20)),
    "npz_images_labels": FOUR,
    "npz_load_digits": Right(
        "0,1,2,3",
        (128, 0, 32),
        skipped="data: is not read, images is target_names: is not read, target is",
    ),
    "npz_two_sets": "holds more than one set, .*mnist_images and .*mnist_images; save each by its",
    "npz_one_hot": Right("0,1,2,3", (160, 0, 16)),
    "npz_soft_labels": "row 0 holds 0.25; of a row .* one value is 1 .* as y.argmax",
    "npz_flat": FOUR,
    "npz_channels_last": FOUR,
    "npz_channels_first": FOUR,
    "npz_colour_first": Right("0,1,2,3", (128, 0, 32), shape=(3, 28, 28)),
    "npz_swapped_sizes": Right("0,1,2,3", (96, 0, 24), shape=(1, 20, 28)),
    "npz_str_labels": Right(LETTERS, (128, 0, 32)),
    "npz_bytes_labels": Right(LETTERS, (128, 0, 32)),
    "npz_object_labels": r"y_train: holds Python objects \(a pickle, .*; save it again, as "
    r"np.savez\('data.npz', x=x, y=y.astype\(str\)\) does",
    "npz_digit_str_labels": Right("0,1,2,3,4,5,6,7,8,9", (160, 0, 40)),
    "npz_bool_labels": Right("0,1", (96, 0, 24)),
    "npz_pm1_labels": Right("-1,1", (96, 0, 24)),
    "npz_from_one": Right(",".join(map(str, range(1, 27))), (208, 0, 52)),
    "npz_two_of_ten": Right("3,8", (96, 0, 24)),
}


@pytest.mark.parametrize("name", CASES)
def test_arrays_are_read_as_they_were_meant(name: str, tmp_path: Path):
    check(CASES[name], RIGHT[name], tmp_path / name)


@pytest.mark.parametrize("name", ["npz_flat", "npz_channels_first", "npz_images_labels"])
def test_other_shapes_and_names_are_the_same_set(name: str, tmp_path: Path):
    for each in (name, "npz_channels_last"):
        CASES[each](tmp_path / each)
    first, second = (load_data(tmp_path / each) for each in (name, "npz_channels_last"))
    assert first.identity == second.identity


def test_labels_that_are_names_are_those_of_their_pictures(tmp_path: Path):
    for each in ("npz_str_labels", "npz_channels_last"):
        CASES[each](tmp_path / each)
    named, numbered = (
        load_data(tmp_path / each) for each in ("npz_str_labels", "npz_channels_last")
    )
    assert np.array_equal(named.train.labels, numbered.train.labels)


def test_an_npy_named_by_itself_is_read_with_its_labels(tmp_path: Path):
    CASES["npy_pair"](tmp_path / "set")
    assert load_data(tmp_path / "set" / "X_train.npy").class_names == ("0", "1", "2", "3")
