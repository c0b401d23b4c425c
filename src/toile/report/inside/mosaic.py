"""Maps as one small picture for a page, which adds the text."""

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.colors import to_rgb
from PIL import Image

from toile.report.grid import canvas
from toile.report.inside.shades import shading
from toile.report.theme import VALIDATION

SIDE_PX = 44
"""About the width of a map; each value is drawn as a square of whole pixels."""
COLUMNS = 8
"""Maps side by side; so many fit a small screen."""
GAP_PX = 4
HEAT_PX = 112
SHEET_PX = 380
MOST = 128
"""Most maps that are drawn; a picture of thousands would be longer than the page."""


@dataclass(frozen=True)
class Mosaic:
    """A picture as a data: URI, the most pixels it is shown wide, and its description."""

    uri: str
    width_px: int
    says: str


def mosaic(maps: Float[np.ndarray, "channels h w"], says: str) -> Mosaic:
    """Up to 128 maps side by side on one scale, transparent at 0; the scale is added to `says`."""
    shown = _smaller(maps[:MOST])
    shades = shading(maps)
    times = max(1, round(SIDE_PX / max(shown.shape[1:])))
    # One row for each map: to_rgba would read three maps as the colours of one picture.
    colours = shades.to_rgba(shown.reshape(len(shown), -1), bytes=True)
    colours = colours.reshape(*shown.shape, 4).repeat(times, 1).repeat(times, 2)
    count, height, width, _ = colours.shape
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    sheet = np.zeros(
        (rows * (height + GAP_PX) - GAP_PX, columns * (width + GAP_PX) - GAP_PX, 4), np.uint8
    )
    for index, tile in enumerate(colours):
        top, left = (at * (side + GAP_PX) for at, side in zip(
            divmod(index, columns), (height, width), strict=True))  # fmt: skip
        sheet[top : top + height, left : left + width] = tile
    most = float(np.abs(maps).max()) or 1.0
    scale = f"blue up to {most:.3g}" + (f", orange down to {-most:.3g}" if maps.min() < 0 else "")
    left_out = f"; the first {MOST}" if count < len(maps) else ""
    return Mosaic(
        _uri(Image.fromarray(sheet)), min(sheet.shape[1], SHEET_PX), f"{says}: {scale}{left_out}"
    )


def _smaller(maps: Float[np.ndarray, "m h w"]) -> Float[np.ndarray, "m h2 w2"]:
    """Reduce large maps by the means of squares, to about twice the pixels that are shown."""
    step = max(1, max(maps.shape[1:]) // (2 * SIDE_PX))
    count, height, width = len(maps), maps.shape[1] // step, maps.shape[2] // step
    squares = maps[:, : height * step, : width * step].reshape(count, height, step, width, step)
    return np.asarray(squares.mean((2, 4)))


def heat_uri(picture: UInt8[np.ndarray, "c h w"], heat: Float[np.ndarray, "h w"]) -> str:
    """`heat` (0 and up) as orange over the picture in grey, in a data: URI."""
    grey = canvas(picture).astype(np.float64)
    grey = grey.mean(-1) if grey.ndim == 3 else grey
    veil = (heat / (heat.max() or 1.0))[..., None]
    colour = 255 * np.array(to_rgb(VALIDATION))
    mixed = (1 - 0.75 * veil) * grey[..., None] + 0.75 * veil * colour
    times = max(1, round(HEAT_PX / max(grey.shape)))
    pixels = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels.repeat(times, 0).repeat(times, 1))
    image.thumbnail((2 * HEAT_PX, 2 * HEAT_PX))
    return _uri(image)


def _uri(image: Image.Image) -> str:
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
