"""`toile show`: what came of a run, a study, a search or a sheet."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json, Names
from toile.cli.remarks import remarks_json, remarks_words
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import decimals, duration, percent, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Kept, Run

MOST_REACHED = 4
"""Accuracies of our own choosing that are said to be reached; `--json` has all."""


def show(
    names: Names,
    reach: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="When was this share reached? Repeatable; of a run."),
    ] = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Validation accuracy as text; of a run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show runs, studies, searches or sheets: scores with intervals, and how they came about."""
    from toile.runs import Workspace

    # What is of runs alone is asked of the last run.
    kinds = ("run",) if reach or curve else ()
    found = [Workspace().named(name, *kinds) for name in names]
    other = next((one for one in found if one.kind != "run"), None)
    if other is not None and (reach or curve):
        raise ToileError(f"{other.name} is a {other.kind}; --reach and --curve are of runs")
    if as_json:
        told = [_json(one) | remarks_json(one.folder) for one in found]
        say_json(told[0] if len(told) == 1 else told)
        return
    for place, one in enumerate(found):
        say("\n" * (place > 0) + _words(one))
        if one.kind == "run":
            _show_progress(one, reach or (), curve)
        if words := remarks_words(one.folder):
            say(words)


def _json(kept: "Kept") -> dict[str, Any]:
    from toile import studies
    from toile.searches import open_search, search_summary
    from toile.sheets import open_sheet

    match kept.kind:
        case "study":
            return studies.study_summary(studies.open_study(kept.folder))
        case "search":
            return search_summary(open_search(kept.folder))
        case "sheet":
            return open_sheet(kept.folder).to_json()
    from toile.cli.training import result
    from toile.runs import Run

    run = Run(kept.folder)
    return result(run) | {"epochs_history": list(run.history.epochs)}


def _words(kept: "Kept") -> str:
    from toile import studies
    from toile.searches import open_search
    from toile.sheets import open_sheet

    where = f"{kept.kind}  {plain(str(kept.folder))}"
    match kept.kind:
        case "study":
            from toile.cli.study_words import summary as study_words

            return f"{study_words(studies.open_study(kept.folder))}\n{where}"
        case "search":
            from toile.cli.search import summary as search_words

            return f"{search_words(open_search(kept.folder))}\n{where}"
        case "sheet":
            from toile.cli.sheet import outcomes_words

            sheet = open_sheet(kept.folder)
            return f"{outcomes_words(sheet.outcomes, sheet.quick)}\n{where}"
    from toile.cli.training import summary
    from toile.runs import Run

    return summary(Run(kept.folder))


def _show_progress(kept: "Kept", reach: "list[float] | tuple[float, ...]", curve: bool) -> None:
    from toile.runs import Run

    run = Run(kept.folder)
    if not run.history.epochs:
        return
    say(_progress(run, reach))
    if curve:
        from toile.cli.curve import text_curve

        say(text_curve([one["validation"]["accuracy"] for one in run.history.epochs]))


def _progress(run: "Run", reach: "list[float] | tuple[float, ...]") -> str:
    """The epochs, and when each accuracy was reached."""
    from toile.runs import convergence_of, seconds_of

    epochs = run.history.epochs
    rows = [
        (
            str(one["epoch"]),
            decimals(one["training"]["loss"]),
            percent(one["training"]["accuracy"]),
            decimals(one["validation"]["loss"]),
            percent(one["validation"]["accuracy"]),
            duration(one["seconds"]),
        )
        for one in epochs
    ]
    heads = ("epoch", "loss", "accuracy", "validation loss", "accuracy", "time")
    reached = convergence_of(epochs, reach) if reach else convergence_of(epochs)
    # Of our own rising targets all after the first missed one were missed too, and say no more.
    first_missed = next((place for place, one in enumerate(reached) if one.epoch is None), None)
    # Of those reached the highest: each is later than the one before.
    until = len(reached) if first_missed is None else first_missed
    shown = reached if reach else reached[max(until - MOST_REACHED, 0) : until + 1]
    lines = [
        f"reached {percent(one.accuracy, 1)}: "
        + (f"epoch {one.epoch}, after {duration(one.seconds)}" if one.epoch else "not reached")
        for one in shown
    ]
    seconds = seconds_of(epochs)
    each = seconds["per_epoch"]
    later = "" if each is None else f", each later one {duration(each)} (median)"
    lines.append(
        f"time: first epoch {duration(seconds['first_epoch'])}{later}; "
        f"scoring {duration(seconds['evaluation'])}"
    )
    return "\n".join(["", table(heads, rows), "", *lines])
