"""Figures written to files, completely or not at all."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from toile.errors import ToileError
from toile.files import write_atomically

SUFFIXES = (".png", ".svg")


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` as PNG or SVG, by `path`'s suffix; the same figure gives the same bytes.

    The text of an SVG is written as outlines, so that it looks the same without our font. Raises
    ToileError for another suffix.
    """
    if path.suffix not in SUFFIXES:
        raise ToileError(f"{path} ends in {path.suffix!r}; a figure is saved as .png or .svg")
    written = io.BytesIO()
    with drawing(outlines=True):
        if path.suffix == ".svg":
            write_svg(figure, written)
        else:
            FigureCanvasAgg(figure).print_png(written, metadata={"Software": None})
    write_atomically(path, written.getvalue())


def write_svg(figure: Figure, stream: io.BytesIO) -> None:
    """Write `figure` as SVG, without the date and matplotlib's version.

    The bytes are those of `savefig`, which draws a figure twice: once to lay it out.
    """
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})


@contextmanager
def drawing(outlines: bool, salt: str = "toile") -> Iterator[None]:
    """Set what matplotlib needs to draw a figure the same each time; `salt` sets the ids of an SVG.

    Letters that DejaVu Sans lacks are drawn as boxes, without a warning for each letter.
    """
    letters = "path" if outlines else "none"
    with (
        # Without a salt an SVG's ids are random, so the bytes would differ each time.
        rc_context({"svg.hashsalt": salt, "svg.fonttype": letters}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        yield
