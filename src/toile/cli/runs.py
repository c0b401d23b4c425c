"""`toile runs`: what was trained before."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import amount, percent, table
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    from toile.runs import Listed

SORTS = {
    "changed": lambda one: one.changed,
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
    sort: Annotated[str, typer.Option(help=f"One of {', '.join(SORTS)}.")] = "changed",
    starred: Annotated[bool, typer.Option("--starred", help="Only those with a star.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the runs, the last to come further first, from $TOILE_RUNS or ./runs.

    `toile studies` lists studies.
    """
    from toile.runs import STATUSES, Workspace

    if status is not None and status not in STATUSES:
        raise ToileError(
            f"--status is {status}; it is one of {', '.join(STATUSES)}"
            f"{did_you_mean(status, STATUSES)}"
        )
    if sort not in SORTS:
        raise ToileError(f"--sort is {sort}; it is one of {', '.join(SORTS)}")
    found = [
        one
        for one in Workspace().runs()
        if name in (None, one.state.name)
        and data in (None, one.state.data)
        and status in (None, one.state.status)
        and (one.remarks.star or not starred)
    ]
    found = sorted(found, key=SORTS[sort], reverse=sort != "name")[:limit]
    if as_json:
        say_json({"runs": [_listed_json(one) for one in found]})
    elif found:
        say(_listing(found))
    else:
        say(f"no such runs in {Workspace().folder}; train one with  toile train quick")


def _listed_json(one: "Listed") -> dict[str, Any]:
    return {
        "run": str(one.run.folder),
        "id": one.run.id,
        **asdict(one.state),
        "note": one.remarks.note,
        "star": one.remarks.star,
    }


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
    # Where data differ, scores are of other images, so that is never left out.
    is_same = len({one.state.data for one in found}) == 1
    may_drop = ("parameters", *["data"] * is_same, "seed", "epochs")
    warned = [f"* {one.run.id}: {plain(one.state.seen)}" for one in found if one.state.seen]
    head, *lines = table(heads, rows, left=3, may_drop=may_drop).split("\n")
    for line, one in zip(lines, found, strict=True):
        head += f"\n{line}" + f"\n    {plain(one.remarks.line)}" * bool(one.remarks.line)
    return "\n".join([head, *warned])
