"""What drives the channels of a layer: the strongest training images, and a picture made."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from toile.inspection import channel_of, maximise, top_images
from toile.report import driven_figure, strongest_figure
from toile.workbench.inside.finding import InsideView
from toile.workbench.inside.opened import InspectedRun

FIRST_CHANNELS = 8
"""Channels of a figure where none are named."""
SAMPLE = 2_000
"""Training images whose range and statistics a picture keeps to."""


def view_top(
    opened: InspectedRun, layer: str, channels: Sequence[int] = (), count: int = 9
) -> InsideView:
    """The `count` training images that drive each channel of `layer` most.

    Values, of all channels: `indices` into the training part, `values`, and `patches` (first and
    last row and column, the last not included). The figure shows `channels`, or the first eight.
    """
    indices = opened.training_indices
    found = top_images(opened.network, opened.batches(indices), layer, count)
    places = indices[found.indices]
    num = len(places)
    shown = [channel_of(layer, one, num) for one in channels] or list(range(num))[:FIRST_CHANNELS]
    train, names = opened.dataset.train, opened.class_names
    record = {
        "run": opened.run.id, "layer": layer, "images": len(indices), "channels": [
            {
                "channel": one, "indices": places[one].tolist(),
                "values": found.values[one].tolist(), "patches": found.patches[one].tolist(),
                "labels": train.labels[places[one]].tolist(),
            }
            for one in range(num)
        ],
    }  # fmt: skip
    titles = [
        [
            f"{names[train.labels[at]]} {value:.2f}"
            for at, value in zip(places[one], found.values[one], strict=True)
        ]
        for one in shown
    ]
    says = [f"{layer} over {len(indices):,} training images"]
    says += [f"channel {one}: {', '.join(row)}" for one, row in zip(shown, titles, strict=True)]
    return InsideView(
        record,
        {"indices": places, "values": found.values, "patches": found.patches},
        tuple(says),
        lambda narrow: strongest_figure(
            [f"{layer} channel {one}" for one in shown], train.pixels[places[shown]],
            found.patches[shown], titles, narrow,
        ),
    )  # fmt: skip


def view_maximised(opened: InspectedRun, layer: str, channel: int, seed: int = 0) -> InsideView:
    """A picture made to drive a channel, in the range and statistics of 2,000 training images.

    Values: `picture` (c, h, w) as bytes, `inputs` the same as the network takes it, `images` what
    those training images drive the channel to.
    """
    sample = opened.sample(SAMPLE)
    pixels = opened.dataset.train.pixels[sample]
    found = maximise(opened.network, opened.inputs(pixels), layer, channel, seed=seed)
    picture = _as_bytes(opened, found.picture)
    beaten = float((found.images < found.value).mean())
    record = {
        "run": opened.run.id, "layer": layer, "channel": channel, "value": found.value,
        "start": found.start, "strongest_image": found.strongest,
        "strongest_index": int(sample[found.images.argmax()]), "images": len(sample),
        "share_below": beaten, "distance": found.distance,
    }  # fmt: skip
    says = (
        (
            f"{layer} channel {channel}: {found.value:.4g} by the picture made, "
            f"{found.strongest:.4g} by the strongest of {len(sample):,} training images"
        ),
        f"it lies {found.distance:.2f} times as far from their mean as they typically do",
    )
    strongest = pixels[found.images.argmax()]
    return InsideView(
        record,
        {"picture": picture, "inputs": found.picture, "images": found.images},
        says,
        lambda narrow: driven_figure(
            picture, strongest, found.images, found.value, f"{layer} channel {channel}", narrow
        ),
    )


def _as_bytes(
    opened: InspectedRun, picture: Float[np.ndarray, "c h w"]
) -> UInt8[np.ndarray, "c h w"]:
    """A scaled picture as greys from 0 to 255."""
    black, white = (
        opened.inputs(np.full((1, *picture.shape), grey, np.uint8))[0].numpy() for grey in (0, 255)
    )
    return np.rint((picture - black) / (white - black) * 255).clip(0, 255).astype(np.uint8)
