import math
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.inspection import explain_dead, layer_of, run_census
from toile.inspection.correlation import ChannelCorrelation
from toile.inspection.firing import firing_of


def dense(weights: list[list[float]], biases: list[float], activation=nn.ReLU) -> nn.Sequential:
    layer = nn.Linear(len(weights[0]), len(weights))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weights))
        layer.bias.copy_(torch.tensor(biases))
    parts = {"flatten1": nn.Flatten(), "dense1": layer, "act1": activation()}
    return nn.Sequential(OrderedDict(parts))


# One pixel of 0, 1, ... 999, and last of 2000.
RAMP = torch.cat([torch.arange(1999.0), torch.tensor([5000.0])]).reshape(-1, 1, 1, 1)


def test_units_that_never_fire_rarely_and_always_are_counted_by_hand():
    # Inputs x - 5001, x - 1998.5, x + 1, 1000 - x: on none, one, all and half of 2,000 images.
    network = dense([[1.0], [1.0], [1.0], [-1.0]], [-5001, -1998.5, 1, 1000])
    (layer,) = run_census(network, RAMP.split(300)).layers
    assert layer.fired.tolist() == [0, 1, 2000, 1000]
    assert (layer.never, layer.rarely, layer.always, layer.saturated) == (1, 1, 1, 0)
    assert layer.greatest.tolist() == [-1, 3001.5, 5001, 1000]
    assert layer.dead_channels == (0,)


def test_one_image_in_a_thousand_is_no_longer_rare():
    network = dense([[1.0], [1.0]], [-1998.5, -1997.5])
    (layer,) = run_census(network, [RAMP]).layers
    assert layer.fired.tolist() == [1, 2]
    assert layer.rarely == 1


def test_a_channel_is_dead_only_where_all_its_units_are():
    network = network_of(["relu", "flatten", {"dense": "classes"}], shape=(2, 1, 2), classes=2)
    images = torch.tensor([[[[-1.0, -2.0]], [[-1.0, 3.0]]]] * 3)
    census = run_census(network, [images])
    (layer,) = census.layers
    assert layer.fired.tolist() == [[[0, 0]], [[0, 3]]]
    assert (layer.channels, layer.units, layer.never) == (2, 4, 3)
    assert layer.dead_channels == (0,)
    assert census.dead_fraction == 0.75


def test_a_saturated_tanh_is_dead_and_a_leaky_relu_never_is():
    images = torch.ones(5, 1, 1, 1)
    (tanh,) = run_census(dense([[1.0], [1.0]], [-9, 0], nn.Tanh), [images]).layers
    assert (tanh.saturated, tanh.dead_channels) == (1, (0,))
    assert (tanh.never, tanh.always) == (1, 1)
    (leaky,) = run_census(dense([[1.0]], [-9], nn.LeakyReLU), [images]).layers
    assert (leaky.never, leaky.saturated, leaky.dead_channels) == (1, 0, ())


@pytest.mark.parametrize(
    "layer", [nn.ELU(), nn.ELU(0.5), nn.GELU(), nn.SiLU(), nn.Tanh(), nn.Sigmoid()]
)
def test_the_slope_is_a_hundredth_where_saturation_begins(layer):
    firing = firing_of(layer)
    for end, outwards in ((firing.low, -1), (firing.high, 1)):
        if math.isfinite(end):
            x = torch.tensor(
                [end - outwards * 1e-3, *(end + outwards * torch.arange(1e-3, 9, 0.1))]
            )
            x = x.double().requires_grad_()
            layer(x).sum().backward()
            assert abs(x.grad[0]) > 0.01
            assert (x.grad[1:].abs() < 0.01).all()


def test_an_independent_count_in_plain_torch_agrees(network):
    images = noise(40)
    census = run_census(network, images.split(7))
    network = network.eval()
    for layer in census.layers:
        kept = []
        handle = layer_of(network, layer.name).register_forward_pre_hook(
            lambda module, given, kept=kept: kept.append(given[0])
        )
        with torch.no_grad():
            network(images)
        handle.remove()
        # Of several views the first is the picture as it is.
        inputs = kept[0][:40]
        assert layer.fired.tolist() == (inputs > 0).sum(0).tolist()
        torch.testing.assert_close(torch.from_numpy(layer.greatest), inputs.amax(0))
    assert census.images == 40
    assert len(census.layers) >= 1


def test_a_census_leaves_the_network_as_it_was(network):
    network.train()
    with left_as_it_was(network):
        run_census(network, [noise(3)])


def test_twins_are_redundant_and_a_constant_channel_is_like_none():
    rng = np.random.default_rng(0)
    numbers = torch.from_numpy(rng.normal(size=(500, 4)).astype(np.float32)) + 1000
    numbers[:, 2] = 3 * numbers[:, 0] - 7
    numbers[:, 3] = 0.1
    summed = ChannelCorrelation()
    for part in numbers.split(130):
        summed.add(part)
    ((a, b, r),) = summed.pairs()
    assert (a, b) == (0, 2)
    assert r == pytest.approx(1, abs=1e-4)
    expected = np.corrcoef(numbers[:, :2].double().numpy().T)[0, 1]
    assert {(a, b): r for a, b, r in summed.pairs(-1.0)}[0, 1] == pytest.approx(expected, abs=1e-5)


def test_json_has_the_fields_of_the_promise():
    told = run_census(network_of(["relu", "flatten", {"dense": 3}]), [noise(2)]).to_json()
    assert list(told) == ["images", "layers", "dead_share"]
    assert list(told["layers"][0]) == [
        "name", "kind", "channels", "units", "never", "rarely", "always", "saturated",
        "dead_channels", "redundant",
    ]  # fmt: skip


def test_each_dead_unit_is_told_since_when():
    # Greatest inputs -5, -1, -2, 1: three dead units.
    network = dense([[1.0]] * 4, [-6, -2, -3, 0])
    census = run_census(network, [torch.ones(4, 1, 1, 1)])
    of = lambda *units: {"act1": np.array([unit in units for unit in range(4)])}  # noqa: E731
    # The first was dead at once, the second died in epoch 2 and came back, and died in 3; the
    # fourth died for a while only.
    (death,) = explain_dead(
        network, census, of(0), [(1, of(0, 3)), (2, of(0, 1, 2)), (3, of(0, 2))]
    )
    assert (death.dead, death.from_first, death.killed) == (3, 1, ((2, 1),))
    assert death.unknown == 1
    assert (death.nearest, death.median, death.bias) == (-1, -2, -3)
    whole = [(1, of(0)), (2, of(0, 1, 2)), (3, of(0, 2)), (4, of(0, 1, 2))]
    (death,) = explain_dead(network, census, of(0), whole)
    assert death.killed == ((2, 1), (4, 1))
    assert death.unknown == 0
    (death,) = explain_dead(network, census, of(0))
    assert death.unknown == 2


def test_units_whose_inputs_are_no_numbers_are_in_no_count():
    network = network_of(NETWORKS["plain"])
    with torch.no_grad():
        network.conv2.weight[0] = float("nan")
    conv1, conv2, dense = run_census(network, [noise(4)]).layers
    assert (conv1.not_numbers, conv2.not_numbers, dense.not_numbers) == (0, conv2.units // 6, 6)
    assert 0 not in conv2.dead_channels
    assert (dense.never, dense.rarely, dense.always, dense.dead.sum()) == (0, 0, 0, 0)
    assert dense.to_json()["not_numbers"] == 6
