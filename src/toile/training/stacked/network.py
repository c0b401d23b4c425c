"""K networks of one architecture computed as one: a batch of each goes through side by side.

What goes in and comes out is (b, K * c, ...): the channels of the first network, then those of the
second. Weights are stacked, (K, ...), and those of the networks become rows of the stack.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from toile.network import ChannelNorm, Conv2d, FlattenLayer, ResidualBlock, SeededDropout
from toile.torch_private import direct_parameters

Modules = Sequence[Any]


def stacked_network(networks: Modules) -> nn.Module:
    """One network that computes what each of `networks` computes; they differ in weights alone.

    Their weights and running statistics become rows of its tensors, so training it trains them. To
    separate them again, copy each row. Dropout masks come from the layers of each network.
    """
    first = networks[0]
    if isinstance(first, nn.Sequential):
        return type(first)(_children(networks))
    if isinstance(first, ResidualBlock):
        children = _children(networks)
        around = OrderedDict(children.pop("shortcut").named_children())
        return ResidualBlock(children, around)
    stack = _STACKS.get(type(first))
    # A layer without weights works on any number of channels as it is.
    return first if stack is None else stack(networks)


def stack_rows(tensors: Sequence[Tensor]) -> Tensor:
    """`tensors`, alike in shape and layout, stacked on a new first axis; they become its rows."""
    first = tensors[0].detach()
    stack = torch.empty_strided(
        (len(tensors), *first.shape),
        (first.numel(), *first.stride()),
        dtype=first.dtype,
        device=first.device,
    )
    for row, tensor in zip(stack, tensors, strict=True):
        row.copy_(tensor.detach())
        tensor.data = row
    return stack


def _children(modules: Modules) -> "OrderedDict[str, nn.Module]":
    return OrderedDict(
        (name, stacked_network([module.get_submodule(name) for module in modules]))
        for name, _ in modules[0].named_children()
    )


class _Stack(nn.Module):
    """Layers of one kind whose weights are stacked; `first_layer` is asked for settings alone."""

    def __init__(self, layers: Modules) -> None:
        super().__init__()
        # In a tuple, or its weights would count as this module's too.
        self._first = (layers[0],)
        self.count = len(layers)
        for name, weight in direct_parameters(layers[0]).items():
            if weight is None:
                self.register_parameter(name, None)
                continue
            rows = stack_rows([getattr(layer, name) for layer in layers])
            self.register_parameter(name, nn.Parameter(rows, weight.requires_grad))
        for name, _ in layers[0].named_buffers(recurse=False):
            self.register_buffer(name, stack_rows([getattr(layer, name) for layer in layers]))

    @property
    def first_layer(self) -> Any:
        return self._first[0]

    def row(self, name: str) -> Tensor | None:
        """The tensors `name` of all layers, joined along their first axis."""
        values: Tensor | None = getattr(self, name)
        return None if values is None else values.flatten(0, 1)


class _Convs(_Stack):
    def forward(self, images: Float[Tensor, "b kc h w"]) -> Float[Tensor, "b kf out_h out_w"]:
        conv = self.first_layer
        weight = self.row("weight")
        assert weight is not None
        padded = images if conv.edge is None else F.pad(images, conv.edge)
        groups = conv.groups * self.count
        return F.conv2d(padded, weight, self.row("bias"), conv.stride, conv.padding, groups=groups)


class _Denses(_Stack):
    weight: Tensor
    bias: Tensor | None

    def forward(self, inputs: Float[Tensor, "b kf"]) -> Float[Tensor, "b ku"]:
        rows = inputs.unflatten(1, (self.count, -1)).transpose(0, 1)
        if self.bias is None:
            outputs = torch.bmm(rows, self.weight.mT)
        else:
            outputs = torch.baddbmm(self.bias[:, None], rows, self.weight.mT)
        return outputs.transpose(0, 1).flatten(1)


class _BatchNorms(_Stack):
    num_batches_tracked: Tensor
    running_mean: Tensor
    running_var: Tensor

    def forward(self, inputs: Float[Tensor, "b kc *position"]) -> Float[Tensor, "b kc *position"]:
        self.num_batches_tracked.add_(1)
        return F.batch_norm(
            inputs,
            self.running_mean.flatten(),
            self.running_var.flatten(),
            self.row("weight"),
            self.row("bias"),
            training=True,
            momentum=self.first_layer.momentum,
            eps=self.first_layer.eps,
        )


class _ChannelNorms(_Stack):
    weight: Tensor
    bias: Tensor

    def forward(self, inputs: Float[Tensor, "b kc *position"]) -> Float[Tensor, "b kc *position"]:
        channels = inputs.unflatten(1, (self.count, -1)).movedim(2, -1)
        normed = F.layer_norm(channels, channels.shape[-1:], eps=self.first_layer.eps)
        # A row for each network, the same at each position.
        shape = (self.count, *[1] * (inputs.dim() - 2), -1)
        normed = normed * self.weight.view(shape) + self.bias.view(shape)
        return normed.movedim(-1, 2).flatten(1, 2)


class _GroupNorms(_Stack):
    def forward(self, inputs: Float[Tensor, "b kc *position"]) -> Float[Tensor, "b kc *position"]:
        groups = self.first_layer.num_groups * self.count
        return F.group_norm(
            inputs, groups, self.row("weight"), self.row("bias"), self.first_layer.eps
        )


class _Dropouts(nn.Module):
    """Masks drawn from each layer's own stream, as the layer draws them alone."""

    def __init__(self, layers: Modules) -> None:
        super().__init__()
        self._layers = tuple(layers)

    def forward(self, inputs: Float[Tensor, "b kc *position"]) -> Float[Tensor, "b kc *position"]:
        shape = inputs.unflatten(1, (len(self._layers), -1))[:, 0].shape
        ones = torch.ones(shape, device=inputs.device)
        if ones.dim() == 4:
            # Random bits are assigned in the order of memory, which for pictures is this one.
            ones = ones.contiguous(memory_format=torch.channels_last)
        scales = torch.cat([layer(ones) for layer in self._layers], 1)
        return (inputs * scales).to(inputs.dtype)


_STACKS: dict[type[nn.Module], Callable[[Modules], nn.Module]] = {
    Conv2d: _Convs,
    nn.Linear: _Denses,
    nn.BatchNorm1d: _BatchNorms,
    nn.BatchNorm2d: _BatchNorms,
    ChannelNorm: _ChannelNorms,
    nn.GroupNorm: _GroupNorms,
    SeededDropout: _Dropouts,
    # Our own Flatten lays out a gradient for a pool of one network.
    FlattenLayer: lambda layers: nn.Flatten(),
}
