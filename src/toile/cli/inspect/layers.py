"""`toile inspect activations`, `kernels` and `pixel`: a layer's maps and its arithmetic."""

from typing import Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force
from toile.cli.inspect.viewing import (
    Index,
    Layer,
    OfClass,
    OfFile,
    Out,
    OutputOptions,
    PerChannelScale,
    Picked,
    Seed,
    Values,
    Weights,
    looking,
    parsed_position,
)


def activations(
    run: RunName,
    layer: Layer,
    index: Index = None,
    class_: OfClass = None,
    file: OfFile = None,
    seed: Seed = 0,
    per_channel_scale: PerChannelScale = False,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show the map of every channel of a layer for a picture, with dead channels marked."""
    options = OutputOptions(out, values, force, as_json)
    with looking(run, weights, data, options, class_) as (opened, tell):
        from toile.workbench import view_activations

        picture = Picked(index, class_, file, seed).of(opened)
        tell(view_activations(opened, picture, layer, per_channel_scale))


def kernels(
    run: RunName,
    layer: Annotated[
        str | None,
        typer.Argument(metavar="LAYER", help="A convolution; by default the first."),
    ] = None,
    channel: Annotated[int, typer.Option(min=0, help="Which input channel of the filters.")] = 0,
    per_channel_scale: PerChannelScale = False,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show the kernels of a convolution for one of its input channels."""
    with looking(run, weights, None, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_kernels

        tell(view_kernels(opened, layer, channel, per_channel_scale))


def pixel(
    run: RunName,
    layer: Layer,
    channel: Annotated[int, typer.Option(help="Which channel, or unit of a dense layer.")] = 0,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="ROW,COLUMN", help="Position in the map; by default the middle."
        ),
    ] = None,
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
    """Show how one output is computed: window, kernel, products, sum, bias, activation."""
    position = parsed_position(at)
    options = OutputOptions(out, values, force, as_json)
    with looking(run, weights, data, options, class_) as (opened, tell):
        from toile.workbench import view_pixel

        picture = Picked(index, class_, file, seed).of(opened)
        tell(view_pixel(opened, picture, layer, channel, position))
