"""Resizes a part of a picture to the size of the training images."""

import numpy as np
from jaxtyping import Float, Float64
from PIL import Image
from PIL.Image import Resampling

from toile.prediction.step import Box

FINE = 4
"""A picture at least this many times larger than the training images may be an enlarged one."""
MOST_PX = 2048
"""A longer part is mostly background, and the picture is averaged down first."""
ROUNDS = 3
EXPLAINED = 0.6


def resampled(
    greys: Float[np.ndarray, "c h w"],
    part: Box,
    size: tuple[int, int],
    background_grey: Float64[np.ndarray, " c"],
) -> tuple[Float[np.ndarray, "c h2 w2"], bool]:
    """`part` of a picture at `size` (width, height), filled with `background_grey` outside.

    A pixel is the mean of the area it covers. If the part was smoothly enlarged from a picture of
    `size`, this would blur it; then the small picture is restored, and the second result is True.
    """
    factor = int(np.ceil(max(part[2] - part[0], part[3] - part[1]) / MOST_PX))
    if factor > 1:
        greys = averaged(greys, factor)
        left, top, right, bottom = (edge / factor for edge in part)
        part = (left, top, right, bottom)
    padded, box = _padded(greys, part, background_grey)
    scale = (box[2] - box[0]) / size[0]
    small = _resize(padded, size, Resampling.BOX if scale >= 1 else Resampling.BICUBIC, box)
    if scale < FINE:
        return small, False
    fine = (FINE * size[0], FINE * size[1])
    original = _resize(padded, fine, Resampling.BOX, box)
    sharp = small
    for _ in range(ROUNDS):
        # Add the difference that enlarging and averaging makes (van Cittert 1931).
        sharp = sharp + small - _resize(_resize(sharp, fine, Resampling.BICUBIC), size)
    smooth = np.abs(_resize(sharp, fine, Resampling.BICUBIC) - original).mean()
    blocky = np.abs(_resize(small, fine, Resampling.NEAREST) - original).mean()
    # The ratio is .1 to .5 for smoothly enlarged Fashion-MNIST, and 4 to 6 for blocks.
    return (sharp, True) if smooth < EXPLAINED * blocky else (small, False)


def averaged(greys: Float[np.ndarray, "c h w"], factor: int) -> Float[np.ndarray, "c h2 w2"]:
    """The means of squares of `factor` px, of smaller ones at the right and lower edge."""
    return np.stack([np.asarray(Image.fromarray(channel).reduce(factor)) for channel in greys])


def _padded(
    greys: Float[np.ndarray, "c h w"], part: Box, background_grey: Float64[np.ndarray, " c"]
) -> tuple[Float[np.ndarray, "c h2 w2"], Box]:
    """The picture padded with background as `part` needs, and `part` in the padded picture."""
    _, height, width = greys.shape
    left, top, right, bottom = part
    before = _overhang(-top), _overhang(-left)
    after = _overhang(bottom - height), _overhang(right - width)
    around = tuple(zip(before, after, strict=True))
    padded = [
        np.pad(channel, around, constant_values=grey)
        for channel, grey in zip(greys, background_grey, strict=True)
    ]
    down, across = before
    return np.stack(padded), (left + across, top + down, right + across, bottom + down)


def _overhang(px: float) -> int:
    return max(0, int(np.ceil(px)))


def _resize(
    greys: Float[np.ndarray, "c h w"],
    size: tuple[int, int],
    filter_: Resampling = Resampling.BOX,
    box: Box | None = None,
) -> Float[np.ndarray, "c h2 w2"]:
    return np.stack(
        [np.asarray(Image.fromarray(channel).resize(size, filter_, box)) for channel in greys]
    )
