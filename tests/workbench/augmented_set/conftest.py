"""Six hundred garments, and an augmented set of those that are learnt."""

from pathlib import Path

import pytest

import toile
from toile.data import AugmentedSet, Dataset, load_data, split_data
from toile.recipe import Data

SHIFTED = {"augmentation.shift": 1}


@pytest.fixture(scope="session")
def garments(few_garments) -> Dataset:
    """600 training pictures, of which 120 are held out, and 100 for testing."""
    return load_data(few_garments)


@pytest.fixture(scope="session")
def written(garments, tmp_path_factory) -> tuple[Path, AugmentedSet]:
    """900 variants of the 480 pictures that are learnt, and what the file says of them."""
    file = tmp_path_factory.mktemp("augmented") / "more.npz"
    settings = {**SHIFTED, "augmentation.noise": 0.1}
    return file, toile.augment_data(garments, file, 900, settings=settings)


@pytest.fixture(scope="session")
def file(written) -> Path:
    return written[0]


@pytest.fixture(scope="session")
def augmented(file) -> Dataset:
    return load_data(file)


@pytest.fixture(scope="session")
def parts(garments):
    """The parent's pictures that are learnt, and those held out."""
    return split_data(garments.train, Data())
