"""The operations behind corruptions: n pictures in, n pictures out, each by its own amount.

Pictures are bytes (n, c, h, w). Pixels from outside a picture are `background`, a grey for each
colour.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int, UInt8

# scipy.ndimage is imported where it is used: listing runs imports this room.
Pictures = UInt8[np.ndarray, "n c h w"]
Background = Float[np.ndarray, " c"]


def shift(pixels: Pictures, offsets: Int[np.ndarray, "n 2"], background: Background) -> Pictures:
    """Move each picture by its `offsets` (down, right), in whole pixels."""
    shifted = _blank(pixels, background)
    sides = pixels.shape[2:]
    for source, target, offset in zip(pixels, shifted, offsets, strict=True):
        moves = [int(np.clip(by, -side, side)) for by, side in zip(offset, sides, strict=True)]
        into = [slice(max(by, 0), side + min(by, 0)) for by, side in zip(moves, sides, strict=True)]
        of = [slice(max(-by, 0), side - max(by, 0)) for by, side in zip(moves, sides, strict=True)]
        target[:, into[0], into[1]] = source[:, of[0], of[1]]
    return shifted


def rotate(pixels: Pictures, degrees: Float[np.ndarray, " n"], background: Background) -> Pictures:
    """Turn each picture about its centre, anticlockwise, by bilinear interpolation."""

    def rotation(index: int) -> Float[np.ndarray, "2 2"]:
        angle = np.deg2rad(degrees[index])
        return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    return _resampled(pixels, rotation, background)


def scale(pixels: Pictures, factors: Float[np.ndarray, " n"], background: Background) -> Pictures:
    """Scale each picture about its centre by its factor, by bilinear interpolation."""
    return _resampled(pixels, lambda index: np.eye(2) / factors[index], background)


def brighten(pixels: Pictures, factors: Float[np.ndarray, " n"]) -> Pictures:
    """Multiply all greys by the picture's factor, cut at 255."""
    return _as_bytes(pixels * factors[:, None, None, None])


def flatten_contrast(pixels: Pictures, factors: Float[np.ndarray, " n"]) -> Pictures:
    """Multiply the differences from each picture's mean grey by its factor."""
    means = pixels.mean((1, 2, 3), keepdims=True)
    return _as_bytes(means + (pixels - means) * factors[:, None, None, None])


def blur(pixels: Pictures, sd_px: float) -> Pictures:
    """Blur all by a Gaussian of `sd_px`; outside, the border's pixels are repeated."""
    from scipy import ndimage

    greys = pixels.astype(np.float32)
    return _as_bytes(ndimage.gaussian_filter(greys, (0, 0, sd_px, sd_px), mode="nearest"))


def add_noise(pixels: Pictures, noise: Float[np.ndarray, "n c h w"]) -> Pictures:
    """Add `noise` to the greys, cut at 0 and 255."""
    return _as_bytes(pixels + noise)


def cover(
    pixels: Pictures, corners: Int[np.ndarray, "n 2"], side_px: int, background: Background
) -> Pictures:
    """Cover a square of each picture with background, from row and column `corners` on."""
    covered = pixels.copy()
    fill = _as_bytes(background)[:, None, None]
    for picture, (row, column) in zip(covered, corners, strict=True):
        picture[:, row : row + side_px, column : column + side_px] = fill
    return covered


def _blank(pixels: Pictures, background: Background) -> Pictures:
    return np.broadcast_to(_as_bytes(background)[:, None, None], pixels.shape).copy()


def _as_bytes(greys: Float[np.ndarray, "*any"]) -> UInt8[np.ndarray, "*any"]:
    return np.rint(greys).clip(0, 255).astype(np.uint8)


def _resampled(
    pixels: Pictures, matrix_of: Callable[[int], Float[np.ndarray, "2 2"]], background: Background
) -> Pictures:
    """Read each output pixel at its offset from the centre, transformed by the picture's matrix."""
    from scipy import ndimage

    middle = (np.array(pixels.shape[2:]) - 1) / 2
    result = np.empty_like(pixels)
    for index, picture in enumerate(pixels.astype(np.float32)):
        matrix = matrix_of(index)
        offset = middle - matrix @ middle
        for channel, plane in enumerate(picture):
            # Unlike "constant", grid-constant interpolates between the border and the background.
            greys = ndimage.affine_transform(
                plane,
                matrix,
                offset,
                order=1,
                mode="grid-constant",
                cval=float(background[channel]),
            )
            result[index, channel] = _as_bytes(greys)
    return result
