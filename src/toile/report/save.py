"""Figures written to files, whole or not at all."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from toile.errors import ToileError
from toile.files import write_atomically

SUFFIXES = (".png", ".svg")


def save_figure(figure: Figure, path: Path) -> None:
    """Write `figure` as PNG or SVG, by the suffix of `path`; the same figure gives the same bytes.

    An SVG's letters are outlines, so that it looks alike without our font.
    """
    if path.suffix not in SUFFIXES:
        raise ToileError(f"{path} ends in {path.suffix!r}; a figure is saved as .png or .svg")
    written = io.BytesIO()
    # matplotlib writes today's date into an SVG and its own version into both.
    nameless = {"Date": None, "Creator": None} if path.suffix == ".svg" else {"Software": None}
    with drawing(outlines=True):
        figure.savefig(written, format=path.suffix[1:], metadata=nameless)
    write_atomically(path, written.getvalue())


@contextmanager
def drawing(outlines: bool, salt: str = "toile") -> Iterator[None]:
    """matplotlib's settings while a figure is drawn; names in an SVG are hashes with `salt`.

    Names in a script that DejaVu Sans lacks come out as boxes; that is no ground for a warning on
    every letter.
    """
    letters = "path" if outlines else "none"
    with (
        # Without a salt an SVG's ids are random, and the same figure is other bytes each time.
        rc_context({"svg.hashsalt": salt, "svg.fonttype": letters}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        yield
