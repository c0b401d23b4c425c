"""`toile search`: searches settings by trials, and trains the finalists again."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Epochs, Json, Margin, On, OtherData, Workers
from toile.cli.hints import Open, after_search, open_report
from toile.cli.signals import STOPPED, Signals
from toile.cli.terminal import hint, plain, say, say_json, tell
from toile.cli.training import Set
from toile.cli.words import duration, percent, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.searches import LiveSearch, SearchResult
    from toile.studies import StudyResult

DIVERGED = 3
SHOWN = 10
Source = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE|SEARCH",
        help="The recipe; or a search to continue: its folder, name or last.",
    ),
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="ADDRESS=LOW..HIGH",
        help="Values to search: 8..128, 1e-4..1e-1:log, 8..128:8, or choices: off,0.2,0.4.",
    ),
]


def search(
    source: Source,
    over: Over = None,
    trials: Annotated[int | None, typer.Option(help="Number of trials; 50 by default.")] = None,
    sampler: Annotated[
        str | None, typer.Option(help="How the next trial is chosen: tpe or random.")
    ] = None,
    pruner: Annotated[
        str | None, typer.Option(help="What stops bad trials early: hyperband, asha or none.")
    ] = None,
    finalists: Annotated[
        int | None, typer.Option(help="How many of the best are trained again; 3 by default.")
    ] = None,
    readings: Annotated[
        int | None, typer.Option(help="Readings of each finalist; 5 by default.")
    ] = None,
    set_: Set = None,
    data: OtherData = None,
    epochs: Epochs = None,
    seed: Annotated[
        int | None, typer.Option(help="The trials' seed; with --workers 1 it repeats them exactly.")
    ] = None,
    margin: Margin = None,
    name: Annotated[str | None, typer.Option(help="The search's name.")] = None,
    out: Annotated[str | None, typer.Option(help="The search's folder.")] = None,
    workers: Workers = None,
    on: On = "local",
    page: Annotated[bool, typer.Option(help="Write report.html into the search's folder.")] = True,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Search for the best settings by trials, then train the best again with new seeds.

    Only these new trainings are the result: the best trial's score is high partly by chance.
    The same command again continues what is missing; --trials may then be larger.
    """
    if out == "":
        raise ToileError("--out is empty; name a folder for the search")
    started = time.monotonic()
    with Signals("the same command continues it") as signals:
        from toile.cli.progress import data_progress
        from toile.recipe import parse_assignments
        from toile.searches import parse_over
        from toile.searches import search as ask

        with data_progress() as progress:
            live = ask(
                source,
                over=dict(map(parse_over, over or ())),
                trials=trials,
                sampler=sampler,
                pruner=pruner,
                finalists=finalists,
                readings=readings,
                settings=parse_assignments(set_ or ()),
                data=data,
                epochs=epochs,
                seed=seed,
                margin=None if margin is None else margin / 100,
                name=name,
                out=out,
                workers=workers,
                on=on,
                progress=progress,
            )
        signals.goes_on = f"toile search {live.folder} continues it"
        follow(live, signals)
        live.write_summary()
        result = live.result
        path = _write_page(result) if page or open_ else None
        _say(result, time.monotonic() - started, path, as_json)
        hint(after_search(result), as_json)
        open_report(path, open_)
        if signals.stop_requested:
            say(f"toile: stopped; {signals.goes_on}", err=True)
    raise typer.Exit(
        STOPPED if signals.stop_requested else DIVERGED if _all_diverged(result) else 0
    )


def follow(live: "LiveSearch", signals: Signals) -> None:
    """Run and show the trials, then the finalists' readings, to the end or a signal."""
    from toile.cli.search_watch import SearchWatch
    from toile.cli.study_watch import StudyWatch

    result = live.result
    left = live.spec.trials - sum(trial.ended for trial in result.trials)
    for note in live.notes:
        tell(plain(f"note: {note}"))
    tell(f"{live.spec.name}: {left} trials to run, in {live.folder}")
    with SearchWatch(result, live.workers) as watch, signals.deferred():
        for event in live.events(stop=lambda: signals.stop_requested):
            watch.show(event)
    if signals.stop_requested or not live.result.chosen():
        return
    study = live.finalists()
    tell(_ahead(live.result, study.result))
    with StudyWatch(study.result, study.workers) as again, signals.deferred():
        for reading in study.events(stop=lambda: signals.stop_requested):
            again.show(reading)


def _ahead(result: "SearchResult", again: "StudyResult") -> str:
    """Say that the trials are over, and what is trained now."""
    chosen = [str(trial.number) for trial in result.chosen()]
    best = f"trial{'s' * (len(chosen) > 1)} {', '.join(chosen)}"
    left = len(again.readings) - again.count("finished", "diverged")
    return (
        f"the trials are over; the settings of the best ({best}) are trained again with new seeds: "
        f"{left} training{'s' * (left != 1)} to run"
    )


def summary(result: "SearchResult") -> str:
    """The best trials, their scores when trained again, and the result in a sentence."""
    from toile.cli.study_words import tables as study_tables
    from toile.searches import finalist_mean, search_sentence, values_words

    rows = []
    for trial in result.ranked()[:SHOWN]:
        again = finalist_mean(result, trial)
        mean = "-" if again is None else f"{percent(again[0])} (n = {again[3]})"
        rows.append((str(trial.number), values_words(trial.values), percent(trial.score), mean))
    heads = ("trial", "settings", "when chosen", "trained again")
    lines = [table(heads, rows, left=2, folds="settings")] if rows else []
    stopped = result.count("pruned")
    ended = {"diverged": result.count("diverged"), "failed": result.count("failed")}
    parts = [f"{len(result.trials)} trials, {stopped} stopped early"]
    parts += [f"{count} {status}" for status, count in ended.items() if count]
    lines.append(", ".join(parts))
    if result.finalists is not None and result.finalists.verdict is not None:
        lines.append(study_tables(result.finalists))
    lines.append(plain(search_sentence(result)))
    return "\n\n".join(lines)


def _write_page(result: "SearchResult") -> Path:
    from toile.cli.progress import waiting
    from toile.workbench import write_search_report

    with waiting("writing the report"):
        return write_search_report(result)[0]


def _say(result: "SearchResult", wall_seconds: float, page: Path | None, as_json: bool) -> None:
    if as_json:
        from toile.searches import search_summary

        say_json(search_summary(result) | {"wall_seconds": wall_seconds})
        return
    say(summary(result))
    say(f"\n{duration(result.seconds)} of training and scoring; this took {duration(wall_seconds)}")
    say(f"search  {result.folder}" if page is None else f"report  {page}")


def _all_diverged(result: "SearchResult") -> bool:
    return bool(result.trials) and result.count("diverged") == len(result.trials)
