"""How one output of a convolution or a dense layer is computed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor, nn
from torch.nn import functional as F

from toile.errors import ToileError
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import Pictures, checked_picture
from toile.inspection.layers import channel_of, layer_names, layer_of, position_of
from toile.inspection.windows import windows_of
from toile.network import ChannelNorm, ScaleLayer, SeededDropout, single_view
from toile.torch_private import BatchNorm

ELEMENTWISE = (
    BatchNorm, nn.GroupNorm, ChannelNorm, ScaleLayer, SeededDropout, nn.ReLU, nn.LeakyReLU, nn.ELU,
    nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid,
)  # fmt: skip
"""Layers with one output for each input."""


@dataclass(frozen=True, eq=False)
class PixelSum:
    """One output of `layer` as the sum of products of a window and a kernel, plus the bias.

    The window includes zeros of the padding; for a dense layer window and kernel are (units,). With
    groups the window has only the filter's input channels, from `first_channel` on.
    `inside` marks the values of the window that are not padding. `then` has the outputs of the
    layers after it, in order: norms, dropout, the activation.
    """

    layer: str
    channel: int
    position: tuple[int, int] | None
    window: Float32[np.ndarray, "*window"]
    kernel: Float32[np.ndarray, "*window"]
    first_channel: int
    inside: np.ndarray
    bias: float
    output: float
    """The output that the network itself computes."""
    then: tuple[tuple[str, float], ...]

    @property
    def products(self) -> Float64[np.ndarray, "*window"]:
        """The elementwise products of window and kernel."""
        return self.window.astype(np.float64) * self.kernel

    @property
    def total(self) -> float:
        """The sum of the products and the bias."""
        return float(self.products.sum()) + self.bias


def pixel(
    network: nn.Module,
    image: Pictures,
    layer: str,
    channel: int,
    position: tuple[int, int] | None = None,
) -> PixelSum:
    """Compute output `channel` of `layer` at `position` (row, column) for `image`, step by step.

    Outputs of a dense layer have no position. Raises ToileError if there is no such output, or if
    it is no weighted sum.
    """
    looked = single_view(network)
    module = layer_of(looked, layer)
    if not isinstance(module, nn.Conv2d | nn.Linear):
        summing = [
            name
            for name in layer_names(looked)
            if isinstance(layer_of(looked, name), nn.Conv2d | nn.Linear)
        ]
        raise ToileError(f"{layer} computes no weighted sum; name one of {', '.join(summing)}")
    if isinstance(module, nn.Conv2d) and windows_of(module) is None:
        raise ToileError(
            f"{layer} pads its inputs with padding_mode {module.padding_mode}, and sums are shown "
            "of those padded with zeros; name another layer"
        )
    inputs, outputs, behind = _record_calls(looked, checked_picture(looked, image), module)
    channel_of(layer, channel, len(outputs))
    kernel = module.weight[channel].detach()
    if isinstance(module, nn.Conv2d):
        first = channel // (module.out_channels // module.groups) * len(kernel)
        at = _position_in(layer, position, outputs)
        window, inside = (
            _window(module, tensor[first : first + len(kernel)], at)
            for tensor in (inputs, torch.ones_like(inputs))
        )
    elif position is not None:
        raise ToileError(
            f"{layer} is a dense layer, whose outputs have no row and column; leave them out"
        )
    else:
        first, at, window, inside = 0, None, inputs, torch.ones_like(inputs)
    index = (channel,) if at is None else (channel, *at)
    return PixelSum(
        layer, channel, at, window.numpy().copy(), kernel.numpy().copy(), first,
        inside.numpy() != 0,
        0.0 if module.bias is None else module.bias[channel].item(),
        float(outputs[index]),
        tuple((name, float(values[index])) for name, values in behind),
    )  # fmt: skip


def _position_in(
    layer: str, position: tuple[int, int] | None, outputs: Float[Tensor, "c h w"]
) -> tuple[int, int]:
    rows, columns = outputs.shape[1:]
    if position is None:
        return rows // 2, columns // 2
    return position_of(layer, position, rows, columns)


def _window(
    module: nn.Conv2d, inputs: Float[Tensor, "c h w"], position: tuple[int, int]
) -> Float[Tensor, "c rows columns"]:
    windows = windows_of(module)
    assert windows is not None
    down, across = windows
    padded = F.pad(inputs, (across.before, across.behind, down.before, down.behind))
    rows, columns = (
        slice(at * side.stride, at * side.stride + side.span, side.dilation)
        for at, side in zip(position, windows, strict=True)
    )
    return padded[:, rows, columns].contiguous()


def _record_calls(
    network: nn.Module, image: Tensor, module: nn.Module
) -> tuple[Tensor, Tensor, list[tuple[str, Tensor]]]:
    """The inputs and outputs of `module`, and the outputs of the elementwise layers after it.

    A layer follows if its input is the output of the one before, so this works inside blocks too.
    """
    names = {submodule: name for name, submodule in network.named_modules()}
    calls: list[tuple[nn.Module, Tensor, Tensor, Tensor]] = []

    def keep(submodule: nn.Module, args: Any, outputs: Tensor) -> None:
        # A copy too, since an in-place layer overwrites the outputs of the one before it.
        calls.append((submodule, args[0], outputs, outputs.clone()))

    layers = [module, *(layer for layer in network.modules() if isinstance(layer, ELEMENTWISE))]
    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        with evaluating(network), torch.no_grad():
            network(image[None])
    finally:
        for handle in handles:
            handle.remove()
    ((inputs, last, outputs),) = (
        (layer_input, out, values) for layer, layer_input, out, values in calls if layer is module
    )
    behind = []
    for layer, layer_input, out, values in calls:
        if layer_input is last and layer is not module:
            behind.append((names[layer], values[0]))
            last = out
    return inputs[0], outputs[0], behind
