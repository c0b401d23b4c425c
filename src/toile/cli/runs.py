"""`toile runs`: lists the trained runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import amount, percent, table
from toile.errors import not_one_of

if TYPE_CHECKING:
    from toile.runs import Listed

SORTS = {
    "changed": lambda entry: entry.changed,
    "created": lambda entry: entry.state.created,
    # Runs without a score come last.
    "accuracy": lambda entry: entry.state.accuracy if entry.state.accuracy is not None else -1.0,
    "name": lambda entry: entry.state.name,
    "parameters": lambda entry: entry.state.parameters,
}


def runs(
    name: Annotated[str | None, typer.Option(help="Only runs of this recipe.")] = None,
    data: Annotated[str | None, typer.Option(help="Only runs on this data.")] = None,
    status: Annotated[str | None, typer.Option(help="Only runs of this status.")] = None,
    sort: Annotated[str, typer.Option(help=f"One of {', '.join(SORTS)}.")] = "changed",
    starred: Annotated[bool, typer.Option("--starred", help="Only starred runs.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="List at most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the runs in $TOILE_RUNS or ./runs, the last changed first.

    `toile studies` lists studies.
    """
    from toile.runs import STATUSES, RunsFolder

    if status is not None and status not in STATUSES:
        raise not_one_of("--status", status, STATUSES)
    if sort not in SORTS:
        raise not_one_of("--sort", sort, SORTS)
    entries = [
        entry
        for entry in RunsFolder().runs()
        if name in (None, entry.state.name)
        and data in (None, entry.state.data)
        and status in (None, entry.state.status)
        and (entry.remarks.star or not starred)
    ]
    entries = sorted(entries, key=SORTS[sort], reverse=sort != "name")[:limit]
    if as_json:
        say_json({"runs": [_listed_json(entry) for entry in entries]})
    elif entries:
        say(_listing(entries))
    elif RunsFolder().entries("study", "search", "sheet"):
        say(
            f"no such run in {RunsFolder().folder}; those of studies, searches and sheets are "
            "listed by  toile studies"
        )
    else:
        say(f"no such run in {RunsFolder().folder}; train one with  toile train quick")


def _listed_json(entry: "Listed") -> dict[str, Any]:
    return {
        "run": str(entry.run.folder),
        "id": entry.run.id,
        **asdict(entry.state),
        "note": entry.remarks.note,
        "star": entry.remarks.star,
    }


def _listing(entries: list["Listed"]) -> str:
    rows = [
        (
            entry.run.id,
            entry.state.status,
            entry.state.data,
            str(entry.state.seed),
            f"{entry.state.epoch}/{entry.state.epochs}",
            percent(entry.state.accuracy) + " *" * bool(entry.state.seen),
            amount(entry.state.parameters),
        )
        for entry in entries
    ]
    heads = ("run", "state", "data", "seed", "epochs", "validation", "parameters")
    # If data differ, scores are of different images, so that column is always shown.
    is_same = len({entry.state.data for entry in entries}) == 1
    may_drop = ("parameters", *["data"] * is_same, "seed", "epochs")
    warned = [
        f"* {entry.run.id}: {plain(entry.state.seen)}" for entry in entries if entry.state.seen
    ]
    head, *lines = table(heads, rows, left=3, may_drop=may_drop).split("\n")
    for line, entry in zip(lines, entries, strict=True):
        head += f"\n{line}" + f"\n    {plain(entry.remarks.line)}" * bool(entry.remarks.line)
    return "\n".join([head, *warned])
