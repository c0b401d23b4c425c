"""A small fit to train."""

from collections.abc import Callable

import pytest

from toile.data import Split, pixel_statistics
from toile.recipe import plan_network, recipe_of, with_settings
from toile.training import Fit, begin, resolve

NETWORK = [
    {"conv": {"filters": 4, "padding": "same"}},
    "batchnorm",
    "relu",
    {"maxpool": 2},
    {"dropout": 0.3},
    "flatten",
    {"dense": 6},
    "relu",
    {"dense": "classes"},
]
TRAINING = {
    "batch_size": 10,
    "epochs": 2,
    "threads": 1,
    "precision": "float32",
    "device": "cpu",
    "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
}


@pytest.fixture
def make_fit(split: Split) -> Callable[..., Fit]:
    """A fit of a small network with the given addresses set."""

    def make(weights=None, **settings: object) -> Fit:
        values = {address.replace("__", "."): value for address, value in settings.items()}
        recipe = with_settings(recipe_of({"network": NETWORK, "training": TRAINING}), values)
        plan = plan_network(recipe.network, split.train.shape, 3)
        return begin(resolve(recipe, plan), plan, split, pixel_statistics(split.train), weights)

    return make
