"""Reads the outputs of layers while a network computes, without changing it."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from toile.inspection.evaluation_mode import evaluating
from toile.inspection.inputs import checked_form, refuse_misfits
from toile.inspection.layers import layer_of
from toile.network import num_views


@contextmanager
def watch(
    network: nn.Module, names: Iterable[str], keep_graph: bool = False
) -> Iterator[dict[str, Tensor]]:
    """The outputs of the layers `names`, whenever `network` is called inside the block.

        with watch(network, ["conv2", "relu2"]) as seen:
            network(images)
        seen["relu2"]  # (n, c, h, w), or (n, units) behind flatten

    Each call replaces the outputs of the one before. The network computes in evaluation mode. If it
    has `views`, the outputs are those of the unchanged pictures. Without `keep_graph` they are
    detached. Raises ToileError if there is no such layer, and inside the block for pictures that
    the network does not take.
    """
    layers = {name: layer_of(network, name) for name in names}
    views = num_views(network)
    # An in-place module overwrites the outputs of the layer before it.
    overwrites = any(getattr(module, "inplace", False) for module in network.modules())
    layer_outputs: dict[str, Tensor] = {}

    def keep(name: str, outputs: Tensor) -> None:
        picture_outputs = outputs[: len(outputs) // views]
        picture_outputs = picture_outputs if keep_graph else picture_outputs.detach()
        layer_outputs[name] = picture_outputs.clone() if overwrites else picture_outputs

    shown: list[Tensor] = []

    def check(module: nn.Module, inputs: Any) -> None:
        shown[:] = [checked_form(network, inputs[0])]

    with ExitStack() as undo:
        undo.enter_context(evaluating(network))
        undo.callback(network.register_forward_pre_hook(check).remove)
        for name, layer in layers.items():

            def hook(module: nn.Module, inputs: Any, outputs: Tensor, name: str = name) -> None:
                keep(name, outputs)

            undo.callback(layer.register_forward_hook(hook).remove)
        try:
            yield layer_outputs
        except (RuntimeError, ValueError):
            # Only once torch has refused them, so that a look costs one pass.
            for images in shown:
                refuse_misfits(network, images[:1])
            raise
