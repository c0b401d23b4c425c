"""IDX files as people bring them: what is read of each, or why it is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.field.drawing import DIGITS, UPPER, glyphs
from tests.field.idx import CASES
from toile.data import Dataset, load_data
from toile.errors import ToileError

NUMBERS = tuple(DIGITS)
READ = {
    "idx_dots": (NUMBERS, 200, 50),
    "idx_kaggle": (NUMBERS, 200, 50),
    "idx_gz_is_raw": (NUMBERS, 200, 50),
    "idx_raw_is_gz": (NUMBERS, 200, 50),
    "emnist_letters": (tuple(UPPER), 312, 78),
    "qmnist": (NUMBERS, 80, 20),
}
"""Classes, training images and test images of what is read."""
REFUSED = {
    "idx_html": "train-images-idx3-ubyte.gz: is a web page or other text .* fetch the file again",
    "idx_cut": r"train-images-idx3-ubyte.gz: is damaged or cut short \(.*\); fetch it again",
    "emnist_all": "holds more than one IDX set .*'emnist-digits-', 'emnist-letters-'.* its own f",
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch):
    """A case's folder; what is decoded is cached beside it."""
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "cache"))

    def write_one(name: str) -> Path:
        CASES[name](tmp_path / name)
        return tmp_path / name

    return write_one


def test_each_case_is_told_of():
    assert sorted([*READ, *REFUSED]) == sorted(CASES)


@pytest.mark.parametrize("name", READ)
def test_what_is_read(write, name):
    classes, num_train, num_test = READ[name]
    data = load_data(write(name))
    assert data.class_names == classes
    assert (len(data.train), len(data.test)) == (num_train, num_test)
    assert data.train.pixels.max() > 200


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(write, name):
    with pytest.raises(ToileError, match=REFUSED[name]):
        load_data(write(name))


def of_class(data: Dataset, label: int) -> np.ndarray:
    return data.train.pixels[data.train.labels == label].mean(axis=0)[0]


def test_emnist_is_turned_upright_and_it_is_said(write):
    path = write("emnist_letters")
    data = load_data(path)
    assert data.notes[0] == "the names of the classes are the letters of emnist-letters-mapping.txt"
    assert [note.split(":")[0] for note in data.notes[1:]] == ["turned upright"]
    images, labels = glyphs(UPPER, 12, 1)
    assert np.array_equal(of_class(data, 0), images[labels == 0].mean(axis=0))
    kept = load_data(path, orientation="as_is")
    assert np.array_equal(of_class(kept, 4), of_class(data, 4).T)
    assert kept.notes == data.notes[:1]


def test_an_older_rule_leaves_emnist_as_it_lies(write):
    data = load_data(write("emnist_letters"), rule=2)
    assert (len(data.class_names), data.notes) == (27, ())
    assert not data.was_transposed


@pytest.mark.parametrize("text", ["", "1 65 97\n2 65 98\n", "a table\n", "1 7\n", "1 -5\n"])
def test_a_mapping_that_is_none_leaves_the_numbers(write, text):
    path = write("emnist_letters")
    (path / "emnist-letters-mapping.txt").write_text(text)
    data = load_data(path)
    assert data.class_names[:2] == ("1", "2")
    assert [note.split(":")[0] for note in data.notes] == ["turned upright"]
