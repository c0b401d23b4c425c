"""A layer's maps for a picture, its kernels, and the computation of one of its outputs."""

from functools import partial

import numpy as np
from jaxtyping import Float

from toile.errors import ToileError
from toile.inspection import activations, dead_channels, kernels, pixel
from toile.network import single_view
from toile.report import channel_maps_figure, number_sum_figure
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.inside.opened import InspectedRun, ShownPicture

OVER = 2_000
"""Training images that decide whether a channel is dead."""


def view_activations(
    opened: InspectedRun, picture: ShownPicture, layer: str, per_channel_scale: bool = False
) -> InsideView:
    """All channels of `layer` for `picture`; values: `maps` (channels, h, w), `silent`, `dead`.

    A channel is `dead` if it has the same value everywhere in 2,000 training images.
    """
    result = activations(opened.network, opened.inputs(picture.pixels[None]), layer)
    sample = opened.sample(OVER)
    dead = dead_channels(opened.network, opened.inputs(opened.dataset.train.pixels[sample]), layer)
    maps = _as_maps(result.maps[0])
    silent = result.silent[0]
    num = len(maps)
    record = {
        "run": opened.run.id, **picture.to_json(), "layer": layer, "channels": num,
        "shape": list(result.maps.shape[1:]), "largest": float(maps.max()),
        "smallest": float(maps.min()), "silent": np.flatnonzero(silent).tolist(),
        "dead": np.flatnonzero(dead).tolist(), "dead_over": len(sample),
    }  # fmt: skip
    says = (
        f"{layer} on {picture.name}: {num} channels of {_size(result.maps.shape[2:])}",
        (
            f"{int(silent.sum())} of them silent on this picture, {int(dead.sum())} dead on "
            f"{len(sample):,} training images"
        ),
    )
    draw = partial(
        channel_maps_figure, maps, f"{layer} on {picture.name}", picture=picture.pixels,
        silent=silent, dead=dead, per_channel_scale=per_channel_scale,
        names=opened.class_names if _are_logits(opened, layer) else None,
    )  # fmt: skip
    values = {"maps": maps, "silent": silent, "dead": dead, "picture": picture.pixels}
    return InsideView(record, values, says, lambda narrow: draw(narrow=narrow))


def view_kernels(
    opened: InspectedRun,
    layer: str | None = None,
    input_channel: int = 0,
    per_channel_scale: bool = False,
) -> InsideView:
    """The kernels of a convolution for one of its input channels.

    Values: all `weights` (filters, input channels, h, w).
    """
    result = kernels(opened.network, layer)
    num_inputs = result.weights.shape[1]
    if not 0 <= input_channel < num_inputs:
        raise ToileError(
            f"input channel is {input_channel}; each filter of {result.layer} has {num_inputs}, "
            f"from 0 to {num_inputs - 1}"
        )
    selected = result.weights[:, input_channel]
    record = {
        "run": opened.run.id, "layer": result.layer, "filters": len(selected), "sees": num_inputs,
        "kernel": list(selected.shape[1:]), "input_channel": input_channel,
        "first_channels": list(result.first_channels),
        "norms": np.linalg.norm(result.weights.reshape(len(selected), -1), axis=1).tolist(),
    }  # fmt: skip
    title = f"Kernels of {result.layer} for input channel {input_channel} of {num_inputs}"
    says = (
        (
            f"{result.layer}: {len(selected)} filters of {_size(selected.shape[1:])} "
            f"on {num_inputs} channel{'s' * (num_inputs != 1)}"
        ),
    )
    return InsideView(
        record,
        {"weights": result.weights},
        says,
        lambda narrow: channel_maps_figure(
            selected, title, per_channel_scale=per_channel_scale, narrow=narrow
        ),
    )


def view_pixel(
    opened: InspectedRun,
    picture: ShownPicture,
    layer: str,
    channel: int,
    position: tuple[int, int] | None = None,
) -> InsideView:
    """How one output is computed; values: `window`, `kernel`, `products`, of equal shape."""
    image = opened.inputs(picture.pixels[None])[0]
    result = pixel(opened.network, image, layer, channel, position)
    record = {
        "run": opened.run.id, **picture.to_json(), "layer": layer, "channel": channel,
        "place": None if result.position is None else list(result.position),
        "window": list(result.window.shape), "first_channel": result.first_channel,
        "products": float(result.products.sum()), "bias": result.bias, "sum": result.total,
        "network": result.output, "then": [list(step) for step in result.then],
    }  # fmt: skip
    where = (
        ""
        if result.position is None
        else f" at row {result.position[0]}, column {result.position[1]}"
    )
    says = (
        (
            f"{layer} channel {channel}{where}: {result.window.size} products add up to "
            f"{result.products.sum():.6g}, with the bias of {result.bias:.6g} to "
            f"{result.total:.6g}; the network gives {result.output:.6g}"
        ),
        *(f"then {name}: {value:.6g}" for name, value in result.then),
    )
    values = {"window": result.window, "kernel": result.kernel, "products": result.products}
    return InsideView(record, values, says, lambda narrow: number_sum_figure(result, narrow))


def _as_maps(outputs: Float[np.ndarray, "channels *place"]) -> Float[np.ndarray, "channels h w"]:
    return outputs if outputs.ndim == 3 else outputs[:, None, None]


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) if shape else "one number"


def _are_logits(opened: InspectedRun, layer: str) -> bool:
    last = list(dict(single_view(opened.network).named_children()))[-1]
    return layer == last
