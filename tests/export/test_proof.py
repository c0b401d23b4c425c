import numpy as np
import pytest

from toile.errors import ToileError
from toile.export.build import build_file
from toile.export.proof import prove

LAYERS = [{"conv": 3}, "relu", "flatten", {"dense": "classes"}]


@pytest.mark.parametrize("to", ["safetensors", "keras"])
def test_a_file_whose_answers_are_off_by_more_than_a_ten_thousandth_is_refused(
    to, make_trained, make_noise
):
    trained, pixels = make_trained(LAYERS), make_noise(6)
    reference = trained.model.logits(pixels)
    reference[4, 7] += 2e-4
    with pytest.raises(ToileError, match=r"by 0\.0002 on 6 .* at most 0\.0001 .* nothing"):
        prove(build_file(to, trained), pixels, reference)
    reference[4, 7] -= 1.5e-4
    assert prove(build_file(to, trained), pixels, reference).about.parity.max_difference > 4e-5


def test_probabilities_are_proven_beside_logits(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(6)
    file = build_file("keras", trained)
    file._layers[-1].config["activation"] = "sigmoid"
    with pytest.raises(ToileError, match="the export differs from the network"):
        prove(file, pixels, trained.model.logits(pixels))


def test_a_network_that_answers_nothing_but_nan_is_refused(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(3)
    trained.weights["dense1.bias"][:] = np.nan
    with pytest.raises(ToileError, match="by nan on"):
        prove(build_file("safetensors", trained), pixels, trained.model.logits(pixels))


def test_agreement_is_the_share_of_images_given_the_same_class(make_trained, make_noise):
    trained, pixels = make_trained(LAYERS), make_noise(8)
    weight, bias = trained.weights["dense1.weight"], trained.weights["dense1.bias"]
    weight[1], bias[:2] = weight[0], 9.0
    reference = trained.model.logits(pixels)
    # The first two are as high, and the first answers; a hair more for the second is its answer.
    reference[:3, 1] += 5e-5
    parity = prove(build_file("safetensors", trained), pixels, reference).about.parity
    assert (parity.images, parity.agreement) == (8, 5 / 8)


def test_small_logits_are_held_to_a_smaller_difference(make_trained, make_noise):
    trained, pixels = make_trained([*LAYERS, {"scale": 1e-5}]), make_noise(8)
    reference = trained.model.logits(pixels)
    prove(build_file("safetensors", trained), pixels, reference)
    with pytest.raises(ToileError, match="the export differs from the network"):
        prove(build_file("safetensors", trained), pixels, reference[::-1].copy())
