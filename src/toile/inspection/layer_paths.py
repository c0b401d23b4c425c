"""The layers on the path from the picture to a layer."""

from torch import nn

from toile.inspection.layers import layer_of
from toile.network import ResidualBlock, single_view

Named = tuple[str, nn.Module]


def steps_to(network: nn.Module, layer: str) -> list[Named]:
    """Names and modules of the layers before `layer`, and of itself; blocks are single steps.

    Raises ToileError if there is no such layer.
    """
    layer_of(network, layer)
    steps: list[Named] = []
    block: nn.Module = single_view(network)
    before = ""
    for part in layer.split("."):
        # The shortcut of a block does not pass through its branch.
        if not (isinstance(block, ResidualBlock) and part == "shortcut"):
            for name, module in block.named_children():
                if name == part:
                    break
                steps.append((f"{before}{name}", module))
        block, before = block.get_submodule(part), f"{before}{part}."
    return [*steps, (layer, block)]


def way_to(network: nn.Module, layer: str) -> list[Named]:
    """The same with the layers inside blocks, those of the branch before those of the shortcut."""
    return [leaf for name, module in steps_to(network, layer) for leaf in _leaves(name, module)]


def _leaves(name: str, module: nn.Module) -> list[Named]:
    if not isinstance(module, ResidualBlock | nn.Sequential):
        return [(name, module)]
    return [
        leaf
        for child, submodule in module.named_children()
        for leaf in _leaves(f"{name}.{child}", submodule)
    ]
