"""Folders of pictures as people bring them: what is read of each, or why it is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.field import folder_contents, folders
from tests.field.drawing import DIGITS
from toile.data import Dataset, load_data
from toile.errors import ToileError

CASES = folders.CASES | folder_contents.CASES
ABC, PETS, LAND = ("A", "B", "C"), ("cats", "dogs"), ("buildings", "forest", "sea")
FRUITS = ("Apple Golden 1", "Pear 2", "Tomato not Ripen")
READ = {
    # Classes; images to train on, held out for validation by the source, sealed; left out.
    "dir_plain": (ABC, 48, 0, 12, 0),
    "dir_parts": (ABC, 60, 15, 18, 0),
    "dir_train_val": (ABC, 48, 15, 12, 0),
    "dir_train_test": (ABC, 60, 0, 18, 0),
    "dir_training_test": (FRUITS, 60, 0, 18, 0),
    "dir_training_set": (PETS, 40, 0, 12, 1),
    "dir_intel": (LAND, 60, 0, 18, 5),
    "dir_parts_loose": (PETS, 40, 0, 12, 20),
    "dir_val_beside": (PETS, 32, 10, 8, 0),
    "dir_flat_parts": (tuple(DIGITS), 80, 0, 20, 42),
    "dir_csv_labels": (ABC, 30, 0, 6, 1),
    "dir_flat_files": (ABC, 30, 0, 6, 1),
    "dir_nested": (ABC, 30, 0, 6, 1),
    "dir_missing_in_test": (ABC, 60, 0, 12, 0),
    "dir_empty_class": (ABC, 60, 0, 18, 0),
    "dir_numbers": (tuple(str(number) for number in range(1, 13)), 72, 0, 24, 0),
    "dir_unicode": (("Äpfel & Öl", "хлеб", "短裤 <b>"), 30, 0, 6, 0),
    "dir_space": (ABC, 30, 0, 6, 0),
    "dir_symlinks": (ABC, 30, 0, 6, 0),
    "dir_junk": (ABC, 30, 0, 6, 3),
    "dir_endings": (ABC, 39, 0, 9, 12),
    "dir_heic": (ABC, 30, 0, 6, 2),
    "dir_modes": (ABC, 21, 0, 6, 0),
    "dir_broken": (ABC, 46, 0, 11, 3),
    "dir_gif": (ABC, 30, 0, 7, 1),
    "dir_sizes": (ABC, 30, 0, 6, 0),
    "dir_big": (ABC, 30, 0, 7, 0),
    "dir_white_paper": (ABC, 48, 0, 12, 0),
    "dir_imbalanced": (("defect", "ok"), 160, 0, 40, 0),
    "dir_single_sealed": (("5", "7", "9"), 33, 0, 8, 0),
    "dir_conflict": (ABC, 52, 0, 13, 0),
    "dir_duplicates": (ABC, 60, 0, 23, 0),
}
ASKED = {
    "dir_sizes": {"size_px": 28},
    "dir_big": {"size_px": 28},
    "dir_modes": {"colour": "grey"},
    "dir_endings": {"colour": "grey"},
}
NOTES = {
    "dir_flat_parts": (
        "the classes are those of train.csv: its column label, by the file names in id",
        "test/ is left out: no table has the classes of its 40 pictures",
    ),
    "dir_csv_labels": (
        "the classes are those of labels.csv: its column label, by the file names in filename",
    ),
    "dir_flat_files": (
        "the classes are those of labels.csv: its column label, by the file names in filename",
    ),
}
REFUSED = {
    "dir_dogs_cats": r"train/ holds 40 pictures and no class folders; their names begin with cat "
    r"and dog, .* as train/cat/cat.\d+.jpg",
    "dir_prefix_names": r"it holds 24 pictures and no class folders; their names begin with cat",
    "dir_gtsrb": r"Test/ holds 12 pictures .* cannot be test images; name Train/ to read it alone, "
    r"as .*dir_gtsrb/Train; a test part is then sealed",
    "dir_roboflow": "images/ and labels/ are no classes; .* boxes or masks of objects are not read",
    "dir_deeper": "bags/left/ holds 10 pictures inside the folder bags/.* move them up into bags/",
    "dir_half_deeper": "shoes/left/ holds 10 pictures inside the folder shoes/",
    "dir_some_deeper": "shoes/new/ holds 30 pictures inside the folder shoes/",
    "dir_case": r"the test part has the class cat, of which .*; did you mean Cat\?$",
    "dir_typo": r"the test part has the class tomato not ripen, .* did you mean tomato not ripe\?$",
    "dir_bytes": r"the name of the class folder 'caf\\udce9' is not UTF-8; rename it",
    "dir_one_class": "all 20 training images are of one class; a classifier needs two or more",
    "dir_all_tif": r"holds no readable picture .*; A/0005.tif is a TIFF picture, which is not read",
    "dir_one_class_heic": "no picture in C/ can be read; IMG_0000.HEIC is a HEIC photograph, which",
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch):
    """A case's folder; what is decoded is cached beside it."""
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))

    def write_one(name: str) -> Path:
        CASES[name](tmp_path / name)
        return tmp_path / name / ("set" if name == "dir_symlinks" else "")

    return write_one


def read(write, name: str) -> Dataset:
    return load_data(write(name), **ASKED.get(name, {}))


def test_each_case_is_told_of():
    assert {*READ, *REFUSED, "dir_many"} == {*CASES}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(write, name):
    data = read(write, name)
    held_out = data.train.num_held_out
    counts = len(data.train) - held_out, held_out, len(data.test), len(data.skipped)
    assert (data.class_names, *counts) == READ[name]
    assert data.notes == NOTES.get(name, ())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(write, name):
    with pytest.raises(ToileError, match=REFUSED[name]):
        read(write, name)


def test_a_folder_within_a_zip_cannot_be_named(write, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "signs"), "zip", write("dir_gtsrb"))
    with pytest.raises(ToileError, match="unpack it and name Train/ to read that alone; a test pa"):
        load_data(packed)


def test_one_class_named_by_itself_points_to_the_folder_above(write):
    with pytest.raises(ToileError, match="or name the folder above it if it is one class"):
        load_data(write("dir_plain") / "A")


def test_as_many_classes_as_there_are_folders(write):
    assert len(load_data(write("dir_many")).class_names) == 120


def test_the_classes_of_a_table_are_those_of_the_pictures(write):
    """The same pictures as `dir_plain` has in folders, so each mean is that of a letter."""
    by_table, by_folder = (load_data(write(name)) for name in ("dir_csv_labels", "dir_plain"))
    means = [
        np.stack([one.train.pixels[one.train.labels == label].mean(0) for label in range(3)])
        for one in (by_table, by_folder)
    ]
    apart = np.abs(means[0][:, None] - means[1][None]).mean((2, 3, 4))
    assert apart.argmin(axis=1).tolist() == [0, 1, 2]
