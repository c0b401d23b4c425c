"""What drives the channels of a layer: the strongest training images, and an optimised picture."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8

from toile.inspection import channel_of, maximise, top_images
from toile.report import driven_figure, strongest_figure
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.inside.opened import InspectedRun

FIRST_CHANNELS = 8
"""Channels in the figure by default."""
SAMPLE = 2_000
"""Training images whose range and statistics an optimised picture keeps."""


def view_top(
    opened: InspectedRun, layer: str, channels: Sequence[int] = (), count: int = 9
) -> InsideView:
    """The `count` training images that activate each channel of `layer` most.

    Values, for all channels: `indices` into the training part, `values`, and `patches` (first and
    end row, first and end column). The figure shows `channels`, or the first eight.
    """
    indices = opened.training_indices
    top = top_images(opened.network, opened.batches(indices), layer, count)
    image_indices = indices[top.indices]
    num = len(image_indices)
    selected = [channel_of(layer, channel, num) for channel in channels] or list(range(num))[
        :FIRST_CHANNELS
    ]
    train, names = opened.dataset.train, opened.class_names
    record = {
        "run": opened.run.id, "layer": layer, "images": len(indices), "channels": [
            {
                "channel": channel, "indices": image_indices[channel].tolist(),
                "values": top.values[channel].tolist(), "patches": top.patches[channel].tolist(),
                "labels": train.labels[image_indices[channel]].tolist(),
            }
            for channel in range(num)
        ],
    }  # fmt: skip
    titles = [
        [
            f"{names[train.labels[at]]} {value:.2f}"
            for at, value in zip(image_indices[channel], top.values[channel], strict=True)
        ]
        for channel in selected
    ]
    shown = (
        ""
        if channels or num <= FIRST_CHANNELS
        else f"; the first {FIRST_CHANNELS} of {num} channels"
    )
    says = [f"{layer} over {len(indices):,} training images{shown}"]
    says += [
        f"channel {channel}: {', '.join(row)}"
        for channel, row in zip(selected, titles, strict=True)
    ]
    return InsideView(
        record,
        {"indices": image_indices, "values": top.values, "patches": top.patches},
        tuple(says),
        lambda narrow: strongest_figure(
            [f"{layer} channel {channel}" for channel in selected],
            train.pixels[image_indices[selected]], top.patches[selected], titles, narrow,
        ),
    )  # fmt: skip


def view_maximised(opened: InspectedRun, layer: str, channel: int, seed: int = 0) -> InsideView:
    """A picture optimised to activate a channel, in the range and statistics of 2,000 images.

    Values: `picture` (c, h, w) as bytes, `inputs` the same scaled for the network, `images` the
    channel's means for those training images.
    """
    sample = opened.sample(SAMPLE)
    pixels = opened.dataset.train.pixels[sample]
    result = maximise(opened.network, opened.inputs(pixels), layer, channel, seed=seed)
    picture = _as_bytes(opened, result.picture)
    beaten = float((result.images < result.value).mean())
    record = {
        "run": opened.run.id, "layer": layer, "channel": channel, "value": result.value,
        "start": result.start, "strongest_image": result.strongest,
        "strongest_index": int(sample[result.images.argmax()]), "images": len(sample),
        "share_below": beaten, "distance": result.distance,
    }  # fmt: skip
    says = (
        (
            f"{layer} channel {channel} has a mean of {result.value:.4g} on the optimised picture, "
            f"and of {result.strongest:.4g} on the strongest of {len(sample):,} training images"
        ),
        f"it is {result.distance:.2f} times as far from their mean as they typically are",
    )
    strongest = pixels[result.images.argmax()]
    return InsideView(
        record,
        {"picture": picture, "inputs": result.picture, "images": result.images},
        says,
        lambda narrow: driven_figure(
            picture, strongest, result.images, result.value, f"{layer} channel {channel}", narrow
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
