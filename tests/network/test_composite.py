"""The residual block, the norm of one place and the constant factor, by hand."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from toile.network import ResidualBlock
from toile.network.composite import ChannelNorm, ScaleLayer

INPUTS = torch.tensor([[1.0, -2.0]])


def test_a_block_adds_its_branch_to_its_input():
    block = ResidualBlock(OrderedDict(relu1=nn.ReLU(), scale1=ScaleLayer(10.0)), OrderedDict())
    assert block(INPUTS).tolist() == [[11.0, -2.0]]


def test_a_shortcut_takes_the_inputs_place():
    block = ResidualBlock(OrderedDict(relu1=nn.ReLU()), OrderedDict(scale1=ScaleLayer(3.0)))
    assert block(INPUTS).tolist() == [[4.0, -6.0]]


def test_the_layers_of_a_branch_are_found_by_their_names():
    block = ResidualBlock(OrderedDict(relu1=nn.ReLU()), OrderedDict(scale1=ScaleLayer(3.0)))
    assert [name for name, _ in block.named_children()] == ["relu1", "shortcut"]
    assert isinstance(block.get_submodule("shortcut.scale1"), ScaleLayer)


def test_a_block_leaves_its_input_as_it_was():
    inputs = INPUTS.clone()
    ResidualBlock(OrderedDict(relu1=nn.ReLU()), OrderedDict())(inputs)
    assert torch.equal(inputs, INPUTS)


def test_each_place_is_brought_to_mean_0_and_sd_1_over_its_channels():
    # Channels 1 and 3 at one place, 10 and 10 at the other.
    images = torch.tensor([[[[1.0, 10.0]], [[3.0, 10.0]]]])
    outputs = ChannelNorm(2, eps=1e-12)(images)
    torch.testing.assert_close(outputs, torch.tensor([[[[-1.0, 0.0]], [[1.0, 0.0]]]]))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 5, 3)])
def test_the_norm_of_a_place_is_the_group_norm_of_its_channels_alone(shape):
    inputs = torch.rand(shape)
    norm = ChannelNorm(6)
    nn.init.uniform_(norm.weight)
    nn.init.uniform_(norm.bias)
    places = inputs.flatten(2).movedim(1, -1).reshape(-1, 6) if len(shape) == 4 else inputs
    expected = nn.functional.group_norm(places, 1, norm.weight, norm.bias)
    outputs = norm(inputs)
    assert outputs.shape == inputs.shape
    if len(shape) == 4:
        outputs = outputs.flatten(2).movedim(1, -1).reshape(-1, 6)
    torch.testing.assert_close(outputs, expected)
