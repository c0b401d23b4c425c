"""`toile inspect prune`: cuts channels to make a network smaller and faster."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData
from toile.cli.files import Force
from toile.cli.inspect.mistakes import RunOrStudy
from toile.cli.inspect.viewing import Out, OutputOptions, Values, parsed_channels, tell_view
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import amount, estimate, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Run
    from toile.workbench import Pruned


def prune(
    name: RunOrStudy,
    layer: Annotated[
        str | None, typer.Option(help="The layer to cut; by default all that can be cut.")
    ] = None,
    fraction: Annotated[
        float | None,
        typer.Option(
            "--fraction", help="Cut this fraction of the channels, least important first."
        ),
    ] = None,
    channels: Annotated[
        str | None, typer.Option(metavar="N,N...", help="Cut these channels of --layer.")
    ] = None,
    dead: Annotated[
        bool,
        typer.Option(
            "--dead", help="Cut channels that are 0 for every training image; costs nothing."
        ),
    ] = False,
    until_cost: Annotated[
        float | None,
        typer.Option(metavar="POINTS", help="Cut until so many points of accuracy are lost."),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by", metavar="rise|norm|taylor", help="Measure of importance; rise is measured."
        ),
    ] = "rise",
    finetune: Annotated[int, typer.Option(min=0, help="Epochs of training afterwards.")] = 0,
    weights: Annotated[str, typer.Option(help="last or best.")] = "last",
    curve: Annotated[
        bool, typer.Option("--curve", help="Try larger and larger cuts, and keep none.")
    ] = False,
    within: Annotated[
        float,
        typer.Option(metavar="POINTS", min=0, max=100, help="With --curve: most points to lose."),
    ] = 0.3,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="With --curve of a study: the level.")
    ] = None,
    out: Out = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Cut channels out of a run's network as a new run, and say what that costs in which class.

    One half of validation chooses the channels, the other measures the cost. With --curve: accuracy
    against the fraction that is cut, for a run or the readings of a study.
    """
    from toile.cli.progress import data_progress, waiting
    from toile.runs import open_run

    options = OutputOptions(out, values, force, as_json)
    if curve:
        _refuse_cuts({
            "--fraction": fraction is not None, "--channels": channels is not None,
            "--dead": dead, "--until-cost": until_cost is not None, "--finetune": finetune > 0,
            "--weights": weights != "last", "--by": by != "rise",
        })  # fmt: skip
        _curve(name, layer, within / 100, level, data, options)
        return
    if level is not None or out is not None or values is not None:
        raise ToileError(
            "--level, --out and --values go with --curve; add --curve or leave them out"
        )
    opened = open_run(name)
    indices = None if channels is None else parsed_channels(channels)
    with waiting("loading torch"):
        from toile.workbench import Removal
        from toile.workbench import prune as cut
    removal = Removal(layer, fraction, indices, dead, until_cost, by)
    with data_progress() as progress:
        result = cut(
            opened, removal, finetune=finetune, weights=weights, data=data, progress=progress
        )
    _tell(result, as_json)


def _refuse_cuts(options: Mapping[str, bool]) -> None:
    """Raise ToileError naming the options that choose a single cut, where any is set."""
    if chosen := [name for name, is_set in options.items() if is_set]:
        raise ToileError(
            "--curve tries all cuts by every measure, of the last weights, and keeps none; leave "
            f"out {' and '.join(chosen)}"
        )


def _curve(
    name: str,
    layer: str | None,
    margin: float,
    level: str | None,
    data: str | None,
    options: OutputOptions,
) -> None:
    from toile.cli.inspect.written import refuse_written
    from toile.cli.progress import data_progress, waiting

    refuse_written(options.out, options.values, options.force)
    runs = _readings(name, level)
    with waiting("loading torch"):
        from toile.workbench import view_pruning_curve
    with data_progress() as progress:
        view = view_pruning_curve(runs, layer, margin, data, progress)
    tell_view(view, options)


def _readings(name: str, level: str | None) -> "list[Run]":
    """The run called `name`, or the finished readings of a study's `level`."""
    from toile.runs import Run, RunsFolder

    entry = RunsFolder().named(name, "run", "study")
    if entry.kind == "run":
        if level is not None:
            raise ToileError(f"{entry.name} is a run; --level is for a study; leave it out")
        return [Run(entry.folder)]
    from toile.studies import open_study

    result = open_study(entry.folder)
    names = [level_of.name for level_of in result.levels]
    if level is None and len(names) == 1:
        level = names[0]
    if level not in names:
        raise ToileError(f"name a level of {entry.name}: --level {' or '.join(names)}")
    runs = [
        Run(reading.folder)
        for reading in result.readings
        if reading.level == level and reading.score is not None
    ]
    if not runs:
        raise ToileError(
            f"level {level} of {entry.name} has no finished reading; name another level"
        )
    return runs


def _tell(result: "Pruned", as_json: bool) -> None:
    if as_json:
        say_json(result.to_json())
    else:
        say(_text(result))
    if result.doubt:
        say(plain(result.doubt), err=True)


def _text(result: "Pruned") -> str:
    before, after = result.accuracy
    rows = [
        ("parameters", *map(amount, result.parameters)),
        ("multiply-adds", *map(amount, result.macs)),
        ("seconds for 1,000 images", *(f"{seconds:.3f}" for seconds in result.seconds)),
    ]
    return "\n".join(
        [
            f"cut {', '.join(_gone(result.removed))}",
            *(f"left: {note}" for note in result.uncut),
            table(("", "before", "after"), rows),
            f"before  {estimate(before.to_json())} on the scoring half of validation",
            f"after   {estimate(after.to_json())}; McNemar's p = {result.p:.3g}",
            plain(result.sentence()),
            *([f"warning: {plain(result.seen)}"] if result.seen else []),
            f"run  {plain(str(result.run.folder))}",
        ]
    )


def _gone(removed: Mapping[str, Sequence[int]]) -> list[str]:
    """How many channels each layer lost, such as `conv1: 1 channel`."""
    return [
        f"{layer}: {len(channels)} channel{'s' * (len(channels) != 1)}"
        for layer, channels in removed.items()
    ]
