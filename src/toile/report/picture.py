"""One picture as a data: URI."""

import base64
import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from toile.report.grid import canvas

LONGEST_PX = 96
"""Pages show it at 64 px; 96 px is sharp on dense screens and keeps photographs small."""


def picture_uri(picture: UInt8[np.ndarray, "c h w"]) -> str:
    """The picture as a PNG in a data: URI, reduced if a side is longer than `LONGEST_PX`."""
    image = Image.fromarray(np.ascontiguousarray(canvas(picture)))
    image.thumbnail((LONGEST_PX, LONGEST_PX))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
