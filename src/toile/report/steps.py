"""The steps from a picture to a network's input, and the prediction."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toile.prediction import ClassProbability, PreparationStep
from toile.report.grid import canvas
from toile.report.theme import INK, LINE, MUTED, TRAINING, VALIDATION, new_figure, plain

PANEL = 1.75
"""Width in inches of a picture and its column of text."""
GAP = 0.3
ROW = 3.6
PITCH = 3.2
"""Inches from one row of steps to the next, if there are several rows."""
EDGE = 0.3
ARROW = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
MOST_CLASSES = 5
LINE_PITCH = 0.34
COLUMN = 32
"""Letters in a line below a picture."""
NARROW_COLUMN = 26
"""The same on a small screen, where the letters are larger."""


@dataclass(frozen=True)
class StepsOf:
    """A picture's name, its steps, the most probable classes and the warnings."""

    name: str
    steps: tuple[PreparationStep, ...]
    top: tuple[ClassProbability, ...]
    warnings: tuple[str, ...]


def steps_figure(pictures: Sequence[StepsOf], narrow: bool = False) -> Figure:
    """A strip for each picture: its steps with a sentence each, then the most probable classes.

    `narrow` for a small screen, two in a row.
    """
    most = max(len(picture.steps) for picture in pictures) + 1
    columns = 2 if narrow else most
    width = 2 * EDGE + columns * PANEL + (columns - 1) * GAP
    strip = ROW + (-(-most // columns) - 1) * PITCH
    height = EDGE + strip * len(pictures)
    figure = new_figure(width, height)
    # Placed in inches, so that all pictures have one size, independent of the sentences.
    figure.set_layout_engine("none")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    for row, picture in enumerate(pictures):
        top = EDGE + strip * row
        if row:
            page.plot([EDGE, width - EDGE], [top - 0.2] * 2, color=LINE, linewidth=0.8)
        _draw_strip(page, picture, top, columns)
    return figure


def _draw_strip(page: Axes, picture: StepsOf, top: float, columns: int) -> None:
    letters = NARROW_COLUMN if columns == 2 else COLUMN
    _write(page, EDGE, top, plain(picture.name, columns * letters // 2), 10.0)
    for index, step in enumerate(picture.steps):
        row, column = divmod(index, columns)
        left, above = EDGE + column * (PANEL + GAP), top + 0.35 + row * PITCH
        _draw_step(page, step, left, above, letters)
        page.text(
            left + PANEL + GAP / 2, above + 0.25 + PANEL / 2, ARROW, color=MUTED, size=14,
            ha="center", va="center",
        )  # fmt: skip
    row, column = divmod(len(picture.steps), columns)
    left, above = EDGE + column * (PANEL + GAP), top + 0.35 + row * PITCH
    _write(page, left, above, "Answer", 8.5)
    _draw_answer(page, picture, left, above + 0.25, letters)


def _draw_step(page: Axes, step: PreparationStep, left: float, top: float, letters: int) -> None:
    _write(page, left, top, step.name, 8.5)
    _, height, width = step.pixels.shape
    scale = PANEL / max(height, width)
    wide, high = width * scale, height * scale
    # Centred in its square, so that the arrow points at it.
    x, y = left + (PANEL - wide) / 2, top + 0.25 + (PANEL - high) / 2
    page.imshow(
        canvas(step.pixels),
        extent=(x, x + wide, y + high, y),
        cmap="gray",
        vmin=0,
        vmax=255,
        # Small pictures show their pixels; large ones are averaged.
        interpolation="nearest" if max(height, width) < 128 else "antialiased",
        aspect="auto",
    )
    page.add_patch(Rectangle((x, y), wide, high, fill=False, edgecolor=LINE, linewidth=0.8))
    if step.box is not None:
        box_left, box_top, right, bottom = (scale * edge for edge in step.box)
        corner = (x + box_left, y + box_top)
        around = Rectangle(corner, right - box_left, bottom - box_top, fill=False)
        around.set(edgecolor=VALIDATION, linewidth=1.2)
        page.add_patch(around)
    _write_lines(page, left, top + 0.33 + PANEL, step.sentence, MUTED, letters)


def _draw_answer(page: Axes, picture: StepsOf, left: float, top: float, letters: int) -> None:
    shown = picture.top[:MOST_CLASSES]
    if not shown:
        _write(page, left, top, "No answer", 8.0)
    for rank, candidate in enumerate(shown):
        y = top + LINE_PITCH * rank
        weight, strength = ("bold", 1.0) if rank == 0 else ("normal", 0.45)
        _write(page, left, y, plain(candidate.class_name, 16), 8.0, weight)
        percent = f"{100 * candidate.probability:.1f} %"
        page.text(left + PANEL, y, percent, color=INK, size=8, ha="right", va="top")
        for fraction, colour, alpha in ((1, LINE, 1), (candidate.probability, TRAINING, strength)):
            bar = Rectangle((left, y + 0.17), PANEL * fraction, 0.08, facecolor=colour, linewidth=0)
            bar.set_alpha(alpha)
            page.add_patch(bar)
    text = " ".join(f"{warning[0].upper()}{warning[1:]}." for warning in picture.warnings)
    below = top + LINE_PITCH * max(1, len(shown)) + 0.08
    _write_lines(page, left, below, text, VALIDATION, letters)


def _write(page: Axes, x: float, y: float, text: str, size: float, weight: str = "bold") -> None:
    page.text(x, y, text, color=INK, size=size, weight=weight, va="top")


def _write_lines(page: Axes, x: float, y: float, text: str, colour: str, letters: int) -> None:
    lines = textwrap.fill(plain(text, 400), letters)
    size = 6.8 * COLUMN / letters
    page.text(x, y, lines, color=colour, size=size, va="top", linespacing=1.35)
