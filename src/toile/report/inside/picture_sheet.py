"""Pictures with lines of text, each with its nearest training pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.errors import ToileError
from toile.report.grid import canvas
from toile.report.theme import (
    INK,
    MUTED,
    NARROW_INCHES,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
)

COLOURS = {"true": TRAINING, "answered": VALIDATION, "": MUTED}
LEGEND = (
    ("nearest training images", MUTED),
    ("of the true class", TRAINING),
    ("of the class answered", VALIDATION),
)
LINE = 0.15
"""Inches from one line of text to the next."""
GAP = 0.14


@dataclass(frozen=True, eq=False)
class NearPicture:
    """One of the nearest pictures: its class and its distance.

    `agrees` says which class of the main picture it has: `true`, `answered` (predicted), or
    neither (empty).
    """

    pixels: UInt8[np.ndarray, "c h w"]
    class_name: str
    distance: float
    agrees: str = ""


@dataclass(frozen=True, eq=False)
class SheetPicture:
    """A picture, the lines above it, and its nearest pictures."""

    pixels: UInt8[np.ndarray, "c h w"]
    lines: Sequence[str]
    nearest: Sequence[NearPicture] = ()


def picture_sheet(
    pictures: Sequence[SheetPicture], title: str = "", narrow: bool = False
) -> Figure:
    """All `pictures` in rows; names of nearest pictures coloured by the class they agree with.

    `narrow` for a small screen. Raises ToileError without pictures.
    """
    if not pictures:
        raise ToileError(f"{title or 'sheet'}: there are no pictures to show")
    num_nearest = max(len(picture.nearest) for picture in pictures)
    page_width = NARROW_INCHES if narrow else 9.0
    columns = max(1, (1 if narrow else 2) if num_nearest else (3 if narrow else 6))
    width = (page_width - GAP) / columns - GAP
    side = (width - 0.06 * num_nearest) / (1 + num_nearest)
    _, height, across = pictures[0].pixels.shape
    tall = side * height / across
    num_lines = max(len(picture.lines) for picture in pictures)
    below = 2 * LINE if num_nearest else 0.0
    pitch = num_lines * LINE + tall + below + GAP
    top = (0.4 if title else GAP) + (0.22 if num_nearest else 0)
    total = top + -(-len(pictures) // columns) * pitch
    figure = new_figure(page_width, total)
    figure.set_layout_engine("none")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, page_width), ylim=(total, 0))
    page.set_axis_off()
    letters = 6.0 if narrow else 6.8
    if title:
        heading = plain(title, 46 if narrow else 110)
        page.text(GAP, 0.2, heading, color=INK, size=9, weight="bold", va="center")
    if num_nearest:
        for at, (text, colour) in enumerate(LEGEND):
            x = GAP + at * min(1.5, (page_width - GAP) / len(LEGEND))
            page.text(x, top - 0.14, text, color=colour, size=letters, va="center")
    # A letter is about .008 inches wide for each point of its size.
    longest = int(width / (0.008 * letters))
    for at, picture in enumerate(pictures):
        x, y = GAP + at % columns * (width + GAP), top + at // columns * pitch
        for number, line in enumerate(picture.lines):
            words = plain(line, longest)
            page.text(x, y + number * LINE, words, color=INK, size=letters, va="top")
        y += num_lines * LINE
        _draw(page, picture.pixels, x, y, side, tall)
        for number, near in enumerate(picture.nearest, start=1):
            left = x + number * (side + 0.06)
            _draw(page, near.pixels, left, y, side, tall)
            colour = COLOURS[near.agrees]
            name = plain(near.class_name, int(side / (0.008 * 5.6)))
            page.text(left, y + tall + 0.03, name, color=colour, size=5.6, va="top")
            distance = f"{near.distance:.3g}"
            page.text(left, y + tall + 0.15, distance, color=MUTED, size=5.6, va="top")
    return figure


def _draw(
    page: Axes, pixels: UInt8[np.ndarray, "c h w"], x: float, y: float, side: float, tall: float
) -> None:
    page.imshow(
        canvas(pixels), extent=(x, x + side, y + tall, y), cmap="gray", vmin=0, vmax=255,
        aspect="auto", interpolation="nearest",
    )  # fmt: skip
