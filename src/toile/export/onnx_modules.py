"""The network in a form for ONNX: norms and factors folded, no dropout, one node per layer."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from toile.network import (
    AvgPool2d,
    MaxPool2d,
    MultiViewNetwork,
    Network,
    ResidualBlock,
    ScaleLayer,
    SeededDropout,
    single_view,
)

# The first version whose GroupNormalization has a scale per channel, as in torch.
OPSET = 21
Shape = tuple[Any, ...]


class OnnxNode(nn.Module):
    """Stands for one ONNX node, for which torch's exporter would write several.

    While the graph is made it returns a tensor of the right shape, and computes nothing.
    """

    def __init__(
        self, operator: str, attributes: dict[str, Any], shape: Callable[[Shape], Shape]
    ) -> None:
        super().__init__()
        self.operator, self.attributes, self.shape = operator, attributes, shape

    def forward(self, inputs: Float[Tensor, "n *in_shape"]) -> Float[Tensor, "n *out_shape"]:
        """A placeholder of the node's output."""
        return torch.onnx.ops.symbolic(
            self.operator,
            (inputs, *self.parameters()),
            self.attributes,
            dtype=inputs.dtype,
            shape=self.shape(tuple(inputs.shape)),
            version=OPSET,
        )


def onnx_modules(network: Network) -> nn.Sequential:
    """A copy of `network` for the exporter, with each layer under its name.

    A batch norm or a factor directly after a convolution or dense layer is folded into its weights.
    """
    modules = _exportable_layers(single_view(network).named_children())
    if isinstance(network, MultiViewNetwork):
        modules[network.name] = network.views
        modules.move_to_end(network.name, last=False)
        # Layer names have no dash, so this name is free.
        modules["views-mean"] = network.mean
    return nn.Sequential(modules).eval()


def _exportable_layers(layers: Iterable[tuple[str, nn.Module]]) -> OrderedDict[str, nn.Module]:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for name, module in layers:
        if isinstance(module, SeededDropout):
            continue
        before = next(reversed(modules), "")
        fused = _fused(modules[before], module) if modules else None
        if fused is not None:
            modules[before] = fused
        else:
            modules[name] = _exportable(module)
    return modules


def _fused(before: nn.Module, module: nn.Module) -> nn.Module | None:
    """`before` and `module` as one layer; None if `module` cannot be folded into `before`."""
    if isinstance(module, ScaleLayer) and isinstance(before, nn.Conv2d | nn.Linear):
        return _times(before, module.factor) if module.offset == 0 else None
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        if isinstance(before, nn.Conv2d):
            return fuse_conv_bn_eval(before, module)
        if isinstance(before, nn.Linear):
            return fuse_linear_bn_eval(before, module)
    return None


def _times(layer: nn.Conv2d | nn.Linear, factor: float) -> nn.Module:
    """A copy of `layer` whose outputs are `factor` times as large."""
    copy = deepcopy(layer)
    with torch.no_grad():
        for weight in copy.parameters():
            weight.mul_(factor)
    return copy


def _exportable(module: nn.Module) -> nn.Module:
    if isinstance(module, ResidualBlock):
        branch = dict(module.named_children())
        shortcut = branch.pop("shortcut")
        return ResidualBlock(
            _exportable_layers(branch.items()), _exportable_layers(shortcut.named_children())
        )
    if isinstance(module, MaxPool2d | AvgPool2d):
        return _pool(module)
    if isinstance(module, nn.GroupNorm):
        attributes = {"num_groups": module.num_groups, "epsilon": module.eps}
        node = OnnxNode("GroupNormalization", attributes, lambda shape: shape)
        node.weight, node.bias = module.weight, module.bias
        return node
    return module


def _pool(pool: MaxPool2d | AvgPool2d) -> OnnxNode:
    """A pool as one node: ONNX pads unevenly and leaves the padding out of the mean."""
    left, right, top, bottom = pool.edge
    size, stride = pool.size, pool.stride
    attributes: dict[str, Any] = {"kernel_shape": [size, size], "strides": [stride, stride]}
    if any(pool.edge):
        attributes["pads"] = [top, left, bottom, right]

    def shape(input_shape: Shape) -> Shape:
        num, channels, height, width = input_shape
        sides = (height + top + bottom, width + left + right)
        return num, channels, *((side - size) // stride + 1 for side in sides)

    operator = "MaxPool" if isinstance(pool, MaxPool2d) else "AveragePool"
    return OnnxNode(operator, attributes, shape)
