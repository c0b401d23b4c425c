"""Networks of every kind to look into, and whether one is as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from toile.network import build_network, with_views
from toile.recipe import plan_network, recipe_of

SHAPE = (2, 9, 8)
CLASSES = 3
TAIL = ["flatten", {"dense": 6}, "relu", {"dense": "classes"}]
NETWORKS = {
    "plain": [{"conv": 4}, "relu", {"maxpool": 2}, {"conv": 6}, "relu", {"dropout": 0.3}, *TAIL],
    "dense": ["flatten", {"dense": 8}, "relu", {"dropout": 0.5}, {"dense": "classes"}],
    "strides": [
        {"conv": {"filters": 4, "kernel": 2, "padding": "same", "stride": 2}}, "relu",
        {"avgpool": {"size": 3, "stride": 2, "padding": "same"}}, *TAIL,
    ],
    "groups": [
        {"conv": {"filters": 4, "groups": 2, "padding": 1}}, "batchnorm", "relu",
        {"conv": {"filters": 8, "groups": 4, "bias": False, "padding": "same"}}, "relu",
        {"groupnorm": 2}, *TAIL,
    ],
    "residual": [
        {"conv": {"filters": 4, "padding": "same"}}, "relu",
        {"residual": {
            "layers": [
                {"conv": {"filters": 6, "padding": "same", "stride": 2}}, "batchnorm", "relu",
            ],
            "shortcut": [{"conv": {"filters": 6, "kernel": 1, "stride": 2}}],
        }},
        "relu", {"globalpool": "average"}, {"dense": "classes"},
    ],
    "views": [
        {"views": {"shift_x": 1, "mirror": True}}, {"conv": 4}, "relu", {"spatial_dropout": 0.2},
        {"globalpool": "average"}, {"dense": "classes"},
    ],
    "smooth": [
        {"conv": 4}, "gelu", {"conv": 4}, "silu", "layernorm", "flatten", {"dense": 8}, "tanh",
        {"dense": 8}, "sigmoid", {"dense": 8}, "elu", {"dense": 8}, "leaky_relu",
        {"dense": "classes"}, {"scale": 2.0},
    ],
}  # fmt: skip


def network_of(entries: list, shape=SHAPE, classes=CLASSES, seed=0) -> nn.Module:
    """A network with weights, biases and batch statistics that are no zeros and ones."""
    plan = plan_network(recipe_of({"network": entries}).network, shape, classes)
    network = build_network(plan, 0)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in network.state_dict().items():
            if name.endswith("running_var"):
                weight.uniform_(0.5, 2, generator=generator)
            elif weight.is_floating_point():
                weight.normal_(0, 0.4, generator=generator)
    return with_views(network.eval(), plan)


@pytest.fixture(params=NETWORKS)
def network(request) -> nn.Sequential:
    return network_of(NETWORKS[request.param])


@pytest.fixture
def images() -> torch.Tensor:
    return noise(4)


def noise(n: int, shape=SHAPE, seed=1) -> torch.Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


@contextmanager
def left_as_it_was(network: nn.Module) -> Iterator[None]:
    """Fails where the block leaves a hook, a gradient, another mode or another bit behind."""
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    wanting = [weight.requires_grad for weight in network.parameters()]
    try:
        yield
    finally:
        for module in network.modules():
            hooks = (
                module._forward_hooks, module._forward_pre_hooks, module._backward_hooks,
                module._backward_pre_hooks,
            )  # fmt: skip
            assert not any(hooks)
        assert [module.training for module in network.modules()] == modes
        assert [weight.requires_grad for weight in network.parameters()] == wanting
        assert all(weight.grad is None for weight in network.parameters())
        assert all(
            torch.equal(value, weights[name]) for name, value in network.state_dict().items()
        )
