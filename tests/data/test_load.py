"""Loading by name and by path, and what is said when neither is there."""

import shutil
import tracemalloc

import numpy as np
import pytest

from toile.data import load_data
from toile.data.catalogue import KNOWN
from toile.data.locations import SAMPLE_FOLDER
from toile.data.sealed import open_sealed
from toile.errors import ToileError
from toile.recipe import Data


def test_the_sample_needs_no_network():
    dataset = load_data("fashion-sample")
    assert np.bincount(dataset.train.labels).tolist() == [600] * 10
    assert np.bincount(open_sealed(dataset.test).labels).tolist() == [100] * 10
    assert dataset.class_names[6] == "Shirt"
    assert dataset.release.startswith("Toile's sample of Fashion-MNIST")


def test_the_sample_is_the_first_of_each_class_of_the_full_set(fashion_mnist):
    sample = load_data("fashion-sample")
    full_parts = fashion_mnist.train, open_sealed(fashion_mnist.test)
    for part, full, count in zip(
        (sample.train, open_sealed(sample.test)), full_parts, (600, 100), strict=True
    ):
        first = [np.flatnonzero(full.labels == label)[:count] for label in range(10)]
        expected = full.gather(np.sort(np.concatenate(first)))
        assert np.array_equal(part.pixels, expected.pixels)
        assert np.array_equal(part.labels, expected.labels)


@pytest.mark.slow
def test_seventy_thousand_images_take_less_than_150_megabytes(fashion_mnist):
    tracemalloc.start()
    load_data(fashion_mnist.path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6


def test_from_the_cache_pixels_are_not_all_brought_into_memory(fashion_mnist):
    load_data(fashion_mnist.path)
    tracemalloc.start()
    load_data(fashion_mnist.path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 70_000 * 28 * 28


def test_a_copy_of_a_known_set_is_recognised_wherever_it_lies(tmp_path):
    shutil.copytree(SAMPLE_FOLDER, tmp_path / "copy")
    dataset = load_data(tmp_path / "copy")
    assert dataset.release == KNOWN["fashion-sample"].release
    assert dataset.class_names[0] == "T-shirt/top"


def test_settings_of_a_recipe_are_taken_whole(write):
    dataset = load_data(Data(name=str(write("idx")), colour="rgb", size_px=9))
    assert dataset.shape == (3, 9, 9)
    assert np.array_equal(dataset.train.pixels[:, 0], dataset.train.pixels[:, 2])


def test_a_known_set_that_was_resized_says_so():
    dataset = load_data("fashion-sample", size_px=14)
    assert dataset.shape == (1, 14, 14)
    assert dataset.release.endswith("of each class, resized or recoloured")
    assert dataset.class_names[6] == "Shirt"


def test_settings_beside_a_recipe_come_on_top_of_it(write):
    data = Data(name=str(write("idx")), size_px=9)
    assert load_data(data, colour="rgb").shape == (3, 9, 9)


def test_a_misspelt_name_gets_the_nearest():
    with pytest.raises(
        ToileError, match=r"data.name is fashion-mnst, .*; did you mean fashion-mnist"
    ):
        load_data("fashion-mnst")


@pytest.mark.parametrize("name", ["a\0b", "x" * 4000])
def test_a_name_no_file_can_have_is_refused_as_any_other(name):
    with pytest.raises(ToileError, match="is no file or folder here"):
        load_data(name)


def test_what_the_system_will_not_open_is_named_with_its_reason(write, shared_folder, as_anyone):
    folder = shutil.copytree(write("idx"), shared_folder / "set")
    (folder / "t10k-images-idx3-ubyte").chmod(0)
    rule = r"t10k-images-idx3-ubyte: could not be read \(Permission denied"
    with as_anyone(), pytest.raises(ToileError, match=rule):
        load_data(folder)


def test_a_file_of_another_format_lists_those_that_are_read(tmp_path):
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(
        ToileError, match=r"model.pkl: is of no known format; .csv, .csv.gz, .tsv, .npz, .npy"
    ):
        load_data(tmp_path / "model.pkl")


def test_known_files_with_other_content_are_not_passed_off_as_the_known_set(tmp_path, monkeypatch):
    copy = shutil.copytree(SAMPLE_FOLDER, tmp_path / "copy")
    monkeypatch.setattr("toile.data.sources.SAMPLE_FOLDER", copy)
    file = copy / "train-labels-idx1-ubyte.gz"
    (copy / file.stem).write_bytes(b"\0\0\x08\x01" + (6000).to_bytes(4) + bytes([*range(10)] * 600))
    with pytest.raises(ToileError, match=r"is not fashion-sample: .* name it by its path"):
        load_data("fashion-sample")


def test_parts_of_two_shapes_are_refused_with_both(tmp_path):
    np.savez(
        tmp_path / "two.npz",
        train_x=np.arange(72, dtype=np.uint8).reshape(2, 6, 6) + 100,
        train_y=[0, 1],
        test_x=np.zeros((1, 6, 8), np.uint8),
        test_y=[0],
    )
    with pytest.raises(ToileError, match=r"images are \(1, 6, 6\), test images \(1, 6, 8\)"):
        load_data(tmp_path / "two.npz")
    assert load_data(tmp_path / "two.npz", size_px=6).shape == (1, 6, 6)


@pytest.mark.parametrize("side", [3, 257])
def test_sides_out_of_range_ask_for_a_size(tmp_path, side):
    arrays = {"train_x": np.zeros((2, side, 8), np.uint8), "train_y": [0, 1]}
    arrays |= {"test_x": np.zeros((1, side, 8), np.uint8), "test_y": [0]}
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(
        ToileError, match=f"images are 8 x {side} px; a side has 4 to 256; set data"
    ):
        load_data(tmp_path / "odd.npz")


@pytest.mark.parametrize("name", ["~anna\0", "a\0b", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused_as_one_that_is_not_there(name):
    with pytest.raises(ToileError, match="is no file or folder here"):
        load_data(name)
