"""What prediction has to know about the training pixels: scale, background and margins."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8

from toile.data.images import Images, chunk_slices
from toile.data.mapped_pixels import AnyPixels

BORDER_TOLERANCE = 16
"""Grey levels a pixel may differ from the border and still count as empty."""


@dataclass(frozen=True)
class Margins:
    """Median of empty rows and columns around what is in the images, in px."""

    top_px: float
    right_px: float
    bottom_px: float
    left_px: float


@dataclass(frozen=True)
class PixelStatistics:
    """Mean and SD of pixels / 255 and the border's grey (0 to 255), each with a value a channel."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]
    border_grey: tuple[float, ...]
    margins: Margins


def pixel_statistics(images: Images) -> PixelStatistics:
    """Statistics of `images`; exact, and without a float copy of them.

    The border is the outermost pixel all around. Images that are empty by `BORDER_TOLERANCE` have
    no margins and are left out of the median; if all are, the margins are 0.
    """
    channels = range(images.shape[0])
    counts, frames = np.zeros((2, len(channels), 256), np.int64)
    for piece in chunk_slices(images.pixels):
        pixels = images.pixels[piece]
        counts += [count_values(pixels[:, channel]) for channel in channels]
        frames += frame_counts(pixels)
    border = tuple(mean_and_sd(frames[channel])[0] for channel in channels)
    # From counts of the 256 values the sums are exact whole numbers, whatever the order.
    scale = [mean_and_sd(channel_counts) for channel_counts in counts]
    return PixelStatistics(
        mean=tuple(mean / 255 for mean, _ in scale),
        sd=tuple(sd / 255 for _, sd in scale),
        border_grey=border,
        margins=_margins(images.pixels, np.array(border)),
    )


def count_values(pixels: UInt8[np.ndarray, "n *rest"]) -> Int64[np.ndarray, " 256"]:
    """How often each of the 256 values occurs."""
    counts = np.zeros(256, np.int64)
    for piece in chunk_slices(pixels):
        # bincount copies to eight bytes a value, so only ever a piece at a time.
        counts += np.bincount(pixels[piece].ravel(), minlength=256)
    return counts


def mean_and_sd(counts: Int64[np.ndarray, " 256"]) -> tuple[float, float]:
    """Mean and population SD of values 0 to 255 from their counts; NaN where there are none."""
    total = counts.sum()
    if total == 0:
        return float("nan"), float("nan")
    values = np.arange(256)
    mean = counts @ values / total
    # About the mean, not E[x^2] - E[x]^2, whose two terms nearly cancel for images of one grey.
    return float(mean), float(np.sqrt(counts @ (values - mean) ** 2 / total))


def frame_counts(pixels: UInt8[np.ndarray, "n c h w"]) -> list[Int64[np.ndarray, " 256"]]:
    """How often each value occurs in the outermost pixels all around, channel by channel."""
    sides = (
        pixels[:, :, 0, :],
        pixels[:, :, -1, :],
        # The corners have been counted with the rows.
        pixels[:, :, 1:-1, 0],
        pixels[:, :, 1:-1, -1],
    )
    return [
        sum((count_values(side[:, channel]) for side in sides), np.zeros(256, np.int64))
        for channel in range(pixels.shape[1])
    ]


def _margins(pixels: AnyPixels, border: Float64[np.ndarray, " c"]) -> Margins:
    emptiness = [
        _empty_sides(is_foreground(pixels[piece], border)) for piece in chunk_slices(pixels)
    ]
    sides = np.concatenate(emptiness)
    if not len(sides):
        return Margins(0.0, 0.0, 0.0, 0.0)
    return Margins(*np.median(sides, axis=0).tolist())


def is_foreground(
    pixels: UInt8[np.ndarray, "n c h w"], border: Float64[np.ndarray, " c"]
) -> Bool[np.ndarray, "n h w"]:
    """Where any channel leaves the border's grey; by table, for arithmetic on pixels is slow."""
    differs = np.abs(np.arange(256) - border[:, None]) > BORDER_TOLERANCE
    by_channel = [differs[channel][pixels[:, channel]] for channel in range(len(border))]
    everywhere: Bool[np.ndarray, "n h w"] = np.any(by_channel, axis=0)
    return everywhere


def _empty_sides(foreground: Bool[np.ndarray, "n h w"]) -> Int64[np.ndarray, "m 4"]:
    """Empty rows or columns at top, right, bottom, left of each image that holds anything."""
    rows, columns = np.any(foreground, axis=2), np.any(foreground, axis=1)
    holds_something = np.any(rows, axis=1)
    rows, columns = rows[holds_something], columns[holds_something]
    first = (rows, columns[:, ::-1], rows[:, ::-1], columns)
    # argmax of truth values is the place of the first True.
    return np.stack([side.argmax(axis=1) for side in first], axis=1)
