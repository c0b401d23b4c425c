"""Arrays given in Python: read by the rules of files, kept in the cache, found again by name."""

import gc

import numpy as np
import pytest
import torch

from toile.data import Dataset, data_values, is_here, load_data
from toile.errors import ToileError
from toile.recipe import Data


def same(first: Dataset, second: Dataset) -> bool:
    return (first.fingerprint, first.order) == (second.fingerprint, second.order)


@pytest.fixture
def dataset(toy) -> Dataset:
    return Dataset.from_arrays(toy.train_x, toy.train_y, toy.test_x, toy.test_y)


def test_arrays_are_what_the_same_arrays_in_a_file_are(dataset, toy, tmp_path):
    file = tmp_path / "toy.npz"
    np.savez(file, x_train=toy.train_x, y_train=toy.train_y, x_test=toy.test_x, y_test=toy.test_y)
    assert same(dataset, load_data(file))
    assert dataset.class_names == ("0", "1", "2")


def test_they_are_found_again_by_their_name(dataset, toy):
    assert is_here(dataset.name)
    assert same(load_data(dataset.name), dataset)
    again = Dataset.from_arrays(toy.train_x, toy.train_y, toy.test_x, toy.test_y)
    assert again.name == dataset.name
    other = Dataset.from_arrays(toy.train_x[::-1], toy.train_y[::-1], toy.test_x, toy.test_y)
    assert other.name != dataset.name


def test_the_test_part_is_sealed_and_no_array_of_it_is_at_hand(dataset, toy):
    assert repr(dataset.test) == "Sealed(6 images)"
    assert repr(dataset.train) == "Images(12 images, 6 x 6 px, grey)"
    reachable = [one for one in gc.get_referrers(toy.test_x) if isinstance(one, Dataset)]
    assert reachable == []
    assert not np.shares_memory(dataset.test._images.pixels, toy.test_x)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda x: x, (1, 6, 6)),
        (lambda x: x / 255, (1, 6, 6)),
        (lambda x: (x / 255).astype("float32"), (1, 6, 6)),
        (lambda x: x.astype(float), (1, 6, 6)),
        (lambda x: x.reshape(len(x), -1), (1, 6, 6)),
        (lambda x: x[..., None], (1, 6, 6)),
        (lambda x: x[:, None], (1, 6, 6)),
        (lambda x: np.repeat(x[..., None], 3, axis=-1), (3, 6, 6)),
        (lambda x: np.repeat(x[:, None], 3, axis=1), (3, 6, 6)),
        (lambda x: np.asfortranarray(x), (1, 6, 6)),
        (lambda x: list(x), (1, 6, 6)),
        (lambda x: torch.tensor(x / 255, requires_grad=True), (1, 6, 6)),
    ],
)
def test_any_layout_and_kind_of_number_gives_the_same_pixels(make, shape, toy):
    dataset = Dataset.from_arrays(make(toy.train_x), toy.train_y, make(toy.test_x), toy.test_y)
    assert dataset.shape == shape
    assert (dataset.train.pixels == toy.train_x[:, None]).all()


def test_a_dark_test_part_is_read_as_the_training_part_is(toy):
    dataset = Dataset.from_arrays(
        toy.train_x * 1.0, toy.train_y, (toy.test_x > 128) * 1.0, toy.test_y
    )
    assert dataset.greys.white == 255
    assert dataset.test._images.pixels.max() == 1


@pytest.mark.parametrize(
    ("labels", "names", "found"),
    [
        (["b", "c", "a"], None, ("a", "b", "c")),
        ([-1, 10, 5], None, ("-1", "5", "10")),
        ([0, 1, 2], ["x", "y", "z"], ("x", "y", "z")),
        ([0, 1, 3], ["x", "y", "z", "w"], ("x", "y", "w")),
        ([10, 20, 30], ["x", "y", "z"], ("x", "y", "z")),
        (["b", "c", "a"], ["c", "b", "a"], ("c", "b", "a")),
        (np.array(["b", "c", "a"], object), None, ("a", "b", "c")),
        (np.array([7, 9, 8], object), None, ("7", "8", "9")),
        ([0.0, 1.0, 2.0], None, ("0", "1", "2")),
        (np.eye(3)[[1, 2, 0]], None, ("0", "1", "2")),
        ([True, False, True], None, ("0", "1")),
    ],
)
def test_classes_are_the_sorted_labels_and_labels_their_places(labels, names, found, toy):
    labels = np.array(labels)[toy.train_y]
    dataset = Dataset.from_arrays(toy.train_x, labels, toy.test_x, labels[::2], class_names=names)
    assert dataset.class_names == found
    if labels.ndim == 1 and names is None:
        order = sorted(set(labels.tolist()))
        assert dataset.train.labels.tolist() == [order.index(one) for one in labels.tolist()]


def test_without_a_test_part_one_is_sealed_by_content(toy):
    dataset = Dataset.from_arrays(toy.train_x, toy.train_y)
    assert (len(dataset.train), len(dataset.test)) == (9, 3)
    turned = Dataset.from_arrays(toy.train_x[::-1], toy.train_y[::-1])
    assert turned.test_fingerprint == dataset.test_fingerprint
    half = Dataset.from_arrays(toy.train_x, toy.train_y, test=0.5)
    assert (len(half.train), len(half.test)) == (6, 6)


def test_a_recipe_reads_a_dataset_as_it_was_read(toy):
    dataset = Dataset.from_arrays(toy.train_x, toy.train_y, test=0.5, size_px=8, white=255.0)
    values = {name.removeprefix("data."): one for name, one in data_values(dataset).items()}
    assert same(load_data(Data(**values)), dataset)
    assert same(load_data(dataset), dataset)
    assert load_data(dataset, size_px=10).shape == (1, 10, 10)
    assert dataset.shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": [0, 1]}, "y: holds 2 labels; its images are 12, and every image has one; do they"),
        ({"y": None}, "y: holds Python objects"),
        ({"y": np.arange(12) + 0.5}, r"y: row 0 has label 0\.5; a label is a whole number or"),
        ({"y_test": None}, "x_test is given without y_test"),
        ({"y": [None] * 12}, "y: holds Python objects, such as None"),
        ({"y": np.array([0, "b", "c"] * 4, object)}, "y: holds Python objects, such as 0"),
        ({"x": np.zeros((12, 6, 6)).astype(str)}, "X: holds text .<U32.; pixels are numbers"),
        ({"y": [0] * 12}, "^X: all 12 training images are of one class"),
        ({"y_test": ["9"] * 6}, "the test part has the class 9, of which there is no training"),
        ({"x": np.zeros((12, 6, 6, 2))}, r"X: has shape \(12, 6, 6, 2\); images are"),
        ({"x": [[1], [1, 2]]}, "X: is no array of one shape"),
        ({"x": np.zeros((0, 6, 6))}, "X: is empty"),
        ({"x": np.full((12, 6, 6), np.nan)}, "X: 432 values are NaN or infinite"),
        ({"class_names": ["a", "b"]}, "class_names has 2 names; the labels are 3 numbers from 0"),
        ({"class_names": ["a", "b", "a"]}, "class_names has a twice"),
        ({"y": list("abc") * 4, "y_test": list("ab") * 3, "class_names": "ab"}, "lacks c"),
        ({"size": 8}, "data.size is not a setting"),
    ],
)  # fmt: skip
def test_what_is_no_dataset_is_refused(change, said, toy):
    given = {"x": toy.train_x, "y": toy.train_y, "x_test": toy.test_x, "y_test": toy.test_y}
    with pytest.raises(ToileError, match=said):
        Dataset.from_arrays(**(given | change))


def test_of_arrays_that_are_refused_nothing_stays_in_the_cache(toy, monkeypatch, tmp_path):
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path))
    for refused in ({"y": toy.train_y * 0}, {"y": toy.train_y, "size": 8}):
        with pytest.raises(ToileError):
            Dataset.from_arrays(toy.train_x, **refused)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    Dataset.from_arrays(toy.train_x, toy.train_y)
    with pytest.raises(ToileError, match="not a setting"):
        Dataset.from_arrays(toy.train_x, toy.train_y, size=8)
    assert len(list((tmp_path / "arrays").iterdir())) == 1


def test_arrays_whose_copy_is_gone_are_asked_for(dataset, monkeypatch, tmp_path):
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "another"))
    assert not is_here(dataset.name)
    with pytest.raises(ToileError, match=f"data.name is {dataset.name}, made of arrays in Python"):
        load_data(dataset.name)


def test_a_damaged_copy_is_refused_and_made_anew(dataset, toy):
    file = dataset.path / "x_train.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ToileError, match="this copy of arrays is damaged; make them again"):
        load_data(dataset.name)
    again = Dataset.from_arrays(toy.train_x, toy.train_y, toy.test_x, toy.test_y)
    assert same(again, dataset)


def test_a_cache_that_cannot_be_written_is_refused(toy, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TOILE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ToileError, match="could not be kept there"):
        Dataset.from_arrays(toy.train_x, toy.train_y)


def test_the_training_part_is_a_torch_dataset_that_a_loader_batches():
    import torch
    from torch.utils.data import DataLoader

    x = np.arange(40 * 16, dtype=np.uint8).reshape(40, 4, 4)
    data = Dataset.from_arrays(x, [3, 7] * 20, test=0)
    pictures = data.to_torch()
    assert isinstance(pictures, torch.utils.data.Dataset)
    batch, labels = next(iter(DataLoader(pictures, batch_size=40)))
    assert torch.equal(batch[:, 0], torch.from_numpy(x).float() / 255)
    assert labels.tolist() == [0, 1] * 20
    assert not hasattr(data.test, "to_torch")
