"""`toile inspect film`: a layer over the epochs of a run that keeps the weights of each epoch."""

from pathlib import Path
from typing import Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force, refuse_existing
from toile.cli.inspect.viewing import (
    Index,
    Layer,
    OfClass,
    OfFile,
    Out,
    OutputOptions,
    Picked,
    Seed,
    Values,
    looking,
    parsed_channels,
)
from toile.cli.terminal import plain, say
from toile.errors import ToileError
from toile.files import write_atomically


def film(
    run: RunName,
    layer: Layer,
    of_kernels: Annotated[
        bool,
        typer.Option("--kernels", help="Show the layer's kernels instead of a picture's maps."),
    ] = False,
    channels: Annotated[
        str | None,
        typer.Option(metavar="N,N...", help="Channels of the figure; by default the first twelve."),
    ] = None,
    gif: Annotated[Path | None, typer.Option(metavar="GIF", help="Write an animation.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="HTML", help="Write a page with a slider.")
    ] = None,
    index: Index = None,
    class_: OfClass = None,
    file: OfFile = None,
    seed: Seed = 0,
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show a layer after every epoch of a run that was trained with training.keep=epochs."""
    indices = parsed_channels(channels)
    _refuse(gif, ".gif", "--gif", force)
    _refuse(html, ".html", "--html", force)
    options = OutputOptions(out, values, force, as_json)
    with looking(run, "last", data, options, class_) as (opened, tell):
        from toile.workbench import view_film

        picture = None if of_kernels else Picked(index, class_, file, seed).of(opened)
        view = view_film(opened, layer, picture, indices)
        tell(view)
    if gif is None and html is None:
        return
    from toile.report import film_gif, film_page

    frames = view.frames()
    if gif is not None:
        write_atomically(gif, film_gif(frames))
    if html is not None:
        write_atomically(html, film_page(frames, view.epochs, view.title).encode())
    for path in filter(None, (gif, html)):
        if not as_json:
            say(f"wrote {plain(str(path))}")


def _refuse(path: Path | None, suffix: str, option: str, force: bool) -> None:
    if path is None:
        return
    refuse_existing(path, force)
    if path.suffix != suffix:
        raise ToileError(
            f"{option} {path} ends in {path.suffix!r}; its name has to end in {suffix}"
        )
