"""Facts of two kinds of training images: garments light on black, and noise up to the edges."""

import numpy as np
import pytest
from jaxtyping import UInt8

from toile.data import DataFacts, Images, data_facts, load_data, pixel_statistics, split_data
from toile.recipe import Data


def facts_of(**settings) -> tuple[DataFacts, Images]:
    """The facts of a dataset and its validation images."""
    dataset = load_data(Data(**settings))
    split = split_data(dataset.train, Data(**settings))
    return data_facts(dataset, split, pixel_statistics(split.train), Data()), split.validation


@pytest.fixture(scope="session")
def fashion() -> tuple[DataFacts, UInt8[np.ndarray, "n c h w"]]:
    """The facts of the sample in the package, and twelve images that were not trained on."""
    facts, validation = facts_of(name="fashion-sample")
    return facts, validation.pixels[:12]


@pytest.fixture(scope="session")
def facts(fashion) -> DataFacts:
    """The facts of the sample in the package."""
    return fashion[0]


@pytest.fixture(scope="session")
def garments(fashion) -> UInt8[np.ndarray, "n c h w"]:
    """Twelve garments that were not trained on."""
    return fashion[1]


@pytest.fixture(scope="session")
def photograph_facts(tmp_path_factory) -> DataFacts:
    """The facts of colour pictures of 8 x 12 px that are noise up to their edges."""
    path = tmp_path_factory.mktemp("photographs") / "noise.npz"
    rng = np.random.default_rng(0)
    parts = {}
    for part, n in (("train", 40), ("test", 10)):
        parts[f"{part}_x"] = rng.integers(0, 256, (n, 8, 12, 3), dtype=np.uint8)
        parts[f"{part}_y"] = np.arange(n) % 2
    np.savez(path, **parts)
    return facts_of(name=str(path), validation=10)[0]
