"""Layers by name and channels by number, with errors that list what exists."""

from torch import nn

from toile.errors import ToileError, did_you_mean
from toile.network import ResidualBlock, single_view


def layer_names(network: nn.Module) -> list[str]:
    """The names of all layers in the plan's order, such as `residual1.conv1`."""
    # The shortcut of a block is no layer, but the layers on it are.
    layers = single_view(network)
    around = {
        f"{name}.shortcut"
        for name, module in layers.named_modules()
        if isinstance(module, ResidualBlock)
    }
    return [name for name, _ in layers.named_modules() if name and name not in around]


def layer_of(network: nn.Module, name: str) -> nn.Module:
    """The layer called `name`. Raises ToileError with the nearest name if there is none."""
    names = layer_names(network)
    if name not in names:
        raise ToileError(
            f"the network has no layer {name}; it has {', '.join(names)}{did_you_mean(name, names)}"
        )
    return single_view(network).get_submodule(name)


def channel_of(layer: str, channel: int, num_channels: int) -> int:
    """`channel`, if `layer` has it. Raises ToileError with the range if not."""
    if not 0 <= channel < num_channels:
        raise ToileError(
            f"{layer} has no channel {channel}; it has {num_channels}, from 0 to {num_channels - 1}"
        )
    return channel


def position_of(layer: str, position: tuple[int, int], rows: int, columns: int) -> tuple[int, int]:
    """`position`, if the maps of `layer` have it. Raises ToileError with the range if not."""
    row, column = position
    if not (0 <= row < rows and 0 <= column < columns):
        raise ToileError(
            f"{layer} has no position {row},{column}; its maps are {rows} x {columns}, from 0,0 to "
            f"{rows - 1},{columns - 1}"
        )
    return position
