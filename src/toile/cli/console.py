"""The terminal drawn by rich; not in `terminal.py`, since rich takes a while to import."""

from collections.abc import Iterable
from importlib.util import find_spec

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from toile.cli.terminal import plain, plain_lines, tell, volume


class Terminal(Console):
    """The error stream drawn by rich: progress bars, and lines above them."""

    def __init__(self) -> None:
        super().__init__(
            stderr=True, markup=False, highlight=False, emoji=False, quiet=volume.quiet
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The drawn segments: control characters in text are escaped, rich's own codes are not."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else plain_lines(text), style, control)


def draws_bars(console: Console) -> bool:
    """Whether `console` can redraw a line; a notebook can if ipywidgets is installed."""
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)


def say_above(console: Console, line: str) -> None:
    """A line above what `console` redraws; a plain one on the error stream if it draws nothing."""
    if console.is_terminal:
        console.print(line)
    else:
        tell(plain(line))
