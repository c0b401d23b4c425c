"""Decides from the border whether a picture is dark on light or light on dark.

Exactly one of a picture and its inverse is inverted, because all sums are exact.
"""

import numpy as np
from jaxtyping import Float, Integer, Shaped

from toile.prediction.step import Notes, words

UNDECIDED = 32
"""A border this close to middle grey, of 255, may be either kind of background."""


def match_polarity(
    levels: Integer[np.ndarray, "c h w"],
    full: int,
    background_grey: Float[np.ndarray, " c"],
    thickness: int,
    notes: Notes,
) -> Integer[np.ndarray, "c h w"]:
    """`levels` (0 to `full`), or their inverse if that is more like the training images.

    The border is `thickness` px wide.
    """
    if not is_inverted(levels, full, background_grey, thickness):
        return levels
    border = np.median(border_of(levels, thickness), axis=1) * 255 / full
    levels = full - levels
    notes.step(
        "Inverted",
        f"Dark became light: the border was {words(border)} of 255, and that of the training "
        f"images is {words(background_grey)}.",
        levels,
        full,
    )
    return levels


def is_inverted(
    levels: Integer[np.ndarray, "c h w"],
    full: int,
    background_grey: Float[np.ndarray, " c"],
    thickness: int,
) -> bool:
    """Whether the border of `levels` (0 to `full`) is closer to the inverse of `background_grey`.

    A middle grey border leaves the decision to the mean: as in the training images, the foreground
    has to be darker than a light background, and lighter than a dark one.
    """
    side = np.sign(background_grey - 127.5)
    border = np.median(border_of(levels, thickness), axis=1)
    toward_background = ((2 * border - full) * side).sum()
    num_pixels = levels[0].size
    toward_foreground = ((border * num_pixels - levels.sum((1, 2), dtype=np.int64)) * side).sum()
    if abs(toward_background) <= 2 * len(side) * full * UNDECIDED / 255 and toward_foreground:
        return bool(toward_foreground < 0)
    if toward_background:
        return bool(toward_background < 0)
    # A tie is decided by the first pixel that is not middle grey, which differs in the inverse.
    deviation = 2 * levels[0].astype(np.int64).ravel() - full
    return bool(side[0] * deviation[np.flatnonzero(deviation)[:1]].sum() < 0)


def border_of(levels: Shaped[np.ndarray, "c h w"], thickness: int) -> Shaped[np.ndarray, "c m"]:
    """The outermost `thickness` pixels, each once: top and bottom rows, then the sides."""
    channels = len(levels)
    sides = (
        levels[:, :thickness],
        levels[:, -thickness:],
        levels[:, thickness:-thickness, :thickness],
        levels[:, thickness:-thickness, -thickness:],
    )
    return np.concatenate([side.reshape(channels, -1) for side in sides], axis=1)
