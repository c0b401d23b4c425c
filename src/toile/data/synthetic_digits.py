"""`synthetic-digits`: digits in twelve fonts, sheared, scaled, moved and with noise.

They are computed from a seed, with the same bits on every machine: the glyphs are stored as a
picture, and only sums and products are computed. Each part has its own random stream.
"""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64, UInt8
from PIL import Image

from toile.data.catalogue import IDX_FILES, Known
from toile.data.locations import GLYPHS
from toile.data.readers.parts import Progress
from toile.file_lock import file_lock
from toile.files import write_atomically, writing
from toile.streams import numpy_stream

SIDE_PX, CELL_PX, GLYPH_PX = 28, 48, 40
NUM_STYLES = 12
FINE = 2
"""Samples along each side of a pixel, which are averaged."""
AT_ONCE = 500
SEED = 2026

Uniform = Callable[[int | float, int | float], Float64[np.ndarray, " n"]]


def make_synthetic_digits(known: Known, folder: Path, progress: Progress) -> None:
    """Write the four IDX files of the set into `folder`."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder):
        total, done = sum(known.num_images), 0
        for part, count in enumerate(known.num_images):

            def tell(num: int, done: int = done) -> None:
                progress(done + num, total, "pictures")

            pixels, labels = synthetic_digits(count, SEED, part, tell)
            done += count
            images = struct.pack(">4I", 0x803, *pixels.shape) + pixels.tobytes()
            classes = struct.pack(">2I", 0x801, count) + labels.astype(np.uint8).tobytes()
            write_atomically(folder / IDX_FILES[2 * part], images)
            write_atomically(folder / IDX_FILES[2 * part + 1], classes)


def synthetic_digits(
    count: int, seed: int, part: int = 0, progress: Callable[[int], None] = lambda done: None
) -> tuple[UInt8[np.ndarray, "n h w"], Int64[np.ndarray, " n"]]:
    """`count` pictures of 28 x 28 px and their labels, with equally many of each digit.

    Digits are white on black. `part` 0 and 1 have different random streams; `progress` is called
    with the number of pictures done.
    """
    labels = np.arange(count) % 10
    pixels = np.empty((count, SIDE_PX, SIDE_PX), np.uint8)
    glyphs = np.asarray(Image.open(GLYPHS), np.float64) / 255
    for start in range(0, count, AT_ONCE):
        chunk = slice(start, min(start + AT_ONCE, count))
        rng = numpy_stream(seed, "synthetic digits", part, start)
        pixels[chunk] = _draw(labels[chunk], glyphs, rng)
        progress(chunk.stop)
    return pixels, labels


def _draw(
    labels: Int64[np.ndarray, " n"],
    glyphs: Float64[np.ndarray, "styles digits"],
    rng: np.random.Generator,
) -> UInt8[np.ndarray, "n h w"]:
    n = len(labels)

    def uniform(low: int | float, high: int | float) -> Float64[np.ndarray, " n"]:
        return low + (high - low) * rng.random(n)

    styles = rng.integers(0, NUM_STYLES, n)
    rows, columns = _glyph_coordinates(uniform)
    values = _bilinear(glyphs, styles, labels, rows, columns)
    # Four samples for each pixel, always added in the same order.
    fine = values.reshape(n, SIDE_PX, FINE, SIDE_PX, FINE)
    values = (
        fine[:, :, 0, :, 0] + fine[:, :, 0, :, 1] + fine[:, :, 1, :, 0] + fine[:, :, 1, :, 1]
    ) / 4
    white, black = uniform(140, 255), uniform(0, 40)
    grey = black[:, None, None] + values * (white - black)[:, None, None]
    # Uniform noise of a range for each picture: normal noise would need logarithms.
    noise = rng.integers(-100, 101, values.shape) * (uniform(0, 24) / 100)[:, None, None]
    return np.asarray(np.clip(np.rint(grey + noise), 0, 255), np.uint8)


def _glyph_coordinates(
    uniform: Uniform,
) -> tuple[Float64[np.ndarray, "n h w"], Float64[np.ndarray, "n h w"]]:
    """The row and column in the glyph's cell of each sample of each picture."""
    height = uniform(13, 22)
    scale = GLYPH_PX / height
    width = scale * uniform(0.75, 1.2)
    shear, tilt = uniform(-0.3, 0.3), uniform(-0.15, 0.15)
    down, right = uniform(-3, 3), uniform(-3, 3)
    centres = (np.arange(SIDE_PX * FINE) + 0.5) / FINE - SIDE_PX / 2
    y = centres[None, :, None] - down[:, None, None]
    x = centres[None, None, :] - right[:, None, None]
    row = scale[:, None, None] * (y + tilt[:, None, None] * x)
    column = width[:, None, None] * (x + shear[:, None, None] * y)
    return row + CELL_PX / 2 - 0.5, column + CELL_PX / 2 - 0.5


def _bilinear(
    glyphs: Float64[np.ndarray, "styles digits"],
    styles: Int64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    rows: Float64[np.ndarray, "n h w"],
    columns: Float64[np.ndarray, "n h w"],
) -> Float64[np.ndarray, "n h w"]:
    """The glyphs' greys by bilinear interpolation; 0 outside a cell."""
    inside = (rows >= 0) & (rows <= CELL_PX - 1) & (columns >= 0) & (columns <= CELL_PX - 1)
    rows, columns = np.clip(rows, 0, CELL_PX - 1), np.clip(columns, 0, CELL_PX - 1)
    top = np.minimum(np.floor(rows).astype(np.int64), CELL_PX - 2)
    left = np.minimum(np.floor(columns).astype(np.int64), CELL_PX - 2)
    down, right = rows - top, columns - left
    top += (styles * CELL_PX)[:, None, None]
    left += (labels * CELL_PX)[:, None, None]
    upper = glyphs[top, left] * (1 - right) + glyphs[top, left + 1] * right
    lower = glyphs[top + 1, left] * (1 - right) + glyphs[top + 1, left + 1] * right
    return np.asarray((upper * (1 - down) + lower * down) * inside)
