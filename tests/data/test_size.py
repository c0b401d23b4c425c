"""How much data there is, known beforehand or read."""

import pytest

from toile.data import data_size, known_data_size, load_data, split_data
from toile.recipe import Data


@pytest.mark.parametrize("asked", [{}, {"size_px": 12}, {"colour": "rgb"}, {"folds": 7}])
def test_what_is_known_of_a_dataset_is_what_reading_it_gives(asked):
    settings = Data(name="fashion-sample", **asked)
    dataset = load_data(settings)
    extent = data_size(settings)
    assert extent == known_data_size(settings)
    assert (extent.shape, extent.classes) == (dataset.shape, len(dataset.class_names))
    assert extent.num_training == len(split_data(dataset.train, settings).train)


def test_nothing_is_known_of_what_is_to_be_read():
    assert known_data_size(Data(name="/some/folder")) is None
