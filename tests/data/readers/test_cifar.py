"""CIFAR-10 and CIFAR-100 in the binary form, written as their page describes it."""

import numpy as np
import pytest

from tests.fuzzing import damaged
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def rows_of(labels: np.ndarray, pixels: np.ndarray) -> bytes:
    return np.hstack([labels.reshape(len(labels), -1), pixels.reshape(len(pixels), -1)]).tobytes()


@pytest.fixture
def ten(tmp_path):
    """Two batches of 20 training images and a test part of 10, of 32 x 32 px in colour."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (50, 3, 32, 32), dtype=np.uint8)
    labels = (np.arange(50) % 10).astype(np.uint8)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    # The second batch comes first in the order of letters once there are ten; here by its number.
    pieces = {"data_batch_10.bin": slice(20, 40), "data_batch_9.bin": slice(0, 20)}
    for name, piece in {**pieces, "test_batch.bin": slice(40, 50)}.items():
        (folder / name).write_bytes(rows_of(labels[piece], pixels[piece]))
    (folder / "batches.meta.txt").write_text("\n".join([*NAMES, ""]))
    return folder, pixels, labels


def test_rows_are_a_label_and_planes_of_red_green_and_blue(ten):
    folder, pixels, labels = ten
    dataset = load_data(folder)
    assert dataset.shape == (3, 32, 32)
    assert dataset.class_names == tuple(NAMES)
    assert np.array_equal(dataset.train.pixels, pixels[:40])
    assert np.array_equal(dataset.train.labels, labels[:40])
    test = open_sealed(dataset.test)
    assert np.array_equal(test.pixels, pixels[40:])
    assert np.array_equal(test.labels, labels[40:])


def test_batches_that_lack_are_named(ten):
    notes = " ".join(load_data(ten[0]).notes)
    assert "CIFAR-10 in the binary form" in notes
    assert "data_batch_7.bin, data_batch_8.bin is not there" in notes


@pytest.mark.parametrize(
    ("column", "expected", "names"),
    [
        ("auto", [0, 1, 2, 3] * 5, ("apple", "bee", "crab", "dolphin")),
        ("last", [0, 1, 2, 3] * 5, ("apple", "bee", "crab", "dolphin")),
        ("first", [0, 0, 1, 1] * 5, ("plants", "animals")),
        ("coarse", [0, 0, 1, 1] * 5, ("plants", "animals")),
        ("fine_label", [0, 1, 2, 3] * 5, ("apple", "bee", "crab", "dolphin")),
    ],
)
def test_of_two_labels_the_fine_one_is_read_unless_the_first_is_asked_for(
    tmp_path, column, expected, names
):
    rng = np.random.default_rng(1)
    fine = np.arange(20) % 4
    labels = np.stack([fine // 2, fine], axis=1).astype(np.uint8)
    for name in ("train.bin", "test.bin"):
        pixels = rng.integers(0, 256, (20, 3, 32, 32), dtype=np.uint8)
        (tmp_path / name).write_bytes(rows_of(labels, pixels))
    (tmp_path / "fine_label_names.txt").write_text("apple\nbee\ncrab\ndolphin\n")
    (tmp_path / "coarse_label_names.txt").write_text("plants\nanimals\n")
    dataset = load_data(tmp_path, label_column=column)
    assert dataset.train.labels.tolist() == expected
    assert dataset.class_names == names
    assert "data.label_column=first means the coarse" in " ".join(dataset.notes)
    with pytest.raises(ToileError, match="label_column is age; for CIFAR-100 it is coarse or fine"):
        load_data(tmp_path, label_column="age")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda folder: cut(folder / "data_batch_9.bin"),
            "has 61459 bytes; it needs some images of 3073 bytes each",
        ),
        (lambda folder: (folder / "data_batch_9.bin").write_bytes(b""), "has 0 bytes"),
        (lambda folder: [file.unlink() for file in folder.glob("data_*")], "no training images"),
    ],
)
def test_what_is_no_whole_set_is_refused(ten, change, said):
    change(ten[0])
    with pytest.raises(ToileError, match=said):
        load_data(ten[0])


def cut(file) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def test_the_form_for_python_is_a_pickle_and_not_opened(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x02}q\x01.")
    with pytest.raises(
        ToileError, match=r"a pickle, which can run any code .* fetch the binary version"
    ):
        load_data(tmp_path)


def test_class_names_that_are_none_are_left_out(ten):
    (ten[0] / "batches.meta.txt").write_bytes(b"\xff\xfe")
    assert load_data(ten[0]).class_names == tuple(map(str, range(10)))


def test_damaged_files_are_read_or_refused(ten, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", "/dev/null/none")
    whole = {str(file): file.read_bytes() for file in ten[0].iterdir()}
    num_read = 0
    for name, _, content in damaged(whole, 60):
        with open(name, "wb") as file:
            file.write(content)
        try:
            load_data(ten[0])
            num_read += 1
        except ToileError:
            pass
        with open(name, "wb") as file:
            file.write(whole[name])
    assert num_read
