"""A small set of pictures without a test part, and a recipe that learns it in a moment."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from toile.recipe import Recipe, recipe_of

NETWORK = [{"conv": {"filters": 2, "kernel": 3}}, "relu", "flatten", {"dense": "classes"}]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pictures of two classes in a folder for each."""
    folder = tmp_path_factory.mktemp("data") / "pictures"
    rng = np.random.default_rng(0)
    for number in range(60):
        file = folder / ("dark", "light")[number % 2] / f"{number:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 128, (16, 16)) + 127 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(file)
    return folder


@pytest.fixture(scope="session")
def small(pictures: Path) -> Callable[..., Recipe]:
    """A recipe of the pictures, with settings of its data."""

    def recipe(epochs: int = 1, **data: object) -> Recipe:
        training = {"batch_size": 8, "epochs": epochs, "threads": 1, "precision": "float32"}
        where = {"name": str(pictures), "validation": 10, "size_px": 8}
        return recipe_of(
            {"name": "small", "data": where | data, "network": NETWORK, "training": training}
        )

    return recipe
