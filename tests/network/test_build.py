"""What torch builds is what the plan says, layer by layer, for every network we know."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from toile.errors import ToileError
from toile.network import build_network, with_views
from toile.recipe import LayerPlan, Plan, layers, list_presets, plan_network, read_recipe, recipe_of

BLOCK = {
    "residual": {
        "layers": [
            {"conv": {"filters": 12, "stride": 2, "padding": "same", "init": "he_normal"}},
            {"groupnorm": 4},
            {"gelu": "tanh"},
            {"residual": [{"conv": {"filters": 12, "padding": 1, "groups": 3}}, "layernorm"]},
        ],
        "shortcut": [
            {"avgpool": {"size": 2, "padding": "same"}},
            {"conv": {"filters": 12, "kernel": 1, "bias": False}},
        ],
    }
}
KITCHEN_SINK: list[Any] = [
    {"views": {"shift_y": 2, "mirror": True}},
    {"conv": {"filters": 8, "kernel": 4, "padding": "same", "init": "orthogonal", "name": "stem"}},
    "batchnorm", "relu", {"spatial_dropout": 0.1}, BLOCK, "silu",
    {"conv": {"filters": 6, "kernel": 3, "stride": 2, "padding": 2, "init": "dirac"}}, "elu",
    {"maxpool": {"size": 3, "stride": 2, "padding": "same"}}, "leaky_relu", "dropout",
    {"residual": [{"conv": {"filters": 6, "padding": "same", "init": "zeros"}}, "tanh"]},
    {"globalpool": "max"}, {"dense": {"units": 9, "init": "pytorch"}}, "batchnorm", "layernorm",
    {"groupnorm": 3}, "sigmoid", "flatten", {"residual": [{"dense": 9}, "relu"]},
    {"dense": {"units": "classes", "bias": False}}, {"scale": 0.125},
]  # fmt: skip
SHAPES = [(1, 28, 28), (3, 32, 32), (3, 21, 34)]


def plan_of(entries: list[Any], shape: tuple[int, int, int] = (1, 28, 28)) -> Plan:
    return plan_network(recipe_of({"network": entries}).network, shape, 10)


def layers_of(plan: Plan) -> list[LayerPlan]:
    """The layers that are modules: views are put around them."""
    return [layer for layer in plan.walk() if not isinstance(layer.layer, layers.Views)]


def shapes_seen(network: nn.Module, plan: Plan) -> dict[str, tuple[int, ...]]:
    """Each layer's real output shape for one image."""
    seen: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        return lambda module, inputs, output: seen.update({name: tuple(output.shape[1:])})

    hooks = [
        network.get_submodule(layer.name).register_forward_hook(note(layer.name))
        for layer in layers_of(plan)
    ]
    network.eval()(torch.rand(2, *plan.input))
    for hook in hooks:
        hook.remove()
    return seen


def num_weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def num_statistics(module: nn.Module) -> int:
    kept = module.state_dict()
    return sum(
        numbers.numel()
        for name, numbers in module.named_buffers()
        if numbers.dim() and name in kept
    )


def check_against_torch(plan: Plan) -> None:
    network = build_network(plan, seed=0)
    assert shapes_seen(network, plan) == {layer.name: layer.output for layer in layers_of(plan)}
    assert num_weights(network) == plan.trainable
    for layer in layers_of(plan):
        module = network.get_submodule(layer.name)
        assert num_weights(module) == layer.parameters - layer.untrained, layer.name
        assert num_statistics(module) == layer.untrained, layer.name


@pytest.mark.parametrize("name", list_presets())
def test_the_plan_of_a_preset_is_what_torch_builds(name: str):
    check_against_torch(plan_network(read_recipe(name).network, (1, 28, 28), 10))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_plan_of_a_network_of_every_kind_is_what_torch_builds(shape):
    plan = plan_of(KITCHEN_SINK, shape)
    assert {type(layer.layer) for layer in plan.walk()} == set(layers.KINDS.values())
    check_against_torch(plan)


def test_multiply_adds_are_half_the_operations_torch_counts():
    plan = plan_of(KITCHEN_SINK, (3, 21, 34))
    network = with_views(build_network(plan, seed=0).eval(), plan)
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(1, 3, 21, 34))
    # A kitchen sink with two ways to be moved, and mirrored: ten views.
    assert counter.get_total_flops() == 2 * plan.macs * 10


def test_a_receptive_field_is_as_far_as_a_gradient_reaches():
    plan = plan_of(
        [{"conv": {"filters": 2, "kernel": 3}}, "relu", {"avgpool": {"size": 3, "stride": 2}},
         {"residual": {"layers": [{"conv": {"filters": 2, "kernel": 3, "padding": "same"}}]}},
         "flatten", {"dense": "classes"}],
        (1, 40, 40),
    )  # fmt: skip
    network = build_network(plan, seed=0).double().eval()
    network.conv1.bias.data.fill_(100.0)  # every ReLU lets its gradient through
    for end, layer in enumerate(plan.layers[:4], start=1):
        images = torch.rand(1, 1, 40, 40, dtype=torch.double, requires_grad=True)
        outputs = network[:end](images)
        middle = outputs.shape[-1] // 2
        outputs[0, :, middle, middle].sum().backward()
        rows = images.grad[0, 0].abs().sum(1).nonzero().flatten()
        assert int(rows[-1] - rows[0]) + 1 == layer.receptive_field_px, layer.name


def test_logits_are_those_of_the_layers_written_out_in_torch():
    plan = plan_of([{"conv": {"filters": 4, "kernel": 3}}, "relu", {"maxpool": 2}, "flatten",
                    {"dense": "classes"}, {"scale": 0.5}])  # fmt: skip
    network = build_network(plan, seed=3)
    weights = network.state_dict()
    images = torch.rand(3, 1, 28, 28)
    hidden = nn.functional.conv2d(images, weights["conv1.weight"], weights["conv1.bias"])
    hidden = nn.functional.max_pool2d(hidden.clamp(min=0), 2).reshape(3, -1)
    logits = 0.5 * (hidden @ weights["dense1.weight"].T + weights["dense1.bias"])
    torch.testing.assert_close(network(images), logits)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("relu", [0.0, 0.0, 2.0]),
        ({"leaky_relu": 0.1}, [-0.1, 0.0, 2.0]),
        ({"elu": 2.0}, [2 * (0.36787944 - 1), 0.0, 2.0]),
        ("gelu", [-0.15865525, 0.0, 1.95449974]),
        ({"gelu": "tanh"}, [-0.15880801, 0.0, 1.95459769]),
        ("silu", [-0.26894142, 0.0, 1.76159416]),
        ("tanh", [-0.76159416, 0.0, 0.96402758]),
        ("sigmoid", [0.26894142, 0.5, 0.88079708]),
        ({"scale": -3}, [3.0, 0.0, -6.0]),
    ],
)
def test_an_activation_gives_what_its_formula_gives_by_hand(entry, expected):
    network = build_network(plan_of([entry, "flatten", {"dense": "classes"}], (1, 1, 3)), seed=0)
    outputs = network[0](torch.tensor([[[[-1.0, 0.0, 2.0]]]]))
    torch.testing.assert_close(outputs.flatten(), torch.tensor(expected))


@pytest.mark.parametrize("entry", [
    {"batchnorm": {"epsilon": 1.0}},
    {"layernorm": {"epsilon": 1.0}},
    {"groupnorm": {"groups": 1, "epsilon": 1.0}},
])  # fmt: skip
def test_a_norm_adds_its_epsilon_to_the_variance(entry):
    # Of mean 0 and variance 1 over batch, channels and places alike: halved in square.
    images = torch.tensor([1.0, -1.0, -1.0, 1.0]).reshape(2, 2, 1, 1)
    plan = plan_of([entry, "flatten", {"dense": "classes"}], (2, 1, 1))
    outputs = build_network(plan, seed=0).train()[0](images)
    torch.testing.assert_close(outputs, images / 2**0.5)


def test_batch_norms_momentum_is_the_weight_of_the_newest_batch():
    plan = plan_of([{"batchnorm": {"momentum": 0.25}}, "flatten", {"dense": "classes"}], (1, 1, 1))
    norm = build_network(plan, seed=0).train()[0]
    norm(torch.tensor([2.0, 6.0]).reshape(2, 1, 1, 1))
    # Mean 4, variance 8 (n - 1), beside the 0 and 1 of the beginning.
    assert norm.running_mean.item() == pytest.approx(0.25 * 4)
    assert norm.running_var.item() == pytest.approx(0.75 * 1 + 0.25 * 8)


def test_every_layer_is_a_module_of_its_own_and_none_works_in_place():
    plan = plan_of(KITCHEN_SINK)
    network = build_network(plan, seed=0)
    modules = [network.get_submodule(layer.name) for layer in layers_of(plan)]
    assert len({id(module) for module in modules}) == len(layers_of(plan))
    assert not any(getattr(module, "inplace", False) for module in modules)


def test_what_a_layer_gave_is_still_there_after_the_layers_behind_it():
    plan = plan_of(KITCHEN_SINK, (3, 21, 34))
    network = build_network(plan, seed=0).eval()
    kept: list[tuple[Tensor, Tensor]] = []
    for layer in layers_of(plan):
        network.get_submodule(layer.name).register_forward_hook(
            lambda module, inputs, output: kept.append((output, output.detach().clone()))
        )
    images = torch.rand(4, 3, 21, 34)
    before = images.clone()
    network(images)
    assert len(kept) == len(layers_of(plan))
    assert torch.equal(images, before)
    assert all(torch.equal(output, copy) for output, copy in kept)


def test_weights_and_pictures_are_kept_channels_last():
    network = build_network(plan_of([{"conv": 4}, {"conv": 4}, "globalpool", {"dense": "classes"}],
                                    (3, 9, 9)), seed=0)  # fmt: skip
    assert network.conv2.weight.is_contiguous(memory_format=torch.channels_last)
    images = torch.rand(2, 3, 9, 9).to(memory_format=torch.channels_last)
    assert network[:2](images).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", ["forward", "train", "eval", "add_module"])
def test_a_name_torch_keeps_for_itself_is_refused(name: str):
    plan = plan_of([{"relu": {"name": name}}, "flatten", {"dense": "classes"}])
    with pytest.raises(ToileError, match=rf"network\.{name}: torch keeps this name for itself"):
        build_network(plan, seed=0)


def test_a_network_of_every_kind_learns_in_bfloat16_too():
    plan = plan_of(KITCHEN_SINK, (3, 32, 32))
    network = build_network(plan, seed=0).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network(torch.rand(4, 3, 32, 32)).float().square().sum().backward()
    missing = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert missing == []
