"""An augmented set that was changed, cut or is read by other rules is refused."""

from pathlib import Path

import numpy as np
import pytest

from toile.data import load_data, split_data
from toile.errors import ToileError
from toile.recipe import Data

CHECKED = ["x_train", "x_val", "y_val", "val_hashes", "train_sources"]


def resave(file: Path, path: Path, **changes) -> Path:
    """The arrays of `file` as somebody else might save them, without those that are None."""
    with np.load(file) as arrays:
        named = {**arrays, **changes}
    np.savez(path, **{name: array for name, array in named.items() if array is not None})
    return path


def test_folds_of_it_are_refused(augmented):
    with pytest.raises(ToileError, match=r"data.folds is 3, and this is an augmented set"):
        split_data(augmented.train, Data(folds=3))


def test_older_rules_which_would_divide_it_are_refused(file):
    with pytest.raises(ToileError, match=r"version 3 of the rules, and data.rule is 2"):
        load_data(file, rule=2)


@pytest.mark.parametrize("name", CHECKED)
def test_a_set_that_was_changed_or_cut_is_refused(file, tmp_path, name):
    with np.load(file) as arrays:
        changed = arrays[name].copy()
    changed[0] += 1
    with pytest.raises(ToileError, match=rf"garments.npz whose {name} is changed since it was"):
        load_data(resave(file, tmp_path / "changed.npz", **{name: changed}))
    with pytest.raises(
        ToileError, match=rf"whose {name} is missing|has no (labels|images) beside|holds parent"
    ):
        load_data(resave(file, tmp_path / "cut.npz", **{name: None}))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda arrays: train_on(arrays, "train_images"), r"to which train_images was added"),
        (lambda arrays: {"parent": None}, r"is an augmented set without parent"),
        (
            lambda arrays: {"x_train": arrays["x_train"].reshape(-1, 14, 56)},
            r"images are \(1, 28, 28\)|its pictures are \(1, 14, 56\)",
        ),
        (
            lambda arrays: rewritten(arrays, '["0","1"', '["1","0"'),
            "parent is damaged",
        ),
        (lambda arrays: rewritten(arrays, ":900", ":901"), "parent is damaged .it is changed"),
        (lambda arrays: rewritten(arrays, '"garments.npz"', '"mine.npz"'), "parent is damaged"),
    ],
)
def test_a_set_whose_checksums_fit_is_refused_where_anything_else_changed(
    file, tmp_path, change, rule
):
    with np.load(file) as arrays:
        changes = change(arrays)
    with pytest.raises(ToileError, match=rule):
        load_data(resave(file, tmp_path / "changed.npz", **changes))


def train_on(arrays, name):
    """Other pictures, under a name of training pictures that is not the set's own."""
    return {name: arrays["x_test"], name.replace("images", "labels"): arrays["y_test"]}


def rewritten(arrays, old, new):
    record = str(arrays["parent"])
    assert old in record
    return {"parent": np.array(record.replace(old, new))}


def test_a_newer_or_damaged_record_is_refused_and_a_foreign_parent_is_none(file, tmp_path):
    with np.load(file) as arrays:
        record = str(arrays["parent"])
    newer = record.replace('"version":1', '"version":2')
    with pytest.raises(ToileError, match=r"of version 2, of a newer Toile; this one reads"):
        load_data(resave(file, tmp_path / "newer.npz", parent=np.array(newer)))
    with pytest.raises(ToileError, match=r"parent is damaged"):
        load_data(resave(file, tmp_path / "damaged.npz", parent=np.array(record[:-9])))
    pixels = np.arange(60 * 36, dtype=np.uint8).reshape(60, 6, 6)
    arrays = {"x": pixels, "y": np.arange(60) % 3}
    np.savez(tmp_path / "foreign.npz", **arrays, parent=np.array(["a", "b"]))
    assert load_data(tmp_path / "foreign.npz").skipped[0].file == "parent"
