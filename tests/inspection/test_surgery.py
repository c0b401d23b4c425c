import numpy as np
import pytest
import torch

from tests.inspection.conftest import CLASSES, NETWORKS, SHAPE, network_of, noise
from toile.errors import ToileError
from toile.inspection import cut_channels, cut_dead, layer_of, run_census
from toile.inspection.channel_spaces import ChannelSpaces
from toile.network import single_view, trained_network
from toile.recipe import plan_network, recipe_of

PADDED = {"conv": {"filters": 5, "padding": "same"}}
CUT = {
    "valid": [{"conv": 4}, "relu", {"maxpool": 2}, {"conv": 5}, "relu", "flatten", {"dense": 3}],
    "norm in front": [
        {"conv": 4}, "batchnorm", "relu", {"dropout": 0.2}, PADDED, "relu", "flatten", {"dense": 3},
    ],
    "norm behind": [
        {"conv": 4}, "relu", "batchnorm", {"conv": {"filters": 5, "bias": False}}, "batchnorm",
        "relu", {"globalpool": "average"}, {"dense": 3},
    ],
    "flatten and dense norm": [
        {"conv": 4}, "relu", "flatten", "batchnorm", {"dense": 6}, "relu", {"dense": 3},
    ],
    "depthwise": [
        {"conv": 4}, "relu", {"conv": {"filters": 4, "groups": 4}}, "relu", {"conv": 3}, "tanh",
        "flatten", {"dense": 3},
    ],
    "views": ["views", {"conv": 4}, "relu", {"avgpool": 2}, {"conv": 5}, "flatten", {"dense": 3}],
}  # fmt: skip


def plan_of(entries, classes=CLASSES):
    return plan_network(recipe_of({"network": entries}).network, SHAPE, classes)


def arrays(network) -> dict[str, np.ndarray]:
    weights = single_view(network).state_dict()
    return {name: one.contiguous().numpy() for name, one in weights.items()}


def kill(network, layer: str, channels: list[int]) -> None:
    """Have the batch norm, convolution or dense layer `layer` give far below 0."""
    with torch.no_grad():
        layer_of(network, layer).bias[channels] = -1e4


def rebuilt(plan, cut):
    smaller = plan_network(cut.layers, plan.input, plan.classes)
    return smaller, trained_network(smaller, cut.weights)


def logits(network, images):
    with torch.no_grad():
        return network(images)


@pytest.mark.parametrize("entries", CUT.values(), ids=CUT)
def test_dead_channels_are_cut_and_the_logits_stay_as_they_were(entries):
    plan, network, images = plan_of(entries), network_of(entries), noise(50)
    kill(network, "batchnorm1" if entries[1] == "batchnorm" else "conv1", [0, 2])
    found = cut_dead(plan, arrays(network), run_census(network, [images]))
    assert found.cut.removed["conv1"] == [0, 2]
    assert not found.left
    smaller, cut = rebuilt(plan, found.cut)
    assert single_view(cut).conv1.weight.shape[0] == 2
    assert smaller.parameters < plan.parameters
    assert smaller.macs < plan.macs
    before, after = logits(network, images), logits(cut, images)
    assert (before - after).abs().max() < 1e-5 * before.abs().max()


def test_a_constant_that_a_norm_makes_of_a_dead_channel_is_left_before_a_padded_convolution():
    entries = [{"conv": 4}, "relu", "batchnorm", PADDED, "relu", "flatten", {"dense": 3}]
    plan, network = plan_of(entries), network_of(entries)
    kill(network, "conv1", [0, 2])
    with torch.no_grad():
        # 0 - mean + shift is 0 for one of them, which may go.
        network.batchnorm1.bias[2] = 0
        network.batchnorm1.running_mean[2] = 0
    found = cut_dead(plan, arrays(network), run_census(network, [noise(20)]))
    assert found.cut.removed["conv1"] == [2]
    (why,) = found.left
    assert "channel 0 of conv1 cannot be cut" in why
    assert "conv2 reads it, which pads with zeros" in why


RESIDUAL = [
    {"conv": {"filters": 4, "padding": "same"}}, "relu",
    {"residual": [
        {"conv": {"filters": 6, "padding": "same"}}, "relu", {"conv": {"filters": 4, "padding": 1}},
    ]},
    "relu", {"globalpool": "average"}, {"dense": "classes"},
]  # fmt: skip


def test_a_residual_sum_is_cut_on_both_its_sides():
    plan, network, images = plan_of(RESIDUAL), network_of(RESIDUAL), noise(50)
    for layer in ("conv1", "residual1.conv2"):
        kill(network, layer, [1])
    kill(network, "residual1.conv1", [0, 5])
    found = cut_dead(plan, arrays(network), run_census(network, [images]))
    assert found.cut.removed == {
        "conv1": [1], "residual1.conv2": [1], "residual1.conv1": [0, 5],
    }  # fmt: skip
    _, cut = rebuilt(plan, found.cut)
    before, after = logits(network, images), logits(cut, images)
    assert (before - after).abs().max() < 1e-5 * before.abs().max()


def test_what_lives_on_one_side_of_a_sum_is_not_cut_as_dead():
    plan, network, images = plan_of(RESIDUAL), network_of(RESIDUAL), noise(50)
    # Dead behind the sum alone: before it the branch reads what conv1 gives.
    kill(network, "residual1.conv2", [1])
    with torch.no_grad():
        network.conv1.bias[1] = 5
    found = cut_dead(plan, arrays(network), run_census(network, [images]))
    assert found.cut.removed.get("conv1", []) == []
    assert any("residual1.conv1 reads it" in why for why in found.left)


@pytest.mark.parametrize("name", ["plain", "dense", "strides", "residual", "views", "smooth"])
def test_a_cut_channel_counts_as_zero_where_it_is_read(name):
    entries = NETWORKS[name]
    plan, network, images = plan_of(entries), network_of(entries), noise(6)
    for space in ChannelSpaces(plan).cuttable():
        channel = space.channels - 1
        cut = cut_channels(plan, arrays(network), {space.writers[0]: [channel]})
        assert set(cut.removed) == set(space.writers)
        _, smaller = rebuilt(plan, cut)
        weights = single_view(network).state_dict()
        silenced = {name: one.clone() for name, one in weights.items()}
        for reader in space.readers:
            weight = silenced[f"{reader.layer}.weight"]
            weight[:, channel * reader.positions : (channel + 1) * reader.positions] = 0
        expected = trained_network(plan, {name: one.numpy() for name, one in silenced.items()})
        torch.testing.assert_close(logits(smaller, images), logits(expected, images))


@pytest.mark.parametrize(
    ("name", "cuts", "said"),
    [
        ("plain", {"conv3": [0]}, "did you mean conv"),
        ("plain", {"conv1": [4]}, "conv1 has no channel 4; it has 4, from 0 to 3"),
        ("plain", {"conv1": [0, 1, 2, 3]}, "all 4 channels of conv1 would be cut"),
        ("plain", {"dense2": [0]}, "they are the classes"),
        ("groups", {"conv1": [0]}, "conv1 needs 2 groups of equal size"),
        ("groups", {"conv2": [0]}, "conv2 needs 4 groups of equal size"),
        ("smooth", {"conv2": [0]}, "layernorm1 computes mean and SD over several of them"),
    ],
)
def test_what_cannot_be_cut_is_refused_with_the_reason(name, cuts, said):
    plan, network = plan_of(NETWORKS[name]), network_of(NETWORKS[name])
    with pytest.raises(ToileError, match=said):
        cut_channels(plan, arrays(network), cuts)
