"""NumPy archives: pickles, bombs, lying headers, NaN and odd shapes."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from toile.data import load_data
from toile.errors import ToileError


class Canary:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def save(path: Path, toy, **changes) -> Path:
    arrays = {"train_x": toy.train_x, "train_y": toy.train_y}
    arrays |= {"test_x": toy.test_x, "test_y": toy.test_y} | changes
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    return path


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "toy.npz"


def test_an_object_array_is_refused_and_no_code_runs(file, toy, tmp_path):
    marker = tmp_path / "marker"
    save(file, toy, train_x=np.array([Canary(marker)] * 12, dtype=object))
    with pytest.raises(
        ToileError, match=r"toy.npz: train_x: holds Python objects \(a pickle, neve"
    ):
        load_data(file)
    assert not marker.exists()


def test_nans_are_counted_and_the_first_is_named(file, toy):
    pixels = toy.train_x / 255
    pixels[4, 2, 2] = pixels[7, 0, 0] = np.nan
    with pytest.raises(
        ToileError, match="train_x: 2 values are NaN or infinite, the first in image 4"
    ):
        load_data(save(file, toy, train_x=pixels))


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (-1, r"-1 \(image 4\) to 255 \(image \d+\); they go from 0 to 255"),
        (256, r"to 256 \(image 4\), but only 1 of 432 are above 255; .* set data.white"),
        (70_000, r"to 7e\+04 \(image 4\); at most 65535"),
    ],
)
def test_a_value_that_is_no_pixel_is_named_by_image(file, toy, value, rule):
    pixels = toy.train_x.astype(np.float64)
    pixels[4, 2, 2] = value
    with pytest.raises(ToileError, match=f"train_x: pixels go from .*{rule}"):
        load_data(save(file, toy, train_x=pixels))


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        (np.arange(12) - 1, "row 0 has label -1; a label is a class index from 0 to 999"),
        (np.arange(12) * 100, "row 10 has label 1000"),
        (np.arange(12) / 2, "row 1 has label 0.5; a label is a whole number"),
        (np.full(12, np.nan), "row 0 has label nan"),
        (np.zeros((12, 2, 2)), r"has shape \(12, 2, 2\); labels are \(n,\)"),
        (np.zeros((12, 3)), "row 0 holds 0 ones of 3; an image is of one class, and labels of wh"),
        (np.ones((12, 14), np.uint8), r"row 0 holds 14 ones of 14; .* as ChestMNIST's, are not le"),
        (np.arange(11), "train_y: holds 11 labels; its images are 12"),
        (np.array(["a"] * 11 + [" "]), "has an empty label; every image has a class"),
        (np.array(["a" * 257] * 12), "has labels of up to 257 letters; a name has at most 256"),
        (np.array([b"\xff"] * 12), "holds labels that are no UTF-8"),
    ],
)
def test_labels_that_are_no_class_indices(file, toy, labels, rule):
    with pytest.raises(ToileError, match=rule):
        load_data(save(file, toy, train_y=labels))


@pytest.mark.parametrize("shape", [(12, 37), (12, 6, 3, 2), (12, 1, 1, 6, 6), ()])
def test_shapes_that_are_no_images(file, toy, shape):
    with pytest.raises(ToileError, match=r"images are \(n, h, w\), \(n, h, w, c\) or \(n, c, h, w"):
        load_data(save(file, toy, train_x=np.zeros(shape, np.uint8)))


def test_volumes_are_refused_as_that_with_the_slice_to_save(file, toy):
    volumes = np.zeros((12, 8, 8, 8), np.uint8)
    with pytest.raises(ToileError, match=r"is of volumes, .* save a slice of each, as x\[:, 4\]"):
        load_data(save(file, toy, train_x=volumes))


def test_a_part_without_its_labels(file, toy):
    with pytest.raises(
        ToileError, match="test_x has no labels beside it; images and labels come in p"
    ):
        load_data(save(file, toy, test_y=None))


def test_other_keys_are_listed_beside_those_needed(file):
    np.savez(file, first=np.zeros(3), second=np.zeros(3))
    with pytest.raises(ToileError, match=r"holds first, second; it needs images and labels by na"):
        load_data(file)


def test_images_of_three_colours_keep_their_channels(file, toy):
    pixels = np.stack([toy.train_x, toy.train_x // 2, 255 - toy.train_x], axis=-1)
    test = np.zeros((6, 6, 6, 3), np.uint8)
    dataset = load_data(save(file, toy, train_x=pixels, test_x=test))
    assert dataset.shape == (3, 6, 6)
    assert np.array_equal(dataset.train.pixels[:, 1], toy.train_x // 2)


def test_a_bomb_is_refused_from_its_list_of_entries(file):
    blank = io.BytesIO()
    np.save(blank, np.zeros((64, 1024, 1024), np.uint8))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_x.npy", blank.getvalue())
    with pytest.raises(ToileError, match="claim to unpack to 67108992; at most 100 times the size"):
        load_data(file)


def test_a_header_that_claims_more_than_its_entry_is_refused_before_allocating(file, toy):
    lying = io.BytesIO()
    header = {"shape": (60_000, 1000, 1000), "fortran_order": False, "descr": "|u1"}
    np.lib.format.write_array_header_1_0(lying, header)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("train_x.npy", lying.getvalue() + bytes(100))
        archive.writestr("train_y.npy", b"")
    with pytest.raises(ToileError, match="60000000000 bytes; the entry holds 100"):
        load_data(file)


@pytest.mark.parametrize("num_bytes", [0, 3, 200, 900])
def test_a_file_cut_short(file, toy, num_bytes):
    file.write_bytes(save(file, toy).read_bytes()[:num_bytes])
    with pytest.raises(ToileError, match=r"toy.npz: is no zip, cut short or damaged"):
        load_data(file)


def test_a_flipped_bit_is_caught_by_the_archives_checksum(file, toy):
    content = bytearray(save(file, toy).read_bytes())
    content[300] ^= 1
    file.write_bytes(content)
    with pytest.raises(ToileError, match="train_x: is damaged"):
        load_data(file)


def test_of_two_files_in_a_folder_none_is_guessed(file, toy):
    save(file, toy)
    save(file.with_name("other.npz"), toy)
    with pytest.raises(ToileError, match=r"holds 2 .npz or .npy files \(other.npz, toy.npz, ...\)"):
        load_data(file.parent)
