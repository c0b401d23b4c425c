"""A network looked into while it computes, and found afterwards as it was."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from toile.inspection.layers import layer_of
from toile.network import num_views


@contextmanager
def watch(
    network: nn.Module, names: Iterable[str], keep_graph: bool = False
) -> Iterator[dict[str, Tensor]]:
    """What the layers `names` of `network` give, each time that it is called inside the block.

        with watch(network, ["conv2", "relu2"]) as seen:
            network(images)
        seen["relu2"]  # (n, c, h, w), or (n, units) behind flatten

    Each call puts its outputs in place of those before. The network computes as when it is scored,
    whatever mode it came in. Where it has `views`, the outputs are those of the pictures
    as they are. Without `keep_graph` they are cut off from their gradients.

    Raises ToileError where there is no such layer.
    """
    layers = {name: layer_of(network, name) for name in names}
    views = num_views(network)
    # A plain module may write over what the layer before it gave, which would show the wrong layer.
    overwrites = any(getattr(module, "inplace", False) for module in network.modules())
    layer_outputs: dict[str, Tensor] = {}

    def keep(name: str, outputs: Tensor) -> None:
        picture_outputs = outputs[: len(outputs) // views]
        picture_outputs = picture_outputs if keep_graph else picture_outputs.detach()
        layer_outputs[name] = picture_outputs.clone() if overwrites else picture_outputs

    with ExitStack() as undo:
        undo.enter_context(evaluating(network))
        for name, layer in layers.items():

            def hook(module: nn.Module, inputs: Any, outputs: Tensor, name: str = name) -> None:
                keep(name, outputs)

            undo.callback(layer.register_forward_hook(hook).remove)
        yield layer_outputs


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """`network` in evaluation mode, its weights wanting no gradients; afterwards as it was."""
    modes = [(module, module.training) for module in network.modules()]
    wanting = [weight for weight in network.parameters() if weight.requires_grad]
    network.eval()
    try:
        for weight in wanting:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in wanting:
            weight.requires_grad_(True)
        for module, mode in modes:
            module.training = mode
