"""Arrays of the very form of the training images."""

import numpy as np
import pytest
import torch

from toile.data import DataFacts
from toile.prediction.pictures import pixels_in


@pytest.mark.filterwarnings("error")
def test_arrays_that_torch_does_not_take_are_copied(facts: DataFacts) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *facts.shape), dtype=np.uint8)
    locked = images.copy()
    locked.flags.writeable = False
    for array in (images[::-1], images[..., ::-1], locked):
        pixels = pixels_in(array, facts)
        assert np.array_equal(torch.from_numpy(pixels).numpy(), array)
