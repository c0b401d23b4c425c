"""A network that answers as another does for transposed pictures, or with classes in order."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from toile.conversion.foreign import ForeignNetwork
from toile.recipe import LayerPlan, layers, plan_network


def transposed(network: ForeignNetwork) -> ForeignNetwork | None:
    """The network that gives for a picture what `network` gives for it transposed.

    Every layer's windows are square, so its kernels are transposed, and what is flattened is taken
    in the other order. None where pictures are not square.
    """
    if network.shape[1] != network.shape[2]:
        return None
    plan = plan_network(network.layers, network.shape, network.outputs)
    weights = dict(network.weights)
    _transpose(plan.layers, weights, None)
    return replace(network, weights=weights)


def _transpose(
    plans: Sequence[LayerPlan], weights: dict[str, np.ndarray], flat: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """Transpose in place; `flat` is the shape (c, h, w) that the row at hand was flattened from."""
    for plan in plans:
        if isinstance(plan.layer, layers.Residual):
            ends = [_transpose(path, weights, flat) for path in (plan.branch, plan.shortcut)]
            flat = ends[0]
            continue
        prefix = f"{plan.name}."
        for key in [key for key in weights if key.startswith(prefix)]:
            value = weights[key]
            if isinstance(plan.layer, layers.Conv) and value.ndim == 4:
                weights[key] = np.ascontiguousarray(value.transpose(0, 1, 3, 2))
            elif flat is not None and value.ndim and value.shape[-1] == np.prod(flat):
                rows = value.reshape(-1, *flat).transpose(0, 1, 3, 2)
                weights[key] = np.ascontiguousarray(rows.reshape(value.shape))
        if isinstance(plan.layer, layers.Flatten) and len(plan.input) == 3:
            flat = plan.input
        elif isinstance(plan.layer, layers.Dense):
            flat = None
    return flat


def ordered_outputs(network: ForeignNetwork, order: Sequence[int]) -> ForeignNetwork | None:
    """The network whose output k is the output `order[k]` of `network`.

    Outputs that `order` leaves out are cut off. None where no dense layer gives the outputs.
    """
    named = list(zip(layers.layer_names(network.layers), network.layers, strict=True))
    while named and isinstance(named[-1][1], layers.Scale):
        named.pop()
    if not named or not isinstance(named[-1][1], layers.Dense):
        return None
    name = named[-1][0]
    weights = dict(network.weights)
    for key in ("weight", "bias"):
        if f"{name}.{key}" in weights:
            weights[f"{name}.{key}"] = weights[f"{name}.{key}"][list(order)]
    chain = list(network.layers)
    chain[len(named) - 1] = named[-1][1].model_copy(update={"units": len(order)})
    return replace(network, layers=tuple(chain), weights=weights, outputs=len(order))
