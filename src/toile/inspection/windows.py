"""The windows of convolutions and pools, ours and torch's, and the layers that have none."""

from dataclasses import dataclass

from torch import nn

from toile.network import AvgPool2d, ChannelNorm, Conv2d, MaxPool2d, ScaleLayer, SeededDropout
from toile.torch_private import BatchNorm

NORMS = (
    BatchNorm, nn.GroupNorm, nn.LayerNorm, ChannelNorm, nn.InstanceNorm2d, nn.LocalResponseNorm,
)  # fmt: skip
PASSES_ON = (
    nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout, SeededDropout,
    ScaleLayer,
)  # fmt: skip
ACTIVATIONS = (
    nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ReLU6, nn.ELU, nn.CELU, nn.SELU, nn.GELU,
    nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Hardshrink, nn.Softshrink,
    nn.Tanhshrink, nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softplus, nn.Softsign, nn.Threshold,
)  # fmt: skip
KEEPS_POSITIONS = (*NORMS, *PASSES_ON, *ACTIVATIONS)
"""Layers whose output at a position is of the input at that position."""


@dataclass(frozen=True)
class Window:
    """The rows or columns that an output is of: `size` inputs, `dilation` apart.

    The next output is `stride` further; the first window begins `before` inputs before the edge,
    and the last one ends at most `behind` after it.
    """

    size: int
    stride: int
    before: int
    behind: int
    dilation: int = 1

    @property
    def span(self) -> int:
        """From the first to the last input of the window."""
        return self.dilation * (self.size - 1) + 1


def windows_of(module: nn.Module) -> tuple[Window, Window] | None:
    """The windows of a convolution or pool in rows and columns; None for other layers.

    Also None for convolutions that pad with pixels of the picture.
    """
    if isinstance(module, Conv2d):
        left, right, top, bottom = module.full_edge
        sides = zip(
            module.kernel_size, module.stride, (top, left), (bottom, right), module.dilation,
            strict=True,
        )  # fmt: skip
    elif isinstance(module, MaxPool2d | AvgPool2d):
        left, right, top, bottom = module.edge
        return (
            Window(module.size, module.stride, top, bottom),
            Window(module.size, module.stride, left, right),
        )
    elif isinstance(module, nn.Conv2d) and module.padding_mode == "zeros":
        before, behind = _padding(module)
        sides = zip(module.kernel_size, module.stride, before, behind, module.dilation, strict=True)
    elif isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        padding = _pair(module.padding)
        dilation = module.dilation if isinstance(module, nn.MaxPool2d) else 1
        sides = zip(
            _pair(module.kernel_size), _pair(module.stride), padding, padding, _pair(dilation),
            strict=True,
        )  # fmt: skip
    else:
        return None
    down, across = (Window(*side) for side in sides)
    return down, across


def _padding(module: nn.Conv2d) -> tuple[tuple[int, int], tuple[int, int]]:
    """The zeros before and behind, in rows and columns."""
    if not isinstance(module.padding, str):
        padding = _pair(module.padding)
        return padding, padding
    if module.padding == "valid":
        return (0, 0), (0, 0)
    # torch's "same" has the odd zero behind, as ours.
    totals = [
        dilation * (size - 1)
        for size, dilation in zip(module.kernel_size, module.dilation, strict=True)
    ]
    return (
        (totals[0] // 2, totals[1] // 2),
        (totals[0] - totals[0] // 2, totals[1] - totals[1] // 2),
    )


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    rows, columns = value
    return rows, columns
