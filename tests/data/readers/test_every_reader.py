"""What every reader has to do: the same set in any format is the same dataset."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from toile.data import Images, load_data
from toile.data.fingerprint import identify
from toile.data.sealed import open_sealed


def test_pixels_labels_and_names_are_those_written(any_format: Callable, toy, tmp_path: Path):
    dataset = load_data(any_format(tmp_path / "toy", toy))
    test = open_sealed(dataset.test)
    assert dataset.shape == (1, 6, 6)
    assert np.array_equal(dataset.train.pixels[:, 0], toy.train_x)
    assert np.array_equal(dataset.train.labels, toy.train_y)
    assert np.array_equal(test.pixels[:, 0], toy.test_x)
    assert np.array_equal(test.labels, toy.test_y)
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.skipped == ()


def test_the_fingerprint_is_that_of_the_images_and_not_of_the_format(any_format, toy, tmp_path):
    train, test = Images(toy.train_x[:, None], toy.train_y), Images(toy.test_x[:, None], toy.test_y)
    assert load_data(any_format(tmp_path / "toy", toy)).identity == identify(train, test)


def test_arrays_are_bytes_in_one_block_and_may_be_written_to(any_format, toy, tmp_path):
    path = any_format(tmp_path / "toy", toy)
    for dataset in (load_data(path), load_data(path)):  # decoded, then from the cache
        pixels, labels = dataset.train.pixels, dataset.train.labels
        assert (pixels.dtype, labels.dtype) == (np.uint8, np.int64)
        assert type(pixels) is np.ndarray
        assert pixels.flags.c_contiguous
        pixels[0] = 0
    assert load_data(path).train.pixels[0].any()


def test_progress_never_runs_backwards(any_format, toy, tmp_path):
    told: list[tuple[str, int]] = []
    path = any_format(tmp_path / "toy", toy)
    load_data(path, progress=lambda done, total, what: told.append((what, done)))
    for what in {what for what, _ in told}:
        counts = [done for other, done in told if other == what]
        assert counts == sorted(counts)
