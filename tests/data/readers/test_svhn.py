"""SVHN's cropped digits, in files that scipy writes as MATLAB does."""

import zlib

import numpy as np
import pytest
import scipy.io

from tests.fuzzing import damaged
from tests.memory import peak_mb
from toile.data import load_data
from toile.data.sealed import open_sealed
from toile.errors import ToileError


def write(file, num: int = 20, seed: int = 0, compressed: bool = True, **other: object):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (num, 3, 32, 32), dtype=np.uint8)
    labels = 1 + np.arange(num) % 10
    arrays = {"X": pixels.transpose(2, 3, 1, 0), "y": labels[:, None].astype(np.uint8)} | other
    scipy.io.savemat(file, arrays, do_compression=compressed)
    return pixels, labels


@pytest.mark.parametrize("compressed", [True, False])
def test_ten_is_the_digit_0_and_pictures_stand_upright(tmp_path, compressed):
    pixels, labels = write(tmp_path / "train_32x32.mat", compressed=compressed)
    test_pixels, _ = write(tmp_path / "test_32x32.mat", 10, seed=1, compressed=compressed)
    (tmp_path / "extra_32x32.mat").write_bytes(b"")
    dataset = load_data(tmp_path)
    assert dataset.shape == (3, 32, 32)
    assert dataset.class_names == tuple("0123456789")
    assert np.array_equal(dataset.train.pixels, pixels)
    assert dataset.train.labels.tolist() == (labels % 10).tolist()
    assert np.array_equal(open_sealed(dataset.test).pixels, test_pixels)
    notes = " ".join(dataset.notes)
    assert "the label 10 is read as the digit 0" in notes
    assert "extra_32x32.mat is not read" in notes


def test_one_file_is_a_set_whose_test_part_is_sealed_from_it(tmp_path):
    write(tmp_path / "train_32x32.mat", 40)
    dataset = load_data(tmp_path / "train_32x32.mat")
    assert len(dataset.train) + len(dataset.test) == 40
    assert len(dataset.test)


def test_of_more_classes_than_ten_none_are_joined(tmp_path):
    labels = 1 + np.arange(24) % 12
    write(tmp_path / "train_32x32.mat", 24, y=labels[:, None].astype(np.uint8))
    dataset = load_data(tmp_path)
    assert dataset.class_names == tuple(map(str, range(1, 13)))


@pytest.mark.parametrize("content", [b"", bytes(4000)])
def test_a_broken_download_is_refused(tmp_path, content):
    (tmp_path / "train_32x32.mat").write_bytes(content)
    with pytest.raises(ToileError, match="is damaged or no file of MATLAB"):
        load_data(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.zeros((32, 32, 3, 20))}, r"X is double of shape \(32, 32, 3, 20\)"),
        ({"X": np.zeros((20, 3072), np.uint8)}, r"X is uint8 of shape \(20, 3072\)"),
        ({"y": np.zeros((19, 1), np.uint8)}, r"y has shape \(19, 1\); of 20 images"),
        ({"y": np.full((20, 1), 0.5)}, "labels that are no whole numbers"),
        ({"y": np.full((20, 1), "a", dtype=object)}, "does not hold what its header says"),
    ],
)
def test_other_arrays_are_refused_by_name(tmp_path, arrays, said):
    write(tmp_path / "train_32x32.mat", **arrays)
    with pytest.raises(ToileError, match=said):
        load_data(tmp_path)


def test_other_files_of_matlab_are_refused_with_the_next_step(tmp_path):
    scipy.io.savemat(tmp_path / "letters.mat", {"dataset": np.zeros(3)})
    with pytest.raises(
        ToileError, match=r"holds dataset; the only .mat files read are SVHN's .* numpy.savez"
    ):
        load_data(tmp_path / "letters.mat")
    (tmp_path / "new.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(128) + bytes(400))
    with pytest.raises(ToileError, match=r"is of MATLAB 7.3, .* '-v7'"):
        load_data(tmp_path / "new.mat")
    write(tmp_path / "test_32x32.mat")
    with pytest.raises(ToileError, match=r"no train_32x32.mat"):
        load_data(tmp_path)


def test_a_small_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path):
    write(tmp_path / "train_32x32.mat")
    file = tmp_path / "train_32x32.mat"
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(1 << 24)) for _ in range(16)) + packing.flush()
    head = file.read_bytes()[:128]
    file.write_bytes(head + (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed)
    setup = "import scipy.io\nfrom toile.data import load_data"
    megabytes, said = peak_mb(f"load_data({str(tmp_path)!r})", setup)
    assert "100 times as many, which no pictures do" in said
    assert megabytes < 64


def test_pictures_that_are_not_square_stand_upright_too(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 3, 8, 5), dtype=np.uint8)
    write(tmp_path / "train_32x32.mat", 9, X=pixels.transpose(2, 3, 1, 0))
    assert np.array_equal(load_data(tmp_path, test=0).train.pixels, pixels)


def test_pixels_are_in_memory_once(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40_000, 3, 32, 32), dtype=np.uint8)
    labels = (1 + np.arange(40_000) % 10)[:, None].astype(np.uint8)
    scipy.io.savemat(tmp_path / "train_32x32.mat", {"X": pixels.transpose(2, 3, 1, 0), "y": labels})
    setup = f"""
import scipy.io
from pathlib import Path
from toile.data import no_progress
from toile.data.readers.svhn import read_svhn
from toile.recipe import Data
file = Path({str(tmp_path / "train_32x32.mat")!r})"""
    peak, said = peak_mb("read_svhn(file, [file], Data(), no_progress)", setup)
    assert said == ""
    assert peak < 123 + 40


def test_what_memory_has_no_room_for_is_refused_of_all_files_together(tmp_path, monkeypatch):
    write(tmp_path / "train_32x32.mat")
    write(tmp_path / "test_32x32.mat", 10)
    num_bytes = 30 * 3 * 32 * 32
    monkeypatch.setenv("TOILE_MEMORY", str(2 * num_bytes - 1))
    with pytest.raises(
        ToileError, match=f"test_32x32.mat: has {num_bytes} bytes of pixels or more"
    ):
        load_data(tmp_path)
    monkeypatch.setenv("TOILE_MEMORY", str(2 * num_bytes))
    assert len(load_data(tmp_path).train) == 20


def test_damaged_files_are_read_or_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TOILE_CACHE", "/dev/null/none")
    for name, compressed in (("train_32x32.mat", True), ("test_32x32.mat", False)):
        write(tmp_path / name, compressed=compressed)
    whole = {str(file): file.read_bytes() for file in tmp_path.glob("*.mat")}
    num_read = 0
    for name, _, content in damaged(whole, 80):
        with open(name, "wb") as file:
            file.write(content)
        try:
            load_data(tmp_path)
            num_read += 1
        except ToileError:
            pass
        with open(name, "wb") as file:
            file.write(whole[name])
    assert num_read
