"""What one output sees of the picture."""

import pytest
import torch
from torch import nn

from tests.inspection.conftest import NETWORKS, network_of, noise
from toile.errors import ToileError
from toile.inspection import (
    FieldSide,
    attribute,
    layer_names,
    receptive_field,
    top_images,
    watch,
    way_to,
)
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


PLAIN = {
    "strides": lambda: nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)),
    "dilation": lambda: nn.Conv2d(2, 3, 3, dilation=2, padding=2),
    "same": lambda: nn.Conv2d(2, 3, 4, padding="same", dilation=(1, 2)),
    "valid": lambda: nn.Conv2d(2, 3, 2, padding="valid"),
    "block": lambda: nn.Sequential(nn.Conv2d(2, 3, 3, stride=2), nn.AvgPool2d(2, padding=1)),
}


@pytest.mark.filterwarnings("ignore:Using padding")
@pytest.mark.parametrize("name", PLAIN)
def test_the_fields_of_torchs_own_layers_are_those_that_have_a_gradient(name):
    network = nn.Sequential(PLAIN[name](), nn.PReLU(), nn.AvgPool2d(3, 1, padding=1))
    for weight in network.parameters():
        weight.data = weight.data.abs() + 1
    images = noise(1, (2, 15, 15)).requires_grad_()
    outputs = network(images)
    down, across = receptive_field(network, "2")
    for row, column in ((0, 0), (2, 3), (outputs.shape[2] - 1, outputs.shape[3] - 1)):
        (gradient,) = torch.autograd.grad(outputs[0, 0, row, column], images, retain_graph=True)
        moved = gradient[0].abs().sum(0) > 0
        for side, index, moves in ((down, row, moved.any(1)), (across, column, moved.any(0))):
            first, end = side.bounds(index, len(moves))
            assert (moves.nonzero()[0].item(), moves.nonzero()[-1].item() + 1) == (first, end)


def test_torchs_max_pool_by_hand_and_what_follows_a_global_pool():
    network = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1),
        nn.MaxPool2d(2, dilation=2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2),
    )  # fmt: skip
    assert receptive_field(network, "2") == (FieldSide(5, 2, -2),) * 2
    assert receptive_field(network, "3") == (FieldSide(9, 4, -2),) * 2
    assert receptive_field(network, "4") is None
    assert receptive_field(network, "6") is None


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (nn.Upsample(scale_factor=2), "1 is Upsample"),
        (nn.ConvTranspose2d(3, 3, 3), "1 is ConvTranspose2d"),
        (nn.AdaptiveAvgPool2d(4), "1 is AdaptiveAvgPool2d"),
        (nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"), "Conv2d with padding_mode circ"),
        (nn.Sequential(nn.ReLU(), nn.ZeroPad2d(1)), "1.1 is ZeroPad2d"),
    ],
)
def test_layers_of_which_it_is_not_known_what_they_see_are_refused_by_name(layer, said):
    network = nn.Sequential(nn.Conv2d(2, 3, 3), layer, nn.Flatten(), nn.LazyLinear(2))
    network(noise(1))
    with pytest.raises(ToileError, match=said) as refused:
        receptive_field(network, "1")
    assert "toile.import_network" in str(refused.value)
    with pytest.raises(ToileError, match=said):
        top_images(network, [noise(2)], "1")
    with pytest.raises(ToileError, match=said):
        attribute(network, noise(2), "gradcam", layer="1")
    assert receptive_field(network, "0") == (FieldSide(3, 1, 0),) * 2


def test_what_is_no_row_of_layers_is_refused_by_name():
    class Tower(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 3)

    with pytest.raises(ToileError, match=r"the network is a Tower.*toile\.import_network"):
        layer_names(Tower())
    pool = nn.MaxPool2d(2)
    with pytest.raises(ToileError, match="the network has a module at two positions"):
        receptive_field(nn.Sequential(nn.Conv2d(2, 3, 3), pool, nn.Conv2d(3, 3, 3), pool), "2")
