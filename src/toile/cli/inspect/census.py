"""`toile inspect census`: which fraction of a network is dead, and why."""

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
    "what may help: a lower learning rate (--set training.optimizer.learning_rate=...), He's "
    "initialisation (init: he_uniform), leaky_relu instead of relu"
)


def census(
    run: RunName,
    weights: Annotated[str, typer.Option(help="last or best.")] = "last",
    why: Annotated[
        bool,
        typer.Option(
            "--why", help="Say since when units are dead, and how far below 0 their inputs are."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG|SVG", help="Draw the fractions for each layer.")
    ] = None,
    values: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Write the counts of every unit here.")
    ] = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Count units that never, rarely or always fire, and find channels that are nearly equal."""
    from toile.cli.inspect.written import refuse_written, write_values
    from toile.cli.progress import data_progress, waiting
    from toile.runs import open_run

    refuse_written(out, values, force)
    opened = open_run(run)
    with waiting("loading torch"):
        from toile.workbench import census as count
    with data_progress() as progress:
        counted = count(opened, weights=weights, why=why, data=data, progress=progress)
    counts = counted.census
    # First, since a reader such as `head` may leave before the last line.
    if out is not None:
        from toile import report

        report.save_figure(report.census_figure(counts), out)
    if values is not None:
        write_values(values, counts.arrays())
    if as_json:
        say_json({"run": opened.id} | counted.to_json())
    else:
        say(_text(counts))
        for death in counted.why or ():
            say(_cause(death, is_known=not counted.unknown))
        if counted.why:
            say(plain(counted.unknown) or REMEDIES)
    for path in filter(None, (out, values)):
        if not as_json:
            say(f"wrote {plain(str(path))}")


def _text(counts: "Census") -> str:
    if not counts.layers:
        return "the network has no activation layers, so no unit can be dead"
    rows = [
        (
            layer.name,
            layer.kind,
            f"{layer.channels:,}",
            f"{layer.units:,}",
            *(
                percent(count / layer.units, 1)
                for count in (layer.never, layer.rarely, layer.always)
            ),
            percent(layer.saturated / layer.units, 1),
            str(len(layer.dead_channels)),
        )
        for layer in counts.layers
    ]
    heads = (
        "layer", "kind", "channels", "units", "never", "rarely", "always", "saturated", "dead ch.",
    )  # fmt: skip
    lines = [
        f"over {counts.images:,} training images:",
        table(heads, rows, left=2, may_drop=("kind", "saturated", "channels")),
        "",
        (
            f"{percent(counts.dead_fraction)} of the network's {counts.units:,} units are dead: "
            f"the output of {counts.dead:,} is {_alike(counts)} for every image, so they learn "
            "from none"
        ),
    ]
    for layer in counts.layers:
        lines += _channels(layer)
    return "\n".join(lines)


def _alike(counts: "Census") -> str:
    """How the outputs of dead units are alike: a saturated tanh still changes a little."""
    is_exact = all(layer.kind == "relu" or not layer.dead.any() for layer in counts.layers)
    return "the same" if is_exact else "the same, or saturated,"


def _channels(layer: "LayerCensus") -> list[str]:
    lines = []
    if layer.not_numbers:
        lines.append(
            f"{layer.name}: the inputs of {layer.not_numbers:,} units are no numbers (NaN) on some "
            "images, so these are in none of the counts: the network has diverged"
        )
    if layer.dead_channels:
        lines.append(
            f"{layer.name}: dead channels {_abbreviated(list(map(str, layer.dead_channels)))}"
        )
    if layer.redundant:
        pairs = [f"{a} and {b} ({r:.3f})" for a, b, r in layer.redundant]
        lines.append(f"{layer.name}: channels that are nearly equal: {_abbreviated(pairs)}")
    return lines


def _abbreviated(words: list[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _cause(death: "LayerDeath", is_known: bool) -> str:
    inputs = (
        f"the greatest input of any of them is {death.nearest:.3g}, the median of their greatest "
        f"inputs {death.median:.3g}"
    )
    inputs += "" if death.bias is None else f", its bias {death.bias:.3g}"
    if not is_known:
        return f"{death.name}: {death.dead:,} dead units; {inputs}"
    since = [f"{death.from_first:,} were dead with the first weights"]
    since += [f"{units:,} died in epoch {epoch}" for epoch, units in death.killed]
    if death.unknown:
        since.append(
            f"{death.unknown:,} later (train with --set training.census=true or "
            "training.keep=epochs to know when)"
        )
    return f"{death.name}: of {death.dead:,} dead units {', '.join(since)}; {inputs}"
