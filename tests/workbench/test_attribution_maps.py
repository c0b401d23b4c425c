"""The checks of a map as JSON has them."""

import json

import numpy as np
import torch

from tests.inspection.conftest import NETWORKS, network_of, noise
from toile.inspection import randomisation_test, removal_curves
from toile.workbench.inside.attribution_maps import _checked


def test_a_check_with_nothing_to_compare_is_null_and_says_so():
    network, images = network_of(NETWORKS["plain"]), noise(4)
    nothing = np.zeros((4, 9, 8), np.float32)
    curves = removal_curves(network, images[0], nothing[0], 0, torch.zeros(2))
    test = randomisation_test(network, images, lambda _: nothing)
    record = json.loads(json.dumps(_checked(curves, test), allow_nan=False))["randomisation"]
    assert [record[name] for name in ("tells", "similarity", "low", "high")] == [None] * 4
    assert (record["pairs"], record["compared"]) == (20, 0)
    assert (record["constant"], record["random_constant"]) == (4, 20)
    assert record["sentence"].startswith("cannot be checked against random networks: 4 of 4 maps")
