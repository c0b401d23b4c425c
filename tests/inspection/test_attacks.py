"""Attacks: worked by hand on a network of one layer, and never further than asked."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.inspection.conftest import CLASSES, NETWORKS, SHAPE, left_as_it_was, network_of
from toile.errors import ToileError
from toile.inspection import ATTACKS, attack
from toile.network import Pixels

PIXELS = Pixels((0.2, 0.4), (0.5, 0.25))
LABELS = np.array([0, 1, 2, 1])


def pictures(n: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *SHAPE), np.uint8)


def linear() -> nn.Sequential:
    return network_of(["flatten", {"dense": "classes"}])


def losses(network: nn.Module, images: np.ndarray) -> np.ndarray:
    inputs = PIXELS.standard(torch.from_numpy(images).float() / 255)
    return nn.functional.cross_entropy(
        network(inputs), torch.from_numpy(LABELS), reduction="none"
    ).detach().numpy()  # fmt: skip


def test_fgsm_steps_by_the_sign_of_the_gradient_worked_by_hand():
    network, images = linear(), pictures()
    with left_as_it_was(network):
        found = attack(network, images, LABELS, "fgsm", 4, PIXELS)
    weights = network.dense1.weight.detach().double().numpy()
    sd = np.repeat(PIXELS.sd, SHAPE[1] * SHAPE[2])
    mean = np.repeat(PIXELS.mean, SHAPE[1] * SHAPE[2])
    x = (images.reshape(4, -1) / 255 - mean) / sd
    logits = x @ weights.T + network.dense1.bias.detach().double().numpy()
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    # Cross-entropy's gradient: (p - onehot) W, and each input is a grey over 255 sd.
    gradient = (p - np.eye(CLASSES)[LABELS]) @ weights / sd
    expected = np.clip(images.reshape(4, -1) + 4 * np.sign(gradient), 0, 255)
    np.testing.assert_allclose(found.pictures.reshape(4, -1), expected, atol=1e-3)


@pytest.mark.parametrize("method", ATTACKS)
@pytest.mark.parametrize("eps", [1, 8])
def test_no_grey_moves_further_than_eps_nor_out_of_its_range(network, method, eps):
    images = pictures()
    with left_as_it_was(network):
        found = attack(network, images, LABELS, method, eps, PIXELS)
    moved = np.abs(found.pictures - images)
    assert moved.max() == pytest.approx(eps, abs=1e-3)
    assert found.pictures.min() >= 0
    assert found.pictures.max() <= 255.001
    inputs = PIXELS.standard(torch.from_numpy(found.pictures) / 255)
    with torch.no_grad():
        torch.testing.assert_close(
            torch.from_numpy(found.logits), network(inputs), atol=1e-4, rtol=0
        )


@pytest.mark.parametrize("method", ATTACKS)
def test_it_raises_the_loss_of_every_picture(method):
    network, images = linear(), pictures()
    found = attack(network, images, LABELS, method, 2, PIXELS)
    assert (losses(network, found.pictures) > losses(network, images)).all()


def test_where_the_network_is_sure_a_tiny_gradient_still_counts():
    # A logit 60 above the others: the gradient is some 1e-26, and has its sign.
    network, images = linear(), pictures()
    with torch.no_grad():
        network.dense1.bias[1] += 60
    found = attack(network, images, np.ones(4, np.int64), "fgsm", 4, PIXELS)
    changeable = (images >= 4) & (images <= 251)
    np.testing.assert_allclose(np.abs(found.pictures - images)[changeable], 4, atol=1e-3)


def test_the_same_seed_gives_the_same_bits_and_torchs_own_stream_goes_on():
    network, images = network_of(NETWORKS["dense"]), pictures()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = [attack(network, images, LABELS, "pgd", 8, PIXELS, seed).pictures for seed in (3, 3, 4)]
    np.testing.assert_array_equal(found[0], found[1])
    assert (found[0] != found[2]).any()
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


class Counting(nn.Module):
    """How many pixels are over 0 in each half: nothing that a gradient can follow."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        halves = images.flatten(1).chunk(CLASSES, 1)
        return torch.stack([(half > 0).sum(1).float() for half in halves], 1)


def test_a_network_without_a_gradient_is_refused_by_name():
    with pytest.raises(ToileError, match="the logits of Counting have no gradient"):
        attack(Counting(), pictures(), LABELS, "fgsm", 4, PIXELS)


def test_an_attack_that_is_not_there_is_refused():
    with pytest.raises(ToileError, match=r"attack is fgms; .*did you mean fgsm\?$"):
        attack(linear(), pictures(), LABELS, "fgms", 4, PIXELS)
