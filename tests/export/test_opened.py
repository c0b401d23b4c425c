import numpy as np
import pytest
import torch

from toile.export.opened import scaled
from toile.network import pixels_of


@pytest.mark.parametrize("scaling", ["unit", "standard"])
def test_pictures_are_scaled_to_the_bits_they_had_in_training(make_trained, make_noise, scaling):
    shape = (3, 9, 7)
    facts = make_trained(["flatten", {"dense": "classes"}], shape, scaling).about.data
    pixels = make_noise(20, shape)
    by_torch = pixels_of(scaling, facts.mean, facts.sd).scaled(torch.from_numpy(pixels))
    np.testing.assert_array_equal(scaled(pixels, facts), by_torch.numpy())
