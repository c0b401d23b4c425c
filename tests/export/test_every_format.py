"""What every exporter must do, for every kind of layer."""

import numpy as np
import pytest

from toile.errors import ToileError
from toile.export.build import build_file
from toile.export.formats import SUFFIXES
from toile.export.proof import TOLERANCE, prove


@pytest.fixture(params=SUFFIXES)
def to(request: pytest.FixtureRequest) -> str:
    """Each format in turn."""
    return request.param


def proven_of(to, trained, pixels):
    return prove(build_file(to, trained), pixels, trained.model.logits(pixels))


def test_every_layer_answers_as_in_torch(trained, to, make_noise):
    parity = proven_of(to, trained, make_noise(7)).about.parity
    assert parity.max_difference < TOLERANCE / 4
    assert (parity.images, parity.agreement) == (7, 1.0)


def test_a_file_says_where_it_comes_from_and_the_proof_is_inside(to, make_trained, make_noise):
    trained = make_trained(["flatten", {"dense": "classes"}])
    file = build_file(to, trained)
    proven = prove(file, make_noise(5), trained.model.logits(make_noise(5)))
    inside = file.open(proven.content).about
    assert inside == proven.about
    assert inside.plan == trained.about.plan
    assert inside.data == trained.about.data
    assert inside.parity.runtime
    assert "(pixels / 255 - mean) / sd" in inside.input


def test_the_same_network_gives_the_same_bytes(to, make_trained, make_noise):
    layers = [{"conv": 3}, "batchnorm", "silu", "flatten", {"dense": "classes"}]
    first, second = (proven_of(to, make_trained(layers), make_noise(3)) for _ in range(2))
    assert first.content == second.content


def test_one_picture_is_answered_as_among_many(to, make_trained, make_noise):
    trained = make_trained([{"conv": 3}, {"avgpool": {"padding": "same"}}, "globalpool",
                            {"dense": "classes"}])  # fmt: skip
    opened = build_file(to, trained).open(proven_of(to, trained, make_noise(3)).content)
    many = opened.logits(make_noise(23))
    assert many.shape == (23, 10)
    assert many.dtype == np.float32
    np.testing.assert_allclose(opened.logits(make_noise(23)[5:6]), many[5:6], atol=1e-5)
    np.testing.assert_allclose(opened.probabilities(make_noise(23)).sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("scaling", ["unit", "standard"])
def test_pictures_in_colour_are_scaled_as_in_training(to, make_trained, make_noise, scaling):
    shape = (3, 6, 5)
    trained = make_trained([{"conv": 4}, "flatten", {"dense": "classes"}], shape, scaling)
    parity = proven_of(to, trained, make_noise(6, shape)).about.parity
    assert parity.max_difference < 1e-5


@pytest.mark.parametrize("kept", [0, 0.3, 0.999])
def test_a_file_cut_short_is_refused_with_a_sentence(to, make_trained, make_noise, kept):
    trained = make_trained([{"conv": 3}, "flatten", {"dense": "classes"}])
    file = build_file(to, trained)
    whole = prove(file, make_noise(3), trained.model.logits(make_noise(3))).content
    with pytest.raises(ToileError):
        file.open(whole[: round(kept * len(whole)) if isinstance(kept, float) else kept])
