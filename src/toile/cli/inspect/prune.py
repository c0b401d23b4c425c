"""`toile inspect prune`: cut filters out, smaller and faster, and say who pays."""

from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import amount, estimate, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.workbench import Pruned


def prune(
    run: RunName,
    layer: Annotated[
        str | None, typer.Option(help="The layer to cut; all that can be cut unless said.")
    ] = None,
    fraction: Annotated[
        float | None,
        typer.Option("--share", help="Cut this fraction of the channels, the least worth first."),
    ] = None,
    channels: Annotated[
        str | None, typer.Option(metavar="N,N...", help="Cut these channels of --layer.")
    ] = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="Cut what is 0 for every training image; costs nothing.")
    ] = False,
    until_cost: Annotated[
        float | None, typer.Option(metavar="POINTS", help="Cut until so many points are lost.")
    ] = None,
    finetune: Annotated[int, typer.Option(min=0, help="Epochs to train afterwards.")] = 0,
    weights: Annotated[str, typer.Option(help="last or best.")] = "last",
    data: MovedData = None,
    as_json: Json = False,
) -> None:
    """Cut filters out of a run's network as a new run, and say what that costs and who pays.

    What to cut is chosen on one half of validation, and priced on the other.
    """
    from toile.cli.progress import data_progress, waiting
    from toile.runs import open_run

    opened = open_run(run)
    indices = None if channels is None else _parsed(channels)
    with waiting("loading torch"):
        from toile.workbench import Removal
        from toile.workbench import prune as cut
    removal = Removal(layer, fraction, indices, dead, until_cost)
    with data_progress() as progress:
        result = cut(
            opened, removal, finetune=finetune, weights=weights, data=data, progress=progress
        )
    if as_json:
        say_json(result.to_json())
    else:
        say(_text(result))


def _parsed(channels: str) -> list[int]:
    try:
        return [int(index) for index in channels.split(",")]
    except ValueError:
        raise ToileError(
            f"--channels is {channels!r}; it is numbers with commas between them, as 3,7"
        ) from None


def _text(result: "Pruned") -> str:
    before, after = result.accuracy
    rows = [
        ("parameters", *map(amount, result.parameters)),
        ("multiply-adds", *map(amount, result.macs)),
        ("seconds for 1,000 images", *(f"{seconds:.3f}" for seconds in result.seconds)),
    ]
    gone = [f"{layer}: {len(channels)} channels" for layer, channels in result.removed.items()]
    return "\n".join(
        [
            f"cut {', '.join(gone)}",
            *(f"left: {note}" for note in result.uncut),
            table(("", "before", "after"), rows),
            f"before  {estimate(before.to_json())} on the scoring half of validation",
            f"after   {estimate(after.to_json())}; McNemar's p = {result.p:.3g}",
            plain(result.sentence()),
            f"run  {plain(str(result.run.folder))}",
        ]
    )
