"""The arithmetic of one number, by hand and against what the network gives."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import layer_names, layer_of, pixel, watch
from toile.network import single_view


def test_a_corner_of_a_three_by_three_by_hand():
    network = network_of(
        [{"conv": {"filters": 1, "padding": 1}}, "relu", "flatten", {"dense": "classes"}],
        shape=(1, 3, 3),
    )
    with torch.no_grad():
        network.conv1.weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
        network.conv1.bias.fill_(-60)
    image = torch.arange(1.0, 10).view(1, 3, 3)
    corner = pixel(network, image, "conv1", 0, (0, 0))
    assert corner.window.tolist() == [[[0, 0, 0], [0, 1, 2], [0, 4, 5]]]
    assert corner.inside.tolist() == [[[False] * 3, [False, True, True], [False, True, True]]]
    assert corner.products.tolist() == [[[0, 0, 0], [0, 4, 10], [0, 28, 40]]]
    assert corner.total == corner.output == 82 - 60
    assert corner.then == (("relu1", 22.0),)
    # The middle of the picture where no place is said: 0 1 + 1 2 + ... + 8 9 = 240.
    assert pixel(network, image, "conv1", 0).total == 240 - 60


def test_the_sums_of_every_layer_are_what_it_gives():
    for name, entries in NETWORKS.items():
        network = network_of(entries)
        image = noise(1)[0]
        names = layer_names(network)
        looked = single_view(network)
        with watch(looked, names) as seen:
            looked(image[None])
        summing = [
            one for one in names if isinstance(layer_of(network, one), nn.Conv2d | nn.Linear)
        ]
        for layer in summing:
            outputs = seen[layer][0].numpy()
            last = tuple(side - 1 for side in outputs.shape[1:])
            corners = [(0, 0), last] if last else []
            for place in [None, *corners]:
                for channel in range(len(outputs)):
                    with left_as_it_was(network):
                        found = pixel(network, image, layer, channel, place)
                    index = (channel,) if found.position is None else (channel, *found.position)
                    largest = max(1.0, float(np.abs(outputs).max()))
                    assert found.output == pytest.approx(outputs[index], abs=1e-6 * largest), name
                    assert found.total == pytest.approx(found.output, abs=1e-5 * largest), layer
                    for behind, value in found.then:
                        assert value == pytest.approx(seen[behind][0].numpy()[index], abs=1e-5)


def test_what_follows_a_convolution_inside_a_block_is_named():
    network = network_of(NETWORKS["residual"])
    found = pixel(network, noise(1)[0], "residual1.conv1", 2)
    assert [name for name, _ in found.then] == ["residual1.batchnorm1", "residual1.relu1"]
    around = pixel(network, noise(1)[0], "residual1.shortcut.conv1", 2)
    assert around.then == ()


def test_a_filter_of_a_group_sees_its_own_channels_alone():
    network = network_of(NETWORKS["groups"])
    found = pixel(network, noise(1)[0], "conv2", 5)
    # Eight filters in four groups: filter 5 is of the third, which sees channel 2.
    assert found.first_channel == 2
    assert found.window.shape == (1, 3, 3)


def test_what_is_no_weighted_sum_and_places_that_are_not_there_are_refused():
    network, image = network_of(NETWORKS["plain"]), noise(1)[0]
    with pytest.raises(
        ToileError, match="relu1 computes no weighted sum; name one of conv1, conv2, dense"
    ):
        pixel(network, image, "relu1", 0)
    with pytest.raises(
        ToileError, match="conv1 has no position 7,0; its maps are 7 x 6, from 0,0 to 6,5"
    ):
        pixel(network, image, "conv1", 0, (7, 0))
    with pytest.raises(ToileError, match="dense1 is a dense layer, whose outputs have no row"):
        pixel(network, image, "dense1", 0, (0, 0))
    with pytest.raises(ToileError, match="conv1 has no channel 4; it has 4, from 0 to 3"):
        pixel(network, image, "conv1", 4)


@pytest.mark.filterwarnings("ignore:Using padding")
@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Conv2d(2, 3, (3, 2), stride=2, padding=(1, 0)),
        lambda: nn.Conv2d(2, 3, 3, dilation=2, padding=2),
        lambda: nn.Conv2d(2, 4, 4, padding="same", groups=2),
    ],
)
def test_the_sums_of_torchs_own_convolution_are_what_it_gives_before_an_in_place_relu(layer):
    network = nn.Sequential(layer(), nn.ReLU(inplace=True))
    for position in ((0, 0), (3, 2)):
        result = pixel(network, noise(1)[0], "0", 1, position)
        assert result.total == pytest.approx(result.output, abs=1e-5)
        assert result.output == network[0](noise(1))[0, 1, position[0], position[1]].item()
        assert result.then == (("1", max(result.output, 0.0)),)


def test_a_convolution_that_pads_with_the_picture_itself_is_refused():
    network = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"))
    with pytest.raises(ToileError, match="0 pads its inputs with padding_mode reflect"):
        pixel(network, noise(1)[0], "0", 1)
