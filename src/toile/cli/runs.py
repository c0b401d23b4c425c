"""`toile runs` and `rm`: what was trained before."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import ask, plain, say, say_json
from toile.cli.words import amount, bytes_text, percent, table
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    from toile.runs import Kept, Listed

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
    from toile.runs import Workspace

    workspace = Workspace()
    found = {one.folder.resolve(): one for one in map(workspace.find_to_remove, names)}
    if not yes:
        say("\n\n".join(map(_to_be_deleted, found.values())), err=True)
        if not sys.stdin.isatty():
            raise ToileError("nobody can be asked here; --yes deletes it without, nothing was done")
        ask("Delete it?" if len(found) == 1 else f"Delete these {len(found)}?")
    for one in found.values():
        workspace.remove(one)
        say(f"deleted {one.folder}")


def _to_be_deleted(kept: "Kept") -> str:
    from toile.runs import contents_of

    contents = contents_of(kept)
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
