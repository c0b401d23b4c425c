import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from tests.inspection.test_surgery import RESIDUAL, arrays, logits, plan_of, rebuilt
from toile.inspection import ChannelSpaces, cut_channels, rank_channels

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0])


def batches(images):
    return [(images[:4], LABELS[:4]), (images[4:], LABELS[4:])]


@pytest.mark.parametrize("entries", [NETWORKS["plain"], NETWORKS["dense"], RESIDUAL])
def test_a_channel_is_worth_the_loss_that_rises_when_it_is_cut(entries):
    plan, network, images = plan_of(entries), network_of(entries), noise(7)
    spaces = ChannelSpaces(plan).cuttable()
    with left_as_it_was(network):
        ranked = rank_channels(network, spaces, batches(images))
    whole = F.cross_entropy(logits(network, images), LABELS)
    for space, worth in zip(spaces, ranked, strict=True):
        for channel, rise in enumerate(worth.rise):
            cut = cut_channels(plan, arrays(network), {worth.layer: [channel]})
            without = F.cross_entropy(logits(rebuilt(plan, cut)[1], images), LABELS)
            assert rise == pytest.approx(float(without - whole), abs=2e-5)
        weight = network.get_submodule(space.writers[0]).weight
        assert worth.norm[0] == pytest.approx(float(weight[0].detach().norm()))


def test_taylor_is_the_slope_of_the_loss_in_how_much_of_a_channel_is_left():
    entries = NETWORKS["plain"]
    network, images = network_of(entries), noise(7)
    space = ChannelSpaces(plan_of(entries)).of("conv1")
    (worth,) = rank_channels(network, [space], batches(images))
    left = torch.ones(7, 4, requires_grad=True)
    inputs = network.maxpool1(network.relu1(network.conv1(images))) * left[:, :, None, None]
    for name in ("conv2", "relu2", "flatten1", "dense1", "relu3", "dense2"):
        inputs = network.get_submodule(name)(inputs)
    F.cross_entropy(inputs, LABELS, reduction="sum").backward()
    assert worth.taylor == pytest.approx(left.grad.abs().mean(0).numpy(), rel=1e-4)


@pytest.mark.parametrize("measure", ["norm", "taylor"])
def test_where_the_rise_is_not_asked_for_no_channel_is_silenced(measure, monkeypatch):
    plan, network, images = plan_of(NETWORKS["plain"]), network_of(NETWORKS["plain"]), noise(7)
    spaces = ChannelSpaces(plan).cuttable()
    expected = rank_channels(network, spaces, batches(images))
    monkeypatch.delattr("toile.inspection.ranking._rise")
    alone = rank_channels(network, spaces, batches(images), measures=(measure,))
    for worth, full in zip(alone, expected, strict=True):
        assert np.isnan(worth.rise).all()
        assert np.array_equal(getattr(worth, measure), getattr(full, measure))


def test_progress_counts_the_channels_of_all_layers():
    told = []
    plan, network = plan_of(NETWORKS["plain"]), network_of(NETWORKS["plain"])
    spaces = ChannelSpaces(plan).cuttable()
    rank_channels(network, spaces, batches(noise(7)), lambda *one: told.append(one))
    assert told[-1] == (4 + 6 + 6, 16)
    assert told == sorted(told)
