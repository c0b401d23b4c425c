"""Converts to grey or colour like the training images, in integers, so that inverses stay exact."""

import numpy as np
from jaxtyping import Integer, UInt8

from toile.prediction.step import Notes

# ITU-R 601-2, as in Pillow for the training images, in thousandths.
GREY_WEIGHTS = (299, 587, 114)
WHITE = 255


def recoloured(
    pixels: UInt8[np.ndarray, "c h w"], channels: int, notes: Notes
) -> tuple[Integer[np.ndarray, "channels h w"], int]:
    """The picture with `channels` channels, and its value of white: 255 or 255,000."""
    if len(pixels) == channels:
        return pixels, WHITE
    if channels == 3:
        pixels = np.repeat(pixels, 3, axis=0)
        notes.step("Colour", "Grey became three equal channels: the network needs colour.", pixels)
        return pixels, WHITE
    weighted = zip(GREY_WEIGHTS, pixels, strict=True)
    thousandths = sum(weight * channel.astype(np.int32) for weight, channel in weighted)[None]
    notes.step(
        "Grey",
        "Colour became grey, .299 red + .587 green + .114 blue: the network needs grey.",
        thousandths,
        1000 * WHITE,
    )
    return thousandths, 1000 * WHITE
