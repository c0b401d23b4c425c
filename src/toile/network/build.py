"""From a plan to torch modules under the plan's names."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from toile.errors import ToileError
from toile.network.composite import ChannelNorm, ResidualBlock, ScaleLayer
from toile.network.dropout import SeededDropout
from toile.network.flatten import FlattenLayer
from toile.network.initialise import initialise
from toile.network.padding import AvgPool2d, Conv2d, Edge, GlobalPool2d, MaxPool2d
from toile.recipe import LayerPlan, Plan, layers, padded_side

Modules = OrderedDict[str, nn.Module]


def build_network(plan: Plan, seed: int) -> nn.Sequential:
    """The layers of `plan`, in channels_last memory on the CPU, with the first weights of `seed`.

    Views are no layer: `with_views` puts them around the network, for whoever scores or asks it.
    Takes float32 (n, c, h, w), gives logits (n, k). Every activation is a module of its own and
    never in place, so that what looks inside can hold on to it.
    """
    network = nn.Sequential(_modules(plan.layers, seed))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _modules(plans: tuple[LayerPlan, ...], seed: int) -> Modules:
    modules = Modules()
    for plan in plans:
        name = plan.name.rsplit(".", 1)[-1]
        # add_module would refuse it too, with a KeyError that names no setting.
        if hasattr(nn.Sequential(), name):
            raise ToileError(f"network.{plan.name}: torch keeps this name for itself; take another")
        if isinstance(plan.layer, layers.Views):
            continue
        modules[name] = _module(plan, seed)
    return modules


def _module(plan: LayerPlan, seed: int) -> nn.Module:
    if isinstance(plan.layer, layers.Residual):
        return ResidualBlock(_modules(plan.branch, seed), _modules(plan.shortcut, seed))
    module = _MODULES[type(plan.layer)](plan.layer, plan)
    if isinstance(plan.layer, layers.Conv | layers.Dense):
        initialise(module, plan.layer.init, plan.name, seed)  # type: ignore[arg-type]
    return module


def _edge(plan: LayerPlan, kernel: int, stride: int, padding: str | int) -> Edge:
    (_, top, bottom), (_, left, right) = (
        padded_side(side, kernel, stride, padding) for side in plan.input[1:]
    )
    return left, right, top, bottom


def _conv(layer: layers.Conv, plan: LayerPlan) -> nn.Module:
    edge = _edge(plan, layer.kernel, layer.stride, layer.padding)
    return Conv2d(
        plan.input[0], layer.filters, layer.kernel, layer.stride, edge, layer.groups, layer.bias
    )


def _pool(layer: layers.Pool, plan: LayerPlan) -> nn.Module:
    stride = layer.stride or layer.size
    kind = MaxPool2d if isinstance(layer, layers.MaxPool) else AvgPool2d
    return kind(layer.size, stride, _edge(plan, layer.size, stride, layer.padding))


def _dense(layer: layers.Dense, plan: LayerPlan) -> nn.Module:
    return nn.Linear(plan.input[0], plan.output[0], bias=layer.bias)


def _batch_norm(layer: layers.BatchNorm, plan: LayerPlan) -> nn.Module:
    # torch's two check the number of axes, so neither serves for both.
    kind = nn.BatchNorm2d if len(plan.input) == 3 else nn.BatchNorm1d
    return kind(plan.input[0], eps=layer.epsilon, momentum=layer.momentum)


_MODULES: dict[type[layers.Layer], Callable[[Any, LayerPlan], nn.Module]] = {
    layers.Conv: _conv,
    layers.Dense: _dense,
    layers.BatchNorm: _batch_norm,
    layers.LayerNorm: lambda layer, plan: ChannelNorm(plan.input[0], eps=layer.epsilon),
    layers.GroupNorm: lambda layer, plan: nn.GroupNorm(
        layer.groups, plan.input[0], eps=layer.epsilon
    ),
    layers.ReLU: lambda layer, plan: nn.ReLU(),
    layers.LeakyReLU: lambda layer, plan: nn.LeakyReLU(layer.slope),
    layers.ELU: lambda layer, plan: nn.ELU(layer.alpha),
    layers.GELU: lambda layer, plan: nn.GELU(layer.approximation),
    layers.SiLU: lambda layer, plan: nn.SiLU(),
    layers.Tanh: lambda layer, plan: nn.Tanh(),
    layers.Sigmoid: lambda layer, plan: nn.Sigmoid(),
    layers.MaxPool: _pool,
    layers.AvgPool: _pool,
    layers.GlobalPool: lambda layer, plan: GlobalPool2d(layer.of),
    layers.Dropout: lambda layer, plan: SeededDropout(layer.rate),
    layers.SpatialDropout: lambda layer, plan: SeededDropout(layer.rate, by_channel=True),
    layers.Flatten: lambda layer, plan: FlattenLayer(),
    layers.Scale: lambda layer, plan: ScaleLayer(layer.factor, layer.offset),
}
