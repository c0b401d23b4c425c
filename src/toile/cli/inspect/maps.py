"""`toile inspect attribute`: what in a picture an answer, or a channel, is owed to."""

from typing import Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force
from toile.cli.inspect.viewing import (
    Index,
    OfClass,
    OfFile,
    Out,
    OutputOptions,
    Picked,
    Seed,
    Values,
    Weights,
    looking,
    parsed_position,
)


def attribute(
    run: RunName,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="saliency, deconvolution, guided, integrated, occlusion, gradcam or cam.",
        ),
    ] = "gradcam",
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="CLASS", help="For which class; the likeliest unless said."),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="LAYER", help="Of gradcam the maps; else, with --channel, of what."),
    ] = None,
    channel: Annotated[
        int | None, typer.Option(help="A channel of the layer, for a class.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="ROW,COLUMN", help="Where; at its greatest unless said."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Hold the map against random ones.")
    ] = True,
    index: Index = None,
    class_: OfClass = None,
    file: OfFile = None,
    seed: Seed = 0,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Map what in a picture an answer is owed to, and check the map before it is believed."""
    from toile.inspection import method_of

    # Before torch is loaded.
    method_of(method)
    position = parsed_position(at)
    with looking(run, weights, data, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_attribution

        picture = Picked(index, class_, file, seed).of(opened)
        tell(view_attribution(opened, picture, method, of, layer, channel, position, check))
