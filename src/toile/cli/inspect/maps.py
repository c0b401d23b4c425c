"""`toile inspect attribute`: which pixels a prediction, or a channel, depends on."""

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
        typer.Option(
            "--of", metavar="CLASS", help="For which class; by default the predicted one."
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(metavar="LAYER", help="Layer of Grad-CAM's maps, or of --channel."),
    ] = None,
    channel: Annotated[
        int | None, typer.Option(help="Explain a channel of the layer instead of a class.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="ROW,COLUMN", help="Position in its map; by default its maximum."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare the map with random maps.")
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
    """Map which pixels a prediction depends on, and check that map."""
    from toile.inspection import method_of

    # Before torch is loaded.
    method_of(method)
    position = parsed_position(at)
    options = OutputOptions(out, values, force, as_json)
    with looking(run, weights, data, options, class_) as (opened, tell):
        from toile.workbench import view_attribution

        picture = Picked(index, class_, file, seed).of(opened)
        tell(view_attribution(opened, picture, method, of, layer, channel, position, check))
