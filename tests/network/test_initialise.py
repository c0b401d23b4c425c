"""First weights: distributions by Keras's definitions, and each layer's own stream."""

import math
from typing import Any, get_args

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from toile.network import build_network
from toile.network.initialise import fill, initialise
from toile.recipe import layers, plan_network, recipe_of

# 128 channels in, 64 filters of 3 x 3: numbers into one output, outputs of one input.
FAN_IN, FAN_OUT = 128 * 9, 64 * 9
VARIANCES = {"glorot": 2 / (FAN_IN + FAN_OUT), "he": 2 / FAN_IN, "lecun": 1 / FAN_IN}


def filled(init: str, shape: tuple[int, ...], groups: int = 1) -> Tensor:
    weight = torch.full(shape, torch.nan)
    fill(weight, init, torch.Generator().manual_seed(1), groups)
    return weight


def first_weights(entries: list[Any], seed: int = 0) -> dict[str, Tensor]:
    network = recipe_of({"network": entries}).network
    return build_network(plan_network(network, (1, 8, 8), 10), seed).state_dict()


@pytest.mark.parametrize("scheme", VARIANCES)
def test_uniform_starts_fill_the_range_whose_variance_is_kerass(scheme: str):
    weight = filled(f"{scheme}_uniform", (64, 128, 3, 3)).flatten().double().numpy()
    bound = math.sqrt(3 * VARIANCES[scheme])
    assert stats.kstest(weight, stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.001
    assert 0.999 * bound < abs(weight).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("scheme", VARIANCES)
def test_normal_starts_are_cut_off_at_two_sd_and_keep_the_variance(scheme: str):
    weight = filled(f"{scheme}_normal", (64, 128, 3, 3)).flatten().double().numpy()
    sd = math.sqrt(VARIANCES[scheme])
    cut = stats.truncnorm(-2, 2)
    underlying = sd / cut.std()
    assert weight.std() == pytest.approx(sd, rel=0.01)
    assert 1.99 * underlying < abs(weight).max() <= 2 * underlying * (1 + 1e-6)
    assert stats.kstest(weight / underlying, cut.cdf).pvalue > 0.001


def test_a_dense_layers_fans_are_its_features_and_units():
    weight = filled("glorot_uniform", (300, 100))
    assert float(weight.abs().max()) == pytest.approx(math.sqrt(6 / 400), rel=1e-3)


def test_an_orthogonal_start_has_orthonormal_rows_or_columns():
    rows = filled("orthogonal", (16, 8, 3, 3)).flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(16), atol=1e-5, rtol=0)
    tall = filled("orthogonal", (30, 10))
    torch.testing.assert_close(tall.T @ tall, torch.eye(10), atol=1e-5, rtol=0)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_dirac_start_hands_its_input_on(groups: int):
    images = torch.rand(2, 4, 5, 5)
    weight = filled("dirac", (4, 4 // groups, 3, 3), groups)
    assert torch.equal(nn.functional.conv2d(images, weight, padding=1, groups=groups), images)
    assert torch.equal(filled("dirac", (3, 3)), torch.eye(3))


def test_zeros_are_zeros():
    assert filled("zeros", (4, 4)).eq(0).all()


def test_pytorchs_start_is_pytorchs_biases_included():
    module = nn.Linear(400, 4000)
    theirs = module.weight.detach().flatten()[:100_000].numpy().copy()
    their_biases = module.bias.detach().numpy().copy()
    initialise(module, "pytorch", "dense1", seed=0)
    ours = module.weight.detach().flatten()[:100_000].numpy()
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001
    assert stats.ks_2samp(module.bias.detach().numpy(), their_biases).pvalue > 0.001


@pytest.mark.parametrize("init", get_args(layers.Initialiser))
def test_every_initialiser_fills_every_number_and_the_biases_with_zero(init: str):
    for module in (nn.Conv2d(4, 8, 3, groups=2), nn.Linear(12, 6)):
        with torch.no_grad():
            module.weight.fill_(torch.nan)
            module.bias.fill_(torch.nan)
        initialise(module, init, "layer", seed=0)
        assert module.weight.isfinite().all()
        assert bool(module.bias.eq(0).all()) == (init != "pytorch")


def test_same_seed_same_bits_whatever_torchs_own_generator_did():
    entries = [{"conv": 4}, "relu", "flatten", {"dense": "classes"}]
    torch.manual_seed(1)
    first = first_weights(entries)
    torch.manual_seed(2)
    again = first_weights(entries)
    assert all(torch.equal(first[name], again[name]) for name in first)
    other = first_weights(entries, seed=1)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_a_layer_added_leaves_the_first_weights_of_the_others():
    padded = {"conv": {"filters": 4, "padding": "same"}}
    plain = first_weights([padded, padded, "flatten", {"dense": "classes"}])
    added = first_weights(
        [padded, {"residual": [padded]}, "relu", {"conv": {"filters": 4, "kernel": 1, "name": "x"}},
         {"conv": {"filters": 4, "padding": "same", "name": "conv2"}}, "flatten",
         {"dense": "classes"}]
    )  # fmt: skip
    for name in ("conv1.weight", "conv2.weight", "dense1.weight"):
        assert torch.equal(plain[name], added[name])


def test_two_layers_of_one_shape_start_differently():
    padded = {"conv": {"filters": 1, "padding": "same"}}
    weights = first_weights([padded, {"residual": [padded]}, "flatten", {"dense": "classes"}])
    assert not torch.equal(weights["conv1.weight"], weights["residual1.conv1.weight"])
