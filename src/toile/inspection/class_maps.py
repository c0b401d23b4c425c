"""Grad-CAM, and CAM for networks with a global average pool: where maps support a class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.flat_outputs import classes_of
from toile.inspection.layer_paths import steps_to
from toile.inspection.layers import layer_names, layer_of
from toile.inspection.receptive_fields import FieldSide, ReceptiveField
from toile.inspection.watching import watch
from toile.network import GlobalPool2d, ScaleLayer, SeededDropout, single_view


def last_maps(network: nn.Module) -> str:
    """The name of the last convolution. Raises ToileError if there is none."""
    names = [
        name for name in layer_names(network) if isinstance(layer_of(network, name), nn.Conv2d)
    ]
    if not names:
        raise ToileError(
            "gradcam is not defined here, because the network has no convolution; use saliency or "
            "integrated"
        )
    return names[-1]


def gradcam_cells(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    class_indices: Sequence[int] | None,
    layer: str,
) -> tuple[Float[Tensor, "n rows columns"], Float[Tensor, " n"], Int[Tensor, " n"]]:
    """Grad-CAM at each position of `layer`, at least 0; also the logits and the classes.

    Raises ToileError if `layer` has no maps, or if there is no such class.
    """
    maps: list[Tensor] = []

    def cut(module: nn.Module, inputs: Any, outputs: Tensor) -> Tensor:
        # Detached here, so that no graph is kept for the layers before it. Copied, since an
        # in-place layer overwrites its inputs, and torch lets none overwrite a leaf.
        maps.append(outputs.detach().clone().requires_grad_())
        return maps[0].clone()

    handle = layer_of(network, layer).register_forward_hook(cut)
    try:
        with evaluating(network), torch.enable_grad():
            logits = network(images)
            if maps[0].dim() != 4:
                raise ToileError(
                    f"{layer} has no maps; name a layer with maps, such as {last_maps(network)}"
                )
            index = classes_of(logits, class_indices)
            chosen = logits.gather(1, index[:, None])[:, 0]
            (gradient,) = torch.autograd.grad(chosen.sum(), maps)
    finally:
        handle.remove()
    weights = gradient.mean((2, 3), keepdim=True)
    return (weights * maps[0].detach()).sum(1).relu(), chosen.detach(), index


def cam_layer(network: nn.Module) -> str:
    """The layer whose maps are averaged for the only dense layer.

    Raises ToileError, which names the layer, for networks of another form: CAM is not defined then.
    """
    names = [name for name, _ in single_view(network).named_children()]
    steps = steps_to(network, names[-1])
    pools = [index for index, (_, module) in enumerate(steps) if isinstance(module, GlobalPool2d)]
    rule = "cam needs a global average pool and one dense layer after it; gradcam does not"
    if not pools or pools[-1] == 0:
        raise ToileError(f"the network has no global pool after its maps; {rule}")
    pool, behind = steps[pools[-1]], steps[pools[-1] + 1 :]
    if pool[1].of != "average":
        raise ToileError(f"{pool[0]} is a maximum and no mean; {rule}")
    weighted = [
        (name, module)
        for name, module in behind
        if not isinstance(module, SeededDropout | ScaleLayer)
    ]
    if not (weighted and isinstance(weighted[0][1], nn.Linear)):
        raise ToileError(f"after {pool[0]} comes {(weighted or [pool])[0][0]}; {rule}")
    if len(weighted) > 1:
        raise ToileError(f"after {weighted[0][0]} comes {weighted[1][0]}; {rule}")
    return steps[pools[-1] - 1][0]


def cam_cells(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    class_indices: Sequence[int] | None,
    layer: str,
) -> tuple[Float[Tensor, "n rows columns"], Float[Tensor, " n"], Int[Tensor, " n"]]:
    """CAM at each position of `layer`; also the logits and the classes.

    The mean over the positions of a picture is the logit without its bias.
    """
    with torch.no_grad(), watch(network, [layer]) as layer_outputs:
        logits = network(images)
    index = classes_of(logits, class_indices)
    scale, dense = 1.0, None
    for module in single_view(network).children():
        if isinstance(module, GlobalPool2d):
            scale = 1.0  # layers before the pool are in the maps already
        scale *= module.factor if isinstance(module, ScaleLayer) else 1.0
        dense = module if isinstance(module, nn.Linear) else dense
    assert dense is not None
    weights = dense.weight.detach()[index] * scale
    cells = (weights[:, :, None, None] * layer_outputs[layer]).sum(1)
    return cells, logits.gather(1, index[:, None])[:, 0], index


def spread(
    cells: Float32[np.ndarray, "n rows columns"], field: ReceptiveField, size: tuple[int, int]
) -> Float32[np.ndarray, "n h w"]:
    """`cells` interpolated to the pixels, each placed at the centre of its receptive field.

    Interpolation is linear between the centres, and constant outside.
    """
    down, across = (
        _blend(side, num, length_px)
        for side, num, length_px in zip(field, cells.shape[1:], size, strict=True)
    )
    return (down @ cells @ across.T).astype(np.float32)


def _blend(side: FieldSide, num: int, length_px: int) -> np.ndarray:
    middles = [side.middle(index) for index in range(num)]
    pixels = np.arange(length_px) + 0.5
    # A column for each cell: its weight in each pixel.
    return np.stack([np.interp(pixels, middles, unit) for unit in np.eye(num)], axis=1)
