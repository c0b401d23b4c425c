"""Describing: counts, greys, correlations and overlaps of sets small enough to check by eye."""

import json

import numpy as np
import pytest
from PIL import Image

from toile.data import Overlap, describe, load_data
from toile.data.description import correlate
from toile.data.duplicates import Conflict

DARK, LIGHT = np.full((4, 4), 10, np.uint8), np.full((4, 4), 30, np.uint8)
STEP = np.repeat([[0, 0, 100, 100]], 4, axis=0).astype(np.uint8)


@pytest.fixture
def describe_arrays(tmp_path):
    """Describe a set given as train and test images with their labels."""

    def of(train_x, train_y, test_x, test_y):
        arrays = {"train_x": np.stack(train_x), "train_y": np.array(train_y)}
        arrays |= {"test_x": np.stack(test_x), "test_y": np.array(test_y)}
        np.savez(tmp_path / "set.npz", **arrays)
        return describe(load_data(tmp_path / "set.npz"))

    return of


def test_a_name_is_described_as_the_dataset_of_that_name():
    assert describe("fashion-sample").to_json() == describe(load_data("fashion-sample")).to_json()


def test_greys_are_of_the_pixels_alone_and_class_by_class(describe_arrays):
    found = describe_arrays([DARK, LIGHT, STEP], [0, 0, 1], [STEP, DARK], [0, 1])
    assert found.train.class_counts.tolist() == [2, 1]
    assert found.train.class_mean_grey.tolist() == [20.0, 50.0]
    assert found.train.class_sd_grey.tolist() == [10.0, 50.0]
    assert found.train.mean_grey == pytest.approx(30.0)
    assert found.test.class_mean_grey.tolist() == [50.0, 10.0]
    assert found.train.class_histograms[0, [10, 30, 100]].tolist() == [16, 16, 0]
    assert found.train.class_histograms[1, [0, 100]].tolist() == [8, 8]


def test_class_means_are_pixel_by_pixel(describe_arrays):
    found = describe_arrays([DARK, STEP, LIGHT], [0, 0, 1], [STEP, DARK], [0, 1])
    assert found.train.class_means[0, 0, 0].tolist() == [5.0, 5.0, 55.0, 55.0]


def test_correlation_is_pearsons():
    flat = np.random.default_rng(0).random((5, 1, 4, 4))
    assert correlate(flat) == pytest.approx(np.corrcoef(flat.reshape(5, 16)))


def test_correlation_of_a_mean_of_one_grey_is_not_defined(describe_arrays):
    found = describe_arrays([STEP, 255 - STEP, DARK], [0, 1, 2], [STEP, STEP, STEP], [0, 1, 2])
    assert found.train.class_correlation[0, 1] == pytest.approx(-1)
    assert np.isnan(found.train.class_correlation[2]).all()
    assert found.correlation_difference[0, 1] == pytest.approx(2)
    values = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert values["train"]["class_correlation"][2] == [None, None, None]
    assert values["correlation_difference"][0][1] == pytest.approx(2)


def test_a_class_with_no_test_images_has_no_mean(describe_arrays):
    found = describe_arrays([STEP, LIGHT], [0, 1], [STEP], [0])
    assert found.test.class_counts.tolist() == [1, 0]
    assert np.isnan(found.test.class_mean_grey[1])
    assert found.to_json()["test"]["class_mean_grey"] == [50.0, None]


def test_duplicates_and_overlaps_are_given_by_index(describe_arrays):
    found = describe_arrays(
        [DARK, STEP, DARK, LIGHT, DARK], [0, 0, 1, 1, 0], [LIGHT, STEP.T, LIGHT, DARK], [0, 1, 1, 1]
    )
    assert found.train.duplicates == ((0, 2, 4),)
    assert found.test.duplicates == ((0, 2),)
    assert found.overlaps == (Overlap((0, 2, 4), (3,)), Overlap((3,), (0, 2)))
    assert found.to_json()["overlaps"][1] == {"train": [3], "test": [0, 2], "validation": []}


def test_nulls_and_nans_are_counted_where_the_format_can_hold_them(write):
    csv = describe(load_data(write("csv")))
    assert (csv.nulls, csv.nans) == (0, 0)


def test_nulls_and_nans_are_none_where_it_cannot(write):
    folder = describe(load_data(write("folder")))
    assert (folder.nulls, folder.nans) == (None, None)


def test_fashion_mnist_is_as_published(fashion_mnist):
    found = describe(fashion_mnist)
    assert found.release == "Fashion-MNIST, IDX release of 2017-08"
    assert found.train.class_counts.tolist() == [6000] * 10
    assert found.test.class_counts.tolist() == [1000] * 10
    assert (found.train.duplicates, found.test.duplicates, found.overlaps) == ((), (), ())
    assert found.train.mean_grey / 255 == pytest.approx(0.2860, abs=5e-5)
    assert found.train.sd_grey / 255 == pytest.approx(0.3530, abs=5e-5)
    assert found.class_names[6] == "Shirt"
    assert found.train.class_mean_grey.argmin() == found.class_names.index("Sandal")
    assert found.train.class_mean_grey.argmax() == found.class_names.index("Coat")


def test_one_picture_under_two_classes_is_told_by_its_places(tmp_path):
    pixels = np.arange(8 * 16, dtype=np.uint8).reshape(8, 4, 4)
    pixels[5], pixels[7] = pixels[0], pixels[1]
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    np.savez(
        tmp_path / "a.npz", train_x=pixels, train_y=labels, test_x=pixels[:1], test_y=labels[:1]
    )
    found = describe(load_data(tmp_path / "a.npz"))
    # The second pair stands under one class.
    assert found.conflicts == (Conflict((("train", 0, 0), ("train", 5, 1), ("test", 0, 0))),)
    told = found.to_json()["conflicts"]
    assert told[0][1] == {"part": "train", "image": "image 5", "index": 5, "class": "1"}
    assert found.to_json()["train"]["duplicate_images"] == [
        ["image 0", "image 5"],
        ["image 1", "image 7"],
    ]


def test_a_held_out_part_is_described_apart_and_compared(tmp_path):
    for part, numbers in (("train", range(12)), ("val", range(10, 14)), ("test", (13, 20, 21))):
        for number in numbers:
            file = tmp_path / part / "ab"[number % 2] / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            noise = np.random.default_rng(number).integers(0, 256, (6, 6), dtype=np.uint8)
            Image.fromarray(noise).save(file)
    found = describe(load_data(tmp_path))
    assert [part.num_images for part in found.parts.values()] == [12, 4, 3]
    assert found.overlaps == (
        Overlap((1,), (), (0,)),
        Overlap((7,), (), (2,)),
        Overlap((), (1,), (3,)),
    )
    assert found.validation.called(3) == "val/b/13.png"
