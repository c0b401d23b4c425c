"""`toile inspect top`, `maximise`, `embedding`: what drives channels; pictures in a plane."""

from typing import Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force
from toile.cli.inspect.viewing import (
    Layer,
    Out,
    OutputOptions,
    Values,
    Weights,
    looking,
    parsed_channels,
)


def top(
    run: RunName,
    layer: Layer,
    channels: Annotated[
        str | None,
        typer.Option(metavar="N,N...", help="Which channels; by default the first eight."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="Images for each channel.")] = 9,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Find the training images that activate each channel most, and the patch it responds to."""
    indices = parsed_channels(channels)
    with looking(run, weights, data, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_top

        tell(view_top(opened, layer, indices, count))


def maximise(
    run: RunName,
    layer: Layer,
    channel: Annotated[int, typer.Option(help="Which channel, or unit.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the first picture.")] = 0,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Optimise a picture to activate a channel, in the range and statistics of the data."""
    with looking(run, weights, data, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_maximised

        tell(view_maximised(opened, layer, channel, seed))


def embedding(
    run: RunName,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="pca|tsne", help="tsne keeps neighbours together, and is slower."
        ),
    ] = "pca",
    seed: Annotated[int, typer.Option(min=0, help="The seed of the map.")] = 0,
    weights: Weights = "last",
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Place the validation images in a plane by the last hidden layer, with mistakes marked."""
    with looking(run, weights, data, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_embedding

        tell(view_embedding(opened, by, seed))
