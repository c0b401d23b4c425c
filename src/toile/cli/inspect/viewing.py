"""The common options of the commands that look inside a network, and the output of views."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.inspect.written import refuse_written, write_values
from toile.cli.terminal import hint, plain, say, say_json
from toile.errors import ToileError, not_one_of

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from toile.workbench import InsideView, InspectedRun, ShownPicture

Weights = Annotated[str, typer.Option(help="last, or best by validation.")]
Layer = Annotated[str, typer.Argument(metavar="LAYER", help="The layer's name in toile network.")]
Index = Annotated[int | None, typer.Option(metavar="N", help="The training image with this index.")]
OfClass = Annotated[
    str | None, typer.Option("--class", metavar="NAME", help="A validation image of this class.")
]
OfFile = Annotated[str | None, typer.Option("--file", metavar="FILE", help="Any picture.")]
Seed = Annotated[int, typer.Option(min=0, help="The seed that draws an image if none is named.")]
Out = Annotated[Path | None, typer.Option(metavar="PNG|SVG", help="Draw it here.")]
Values = Annotated[Path | None, typer.Option(metavar="NPZ", help="Write the arrays here.")]
PerChannelScale = Annotated[
    bool, typer.Option("--own-scale", help="One scale for each channel instead of one for all.")
]


@dataclass(frozen=True)
class Picked:
    """The typed options that choose a picture."""

    index: int | None
    class_name: str | None
    file: str | None
    seed: int

    def of(self, opened: "InspectedRun") -> "ShownPicture":
        """The chosen picture."""
        return opened.picture(self.index, self.class_name, self.file, self.seed)


@dataclass(frozen=True)
class OutputOptions:
    """The typed options of the output."""

    out: Path | None
    values: Path | None
    force: bool
    as_json: bool


@contextmanager
def looking(
    run: str,
    weights: str,
    data: str | None,
    options: OutputOptions,
    class_name: str | None = None,
) -> Iterator[tuple["InspectedRun", Callable[["InsideView"], None]]]:
    """The opened run, and a function that takes the views to print and write at the end.

    Options that cannot work are refused before torch is loaded.
    """
    from toile.cli.progress import data_progress, waiting
    from toile.runs import open_run

    refuse_written(options.out, options.values, options.force)
    named = open_run(run)
    if class_name is not None and class_name not in (names := named.data.class_names):
        raise not_one_of("class", class_name, names)
    with waiting("loading torch"):
        from toile.workbench import inspected

    with data_progress() as progress:
        views: list[InsideView] = []
        yield inspected(named, weights, data, progress), views.append
    for view in views:
        tell_view(view, options)


def tell_view(view: "InsideView", options: OutputOptions) -> None:
    """Write the requested files, and print the view and their paths."""
    # Files first, since a reader such as `head` may leave before the last line; and what was
    # computed is printed even if it cannot be written.
    try:
        write_files(options, lambda: view.draw(False), view.values)
    finally:
        if options.as_json:
            say_json(view.record)
        else:
            for line in view.says:
                say(plain(line))
    tell_files(options)


def write_files(
    options: OutputOptions, draw: Callable[[], "Figure"], values: "Mapping[str, np.ndarray]"
) -> None:
    """Write the requested figure and arrays."""
    if options.out is not None:
        from toile.report import save_figure

        save_figure(draw(), options.out)
    if options.values is not None:
        write_values(options.values, values)


def tell_files(options: OutputOptions) -> None:
    """Print the paths of the written files."""
    for path in filter(None, (options.out, options.values)):
        if not options.as_json:
            say(f"wrote {plain(str(path))}")
    if options.out is None and not options.as_json:
        hint("next: the same with --out FILE.png draws it")


def parsed_position(text: str | None) -> tuple[int, int] | None:
    """`3,4` as row and column. Raises ToileError for anything else."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise ToileError(f"--at is {text}; it is a row and a column, such as 3,4")
    return int(parts[0]), int(parts[1])


def parsed_channels(text: str | None) -> list[int]:
    """`3,7` as channels. Raises ToileError for anything else."""
    parts = [] if text is None else text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise ToileError(
            f"--channels is {text}; it is numbers with commas between them, such as 3,7"
        )
    return [int(part) for part in parts]
