"""One picture as a data: URI."""

import base64
import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.report.grid import canvas


def picture_uri(picture: UInt8[np.ndarray, "c h w"], longest_px: int = 96) -> str:
    """The picture as a PNG in a data: URI, reduced if a side is longer than `longest_px`."""
    image = Image.fromarray(np.ascontiguousarray(canvas(picture)))
    # Pages show it at 64 px; 96 px is sharp on dense screens and keeps photographs small.
    image.thumbnail((longest_px, longest_px))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
