"""`toile show`: the results of a run, a study, a search or a sheet."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json, Names
from toile.cli.remarks import remarks_json, remarks_words
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import decimals, duration, percent, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Entry, Run

MOST_REACHED = 4
"""Most of our default target accuracies that are printed; `--json` has all."""


def show(
    names: Names,
    reach: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="For a run: when was this accuracy reached? Repeatable."),
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="For a run: draw validation accuracy as text.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show runs, studies, searches or sheets: scores with intervals, and their history."""
    from toile.runs import RunsFolder

    # With --reach or --curve, `last` stands for the last run.
    kinds = ("run",) if reach or curve else ()
    entries = [RunsFolder().named(name, *kinds) for name in names]
    non_run = next((entry for entry in entries if entry.kind != "run"), None)
    if non_run is not None and (reach or curve):
        raise ToileError(
            f"{non_run.name} is a {non_run.kind}; --reach and --curve are for runs; leave them out"
        )
    if as_json:
        records = [_json(entry) | remarks_json(entry.folder) for entry in entries]
        say_json(records[0] if len(records) == 1 else records)
        return
    for index, entry in enumerate(entries):
        say("\n" * (index > 0) + _words(entry))
        if entry.kind == "run":
            _show_progress(entry, reach or (), curve)
        if words := remarks_words(entry.folder):
            say(words)


def _json(entry: "Entry") -> dict[str, Any]:
    from toile import studies
    from toile.searches import open_search, search_summary
    from toile.sheets import open_sheet

    match entry.kind:
        case "study":
            return studies.study_summary(studies.open_study(entry.folder))
        case "search":
            return search_summary(open_search(entry.folder))
        case "sheet":
            return open_sheet(entry.folder).to_json()
    from toile.cli.training import result
    from toile.runs import Run

    run = Run(entry.folder)
    return result(run) | {"epochs_history": list(run.history.epochs)}


def _words(entry: "Entry") -> str:
    from toile import studies
    from toile.searches import open_search
    from toile.sheets import open_sheet

    where = f"{entry.kind}  {plain(str(entry.folder))}"
    match entry.kind:
        case "study":
            from toile.cli.study_words import summary as study_words

            return f"{study_words(studies.open_study(entry.folder))}\n{where}"
        case "search":
            from toile.cli.search import summary as search_words

            return f"{search_words(open_search(entry.folder))}\n{where}"
        case "sheet":
            from toile.cli.sheet import outcomes_words

            sheet = open_sheet(entry.folder)
            return f"{outcomes_words(sheet.outcomes, sheet.quick)}\n{where}"
    from toile.cli.training import summary
    from toile.runs import Run

    return summary(Run(entry.folder))


def _show_progress(entry: "Entry", reach: "list[float] | tuple[float, ...]", curve: bool) -> None:
    from toile.runs import Run

    run = Run(entry.folder)
    if not run.history.epochs:
        return
    say(_progress(run, reach))
    if curve:
        from toile.cli.curve import text_curve

        scores = [record["validation"]["accuracy"] for record in run.history.epochs]
        unscored = "no curve: no images are held out for validation"
        say(unscored if None in scores else text_curve(scores))


def _progress(run: "Run", reach: "list[float] | tuple[float, ...]") -> str:
    """The table of epochs, and when each target accuracy was reached."""
    from toile.runs import TARGETS, convergence_of, seconds_of

    epochs = run.history.epochs
    rows = [
        (
            str(record["epoch"]),
            decimals(record["training"]["loss"]),
            percent(record["training"]["accuracy"]),
            decimals(record["validation"]["loss"]),
            percent(record["validation"]["accuracy"]),
            duration(record["seconds"]),
        )
        for record in epochs
    ]
    heads = ("epoch", "loss", "accuracy", "validation loss", "accuracy", "time")
    targets = reach or TARGETS
    # Without validation images it is not known.
    reached = convergence_of(epochs, targets) if run.data.validation else ()
    # Our default targets rise, so all after the first missed one are missed too.
    first_missed = next(
        (index for index, target in enumerate(reached) if target.epoch is None), None
    )
    # Only the highest of those reached are shown.
    until = len(reached) if first_missed is None else first_missed
    shown = reached if reach else reached[max(until - MOST_REACHED, 0) : until + 1]
    lines = [
        f"reached {percent(target.accuracy, 1)}: "
        + (
            f"epoch {target.epoch}, after {duration(target.seconds)}"
            if target.epoch
            else "not reached"
        )
        for target in shown
    ]
    seconds = seconds_of(epochs)
    per_epoch = seconds["per_epoch"]
    later = "" if per_epoch is None else f", each later one {duration(per_epoch)} (median)"
    lines.append(
        f"time: first epoch {duration(seconds['first_epoch'])}{later}; "
        f"scoring {duration(seconds['evaluation'])}"
    )
    return "\n".join(["", table(heads, rows), "", *lines])
