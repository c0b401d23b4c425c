"""`toile inspect census`: what share of a network is dead, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import Force
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import percent, table

if TYPE_CHECKING:
    from toile.inspection import Census, LayerCensus, LayerDeath

MOST_NAMED = 12
REMEDIES = (
    "what may help: a lower learning rate (--set training.optimizer.learning_rate=...), weights "
    "that start by He (init: he_uniform), leaky_relu in place of relu"
)


def census(
    run: RunName,
    weights: Annotated[str, typer.Option(help="last or best.")] = "last",
    why: Annotated[
        bool, typer.Option("--why", help="Say since when dead units are dead, and how deeply.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG|SVG", help="Draw the shares of each layer.")
    ] = None,
    values: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Write the counts of every unit.")
    ] = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Count the units that never fire, rarely, always, and channels that say the same."""
    from toile.cli.inspect.written import refuse_written, write_values
    from toile.cli.progress import data_progress, waiting
    from toile.runs import open_run

    refuse_written(out, values, force)
    opened = open_run(run)
    with waiting("loading torch"):
        from toile.workbench import census as count
    with data_progress() as progress:
        counted = count(opened, weights=weights, why=why, data=data, progress=progress)
    found = counted.census
    if as_json:
        say_json(counted.to_json())
    else:
        say(_told(found))
        for one in counted.why or ():
            say(_cause(one))
        if counted.why:
            say(REMEDIES)
    if out is not None:
        from toile import report

        report.save_figure(report.census_figure(found), out)
    if values is not None:
        write_values(values, found.arrays())
    for path in filter(None, (out, values)):
        if not as_json:
            say(f"wrote {plain(str(path))}")


def _told(found: "Census") -> str:
    if not found.layers:
        return "the network has no activations, so no unit that could be dead"
    rows = [
        (
            one.name,
            one.kind,
            f"{one.channels:,}",
            f"{one.units:,}",
            *(percent(count / one.units, 1) for count in (one.never, one.rarely, one.always)),
            percent(one.saturated / one.units, 1),
            str(len(one.dead_channels)),
        )
        for one in found.layers
    ]
    heads = (
        "layer", "kind", "channels", "units", "never", "rarely", "always", "saturated", "dead ch.",
    )  # fmt: skip
    lines = [
        f"over {found.images:,} training images:",
        table(heads, rows, left=2, may_drop=("kind", "saturated", "channels")),
        "",
        (
            f"{percent(found.dead_share)} of the network's {found.units:,} units are dead: "
            f"{found.dead:,} give the same for every image and learn from none"
        ),
    ]
    for one in found.layers:
        lines += _channels(one)
    return "\n".join(lines)


def _channels(one: "LayerCensus") -> list[str]:
    lines = []
    if one.dead_channels:
        lines.append(f"{one.name}: dead channels {_some(list(map(str, one.dead_channels)))}")
    if one.redundant:
        pairs = [f"{a} and {b} ({r:.3f})" for a, b, r in one.redundant]
        lines.append(f"{one.name}: channels that say the same: {_some(pairs)}")
    return lines


def _some(words: list[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _cause(one: "LayerDeath") -> str:
    since = [f"{one.from_first:,} were dead with the first weights"]
    since += [f"{units:,} fell silent in epoch {epoch}" for epoch, units in one.killed]
    if one.unknown:
        since.append(
            f"{one.unknown:,} later (--set training.census=true, while training, tells when)"
        )
    bias = "" if one.bias is None else f", its bias {one.bias:.3g}"
    return (
        f"{one.name}: of {one.dead:,} dead units {', '.join(since)}; the greatest input that any "
        f"of them ever had is {one.nearest:.3g}, the middle one's {one.median:.3g}{bias}"
    )
