"""What a layer makes of a picture, its kernels, and the sum behind one of its numbers."""

from functools import partial

import numpy as np
from jaxtyping import Float

from toile.errors import ToileError
from toile.inspection import activations, dead_channels, kernels, pixel
from toile.report import channel_maps_figure, number_sum_figure
from toile.workbench.inside.finding import InsideView
from toile.workbench.inside.opened import InspectedRun, ShownPicture

OVER = 2_000
"""Training images over which a channel is dead or not."""


def view_activations(
    opened: InspectedRun, picture: ShownPicture, layer: str, per_channel_scale: bool = False
) -> InsideView:
    """All channels of `layer` on `picture`; values: `maps` (channels, h, w), `silent`, `dead`.

    `dead` is told by 2,000 training images: one number at every place of all of them.
    """
    found = activations(opened.network, opened.inputs(picture.pixels[None]), layer)
    sample = opened.sample(OVER)
    dead = dead_channels(opened.network, opened.inputs(opened.dataset.train.pixels[sample]), layer)
    maps = _as_maps(found.maps[0])
    silent = found.silent[0]
    num = len(maps)
    record = {
        "run": opened.run.id, **picture.to_json(), "layer": layer, "channels": num,
        "shape": list(found.maps.shape[1:]), "largest": float(maps.max()),
        "smallest": float(maps.min()), "silent": np.flatnonzero(silent).tolist(),
        "dead": np.flatnonzero(dead).tolist(), "dead_over": len(sample),
    }  # fmt: skip
    says = (
        f"{layer} on {picture.name}: {num} channels of {_size(found.maps.shape[2:])}",
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
    """The kernels of a convolution on one of the channels that each filter sees.

    Values: `weights` (filters, channels seen, h, w), all of them.
    """
    found = kernels(opened.network, layer)
    seen = found.weights.shape[1]
    if not 0 <= input_channel < seen:
        raise ToileError(
            f"input channel is {input_channel}; each filter of {found.layer} sees {seen}, from 0 "
            f"to {seen - 1}"
        )
    shown = found.weights[:, input_channel]
    record = {
        "run": opened.run.id, "layer": found.layer, "filters": len(shown), "sees": seen,
        "kernel": list(shown.shape[1:]), "input_channel": input_channel,
        "first_channels": list(found.first_channels),
        "norms": np.linalg.norm(found.weights.reshape(len(shown), -1), axis=1).tolist(),
    }  # fmt: skip
    title = f"Kernels of {found.layer} on the channel {input_channel} of {seen} that each sees"
    says = (f"{found.layer}: {len(shown)} filters of {_size(shown.shape[1:])} on {seen} channels",)
    return InsideView(
        record,
        {"weights": found.weights},
        says,
        lambda narrow: channel_maps_figure(
            shown, title, per_channel_scale=per_channel_scale, narrow=narrow
        ),
    )


def view_pixel(
    opened: InspectedRun,
    picture: ShownPicture,
    layer: str,
    channel: int,
    place: tuple[int, int] | None = None,
) -> InsideView:
    """The sum behind one number; values: `window`, `kernel`, `products`, of equal shape."""
    image = opened.inputs(picture.pixels[None])[0]
    found = pixel(opened.network, image, layer, channel, place)
    record = {
        "run": opened.run.id, **picture.to_json(), "layer": layer, "channel": channel,
        "place": None if found.place is None else list(found.place),
        "window": list(found.window.shape), "first_channel": found.first_channel,
        "products": float(found.products.sum()), "bias": found.bias, "sum": found.total,
        "network": found.given, "then": [list(one) for one in found.then],
    }  # fmt: skip
    where = "" if found.place is None else f" at row {found.place[0]}, column {found.place[1]}"
    says = (
        (
            f"{layer} channel {channel}{where}: {found.window.size} products add up to "
            f"{found.products.sum():.6g}, with the bias of {found.bias:.6g} to "
            f"{found.total:.6g}; the network gives {found.given:.6g}"
        ),
        *(f"then {name}: {value:.6g}" for name, value in found.then),
    )
    values = {"window": found.window, "kernel": found.kernel, "products": found.products}
    return InsideView(record, values, says, lambda narrow: number_sum_figure(found, narrow))


def _as_maps(numbers: Float[np.ndarray, "channels *place"]) -> Float[np.ndarray, "channels h w"]:
    return numbers if numbers.ndim == 3 else numbers[:, None, None]


def _size(place: tuple[int, ...]) -> str:
    return " x ".join(map(str, place)) if place else "one number"


def _are_logits(opened: InspectedRun, layer: str) -> bool:
    last = list(dict(opened.network.named_children()))[-1]
    return layer == last
