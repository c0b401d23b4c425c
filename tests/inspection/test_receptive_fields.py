"""What one output sees of the picture."""

import pytest
import torch
from torch import nn

from tests.inspection.conftest import NETWORKS, network_of, noise
from toile.inspection import FieldSide, layer_names, receptive_field, watch, way_to
from toile.network import build_network
from toile.recipe import list_presets, plan_network, read_recipe, recipe_of


@pytest.mark.parametrize("preset", ["quick", "s0-cnn", "s2-first", "s3-example", "s4-two-layer"])
def test_sizes_are_those_of_the_plan(preset):
    assert preset in list_presets()
    plan = plan_network(read_recipe(preset).network, (1, 28, 28), 10)
    network = build_network(plan, 0)
    for layer in plan.walk():
        field = receptive_field(network, layer.name)
        if field is not None:
            assert min(field[0].size_px, 28) == layer.receptive_field_px, layer.name
            assert field[0].jump_px == layer.receptive_field.jump_px, layer.name


def positive(name: str) -> nn.Sequential:
    """The network of weights above 0, which lets all that is seen through."""
    network = network_of(NETWORKS[name])
    with torch.no_grad():
        for weight in network.state_dict().values():
            weight.copy_(weight.abs() + 1)
    return network


@pytest.mark.parametrize("name", ["plain", "strides", "residual"])
def test_the_pixels_seen_are_those_that_have_a_gradient(name):
    network = positive(name)
    for pool in (one for one in network.modules() if type(one).__name__ == "MaxPool2d"):
        # Of a window only the greatest has a gradient; a mean has one everywhere.
        pool.forward = lambda images: nn.functional.avg_pool2d(images, 2)
    for layer in layer_names(network):
        field = receptive_field(network, layer)
        if field is None:
            continue
        images = noise(1).requires_grad_()
        with watch(network, [layer], keep_graph=True) as seen:
            network(images)
        rows, columns = seen[layer].shape[2:]
        for place in ((0, 0), (rows - 1, columns - 1), (rows // 2, 0)):
            (gradient,) = torch.autograd.grad(
                seen[layer][0, :, place[0], place[1]].sum(), images, retain_graph=True
            )
            moved = gradient[0].abs().sum(0) > 0
            sides = zip(field, place, moved.shape, (moved.any(1), moved.any(0)), strict=True)
            for side, at, whole, moves in sides:
                first, end = side.bounds(at, whole)
                assert moves.nonzero()[0].item() == first, layer
                assert moves.nonzero()[-1].item() + 1 == end, layer


def test_two_convolutions_and_a_pool_by_hand():
    # 3 + (3 - 1) = 5 pixels, and a pool of two of those: 6, two apart, from one before the picture.
    network = network_of(
        [{"conv": {"filters": 2, "padding": 1}}, {"conv": 2}, {"maxpool": 2}, "flatten",
         {"dense": "classes"}], shape=(1, 8, 8),
    )  # fmt: skip
    rows, columns = receptive_field(network, "maxpool1")
    assert rows == columns == FieldSide(size_px=6, jump_px=2, first_px=-1)
    assert rows.bounds(0, 8) == (0, 5)
    assert rows.bounds(2, 8) == (3, 8)
    assert rows.middle(1) == 4
    assert receptive_field(network, "dense1") is None


def test_on_the_way_to_a_layer_around_a_block_lies_nothing_of_its_branch():
    network = network_of(NETWORKS["residual"])
    around = [name for name, _ in way_to(network, "residual1.shortcut.conv1")]
    assert around == ["conv1", "relu1", "residual1.shortcut.conv1"]
    branch = [name for name, _ in way_to(network, "residual1.batchnorm1")]
    assert branch == ["conv1", "relu1", "residual1.conv1", "residual1.batchnorm1"]
    whole = [name for name, _ in way_to(network, "relu2")]
    assert whole == [*branch, "residual1.relu1", "residual1.shortcut.conv1", "relu2"]


def test_a_shortcut_without_layers_adds_nothing_to_the_way():
    network = build_network(
        plan_network(
            recipe_of(
                {"network": [
                    {"residual": [{"conv": {"filters": 2, "padding": "same"}}]}, "flatten",
                    {"dense": "classes"},
                ]}
            ).network,
            (2, 6, 6),
            3,
        ),
        0,
    )  # fmt: skip
    assert [name for name, _ in way_to(network, "residual1")] == ["residual1.conv1"]
    assert receptive_field(network, "residual1")[0] == FieldSide(3, 1, -1)
