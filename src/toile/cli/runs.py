"""`toile runs`, `show`, `compare` and `rm`: what was trained before."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json, RunName
from toile.cli.evaluate import mcnemar_words
from toile.cli.terminal import ask, plain, say, say_json
from toile.cli.words import (
    amount,
    bytes_text,
    decimals,
    duration,
    estimate,
    percent,
    setting,
    table,
)
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    from toile.evaluation import McNemar
    from toile.runs import Listed, Run
    from toile.studies.kept import Kept

SORTS = {
    "created": lambda one: one.state.created,
    # Runs without a score come after all others.
    "accuracy": lambda one: one.state.accuracy if one.state.accuracy is not None else -1.0,
    "name": lambda one: one.state.name,
    "parameters": lambda one: one.state.parameters,
}


def runs(
    name: Annotated[str | None, typer.Option(help="Only runs of this recipe.")] = None,
    data: Annotated[str | None, typer.Option(help="Only runs on this data.")] = None,
    status: Annotated[str | None, typer.Option(help="Only runs that stand so.")] = None,
    sort: Annotated[str, typer.Option(help=f"One of {', '.join(SORTS)}.")] = "created",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the runs, newest first, from $TOILE_RUNS or ./runs; `toile studies` lists studies."""
    from toile.runs import STATUSES, list_runs, runs_folder

    if status is not None and status not in STATUSES:
        raise ToileError(
            f"--status is {status}; it is one of {', '.join(STATUSES)}"
            f"{did_you_mean(status, STATUSES)}"
        )
    if sort not in SORTS:
        raise ToileError(f"--sort is {sort}; it is one of {', '.join(SORTS)}")
    found = [
        one
        for one in list_runs()
        if name in (None, one.state.name)
        and data in (None, one.state.data)
        and status in (None, one.state.status)
    ]
    found = sorted(found, key=SORTS[sort], reverse=sort != "name")[:limit]
    if as_json:
        say_json({"runs": [_listed_json(one) for one in found]})
    elif found:
        say(_listing(found))
    else:
        say(f"no such runs in {runs_folder()}; train one with  toile train quick")


def show(
    run: RunName,
    reach: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="When was this share reached? Repeatable."),
    ] = None,
    curve: Annotated[bool, typer.Option("--curve", help="Validation accuracy as text.")] = False,
    as_json: Json = False,
) -> None:
    """Show a run: scores with intervals, epochs, when it got how good, and how long it took."""
    from toile.cli.training import result, summary
    from toile.runs import open_run

    opened = open_run(run)
    if as_json:
        say_json(result(opened) | {"epochs_history": list(opened.history.epochs)})
        return
    say(summary(opened))
    if opened.history.epochs:
        say(_progress(opened, reach or ()))
    if curve and opened.history.epochs:
        from toile.cli.curve import text_curve

        say(text_curve([one["validation"]["accuracy"] for one in opened.history.epochs]))


def compare(
    first: RunName,
    second: RunName,
    figure: Annotated[Path, typer.Option(help="Where the curves go.")] = Path("compare.png"),
    as_json: Json = False,
) -> None:
    """Show in what two runs differ: recipes, scores, and the curves in one figure."""
    from toile import report
    from toile.recipe import recipe_differences
    from toile.runs import open_run, seen_json, seen_words

    pair = [open_run(first), open_run(second)]
    differences = recipe_differences(pair[0].recipe, pair[1].recipe)
    # As keys, two equal ids in different folders would fall into one.
    same_id = pair[0].id == pair[1].id
    labels = [str(one.folder) if same_id else one.id for one in pair]
    histories = dict(zip(labels, (one.history for one in pair), strict=True))
    report.save_figure(report.compare_figure(histories), figure)
    scores = [_score(one) for one in pair]
    test = _mcnemar(pair[0], pair[1])
    if as_json:
        say_json(
            {
                "mcnemar": test and test.to_json(),
                "runs": [str(one.folder) for one in pair],
                "recipe": [asdict(one) for one in differences],
                "scores": scores,
                "seen": [seen_json(one.recipe) for one in pair],
                "figure": str(figure),
            }
        )
        return
    rows = [[one.address, setting(one.first), setting(one.second)] for one in differences]
    rows.append(["accuracy", *(estimate(score) if score else "-" for score in scores)])
    say(table(("", *labels), rows))
    for run, label in zip(pair, labels, strict=True):
        if words := seen_words(run.recipe):
            say(f"warning: {plain(label)}: {plain(words)}")
    if pair[0].data["fingerprint"] != pair[1].data["fingerprint"]:
        say("their data differ, so their scores are of different images")
    if test is not None:
        say(mcnemar_words(pair[0], pair[1], test))
    say("One reading each: overlapping intervals and seed noise forbid naming a winner from this.")
    say(f"wrote {figure}")


def rm(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="Runs, studies, searches or sheets; a folder is named with a slash.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete runs, studies, searches or sheets, after showing what is in them and asking."""
    from toile.studies.removal import find_to_remove, remove_kept

    found = {one.folder.resolve(): one for one in map(find_to_remove, names)}
    if not yes:
        say("\n\n".join(map(_to_be_deleted, found.values())), err=True)
        if not sys.stdin.isatty():
            raise ToileError("nobody can be asked here; --yes deletes it without, nothing was done")
        ask("Delete it?" if len(found) == 1 else f"Delete these {len(found)}?")
    for one in found.values():
        remove_kept(one)
        say(f"deleted {one.folder}")


def _to_be_deleted(kept: "Kept") -> str:
    from toile.studies.removal import contents_of_kept

    contents = contents_of_kept(kept)
    lines = [
        str(kept.folder.resolve()),
        _run_words(kept.folder) if kept.kind == "run" else f"a {kept.kind}, with all its readings",
        f"{contents.num_files} files, {bytes_text(contents.num_bytes)}",
    ]
    if contents.foreign:
        lines.append(f"among them, not of Toile's making: {', '.join(contents.foreign)}")
    return "\n".join(plain(line) for line in lines)


def _run_words(folder: Path) -> str:
    from toile.runs import read_state

    try:
        state = read_state(folder)
    except ToileError as error:
        return str(error)
    return f"{state.name} on {state.data}, {state.status}, epoch {state.epoch}/{state.epochs}"


def _listed_json(one: "Listed") -> dict[str, Any]:
    return {"run": str(one.run.folder), "id": one.run.id, **asdict(one.state)}


def _listing(found: list["Listed"]) -> str:
    rows = [
        (
            one.run.id,
            one.state.status,
            one.state.data,
            str(one.state.seed),
            f"{one.state.epoch}/{one.state.epochs}",
            percent(one.state.accuracy) + " *" * bool(one.state.seen),
            amount(one.state.parameters),
        )
        for one in found
    ]
    heads = ("run", "state", "data", "seed", "epochs", "validation", "parameters")
    warned = [f"* {one.run.id}: {plain(one.state.seen)}" for one in found if one.state.seen]
    return "\n".join([table(heads, rows, left=3), *warned])


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
    shown = reached if reach or first_missed is None else reached[: first_missed + 1]
    lines = [
        f"reached {percent(one.accuracy, 1)}: "
        + (f"epoch {one.epoch}, after {duration(one.seconds)}" if one.epoch else "not reached")
        for one in shown
    ]
    seconds = seconds_of(epochs)
    lines.append(
        f"time: first epoch {duration(seconds['first_epoch'])}, each later one "
        f"{duration(seconds['per_epoch'])} (median); scoring {duration(seconds['evaluation'])}"
    )
    return "\n".join(["", table(heads, rows), "", *lines])


def _mcnemar(first: "Run", second: "Run") -> "McNemar | None":
    """The test, where both runs answered the same images."""
    from toile.workbench.evaluate import answered_the_same, compare_answers

    ended = all((run.folder / "validation.safetensors").exists() for run in (first, second))
    return compare_answers(first, second) if ended and answered_the_same(first, second) else None


def _score(run: "Run") -> dict[str, Any] | None:
    path = run.folder / "results.json"
    return run.results["score"]["accuracy"] if path.exists() else None
