"""`toile rm`: deleting runs, studies, searches and sheets, and bringing them back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import ask, plain, say, say_json
from toile.cli.words import bytes_text, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Binned, Kept, Workspace


def rm(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Runs, studies, searches or sheets; a folder is named with a slash.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Bring back NAME, or without one the last deleted.")
    ] = False,
    list_bin: Annotated[
        bool, typer.Option("--list-bin", help="Show what can be brought back.")
    ] = False,
    empty_bin: Annotated[
        bool, typer.Option("--empty-bin", help="Delete that for good, after asking.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete runs, studies, searches or sheets, after showing what is in them and asking.

    They stay in a bin for 30 days, from which --undo brings them back.
    """
    from toile.runs import Workspace

    workspace, names = Workspace(), names or []
    if undo + list_bin + empty_bin > 1:
        raise ToileError("--undo, --list-bin and --empty-bin are asked one at a time")
    if names and (list_bin or empty_bin):
        raise ToileError("--list-bin and --empty-bin are of the whole bin and take no name")
    if undo:
        for one in workspace.restore(*names):
            say(f"brought back {plain(str(one.folder))}")
    elif list_bin:
        _show_bin(workspace, as_json)
    elif empty_bin:
        _empty(workspace, yes)
    elif names:
        _delete(workspace, names, yes)
    else:
        raise ToileError("name what is to be deleted; toile runs and toile studies list it")


def _delete(workspace: "Workspace", names: list[str], yes: bool) -> None:
    found = {one.folder.resolve(): one for one in map(workspace.find_to_remove, names)}
    if not yes:
        say("\n\n".join(_to_be_deleted(workspace, one) for one in found.values()), err=True)
        _ask("Delete it?" if len(found) == 1 else f"Delete these {len(found)}?")
    returning = [one for one in found.values() if workspace.can_come_back(one)]
    old = workspace.remove(*found.values())
    for one in found.values():
        say(f"deleted {plain(str(one.folder))}{'' if one in returning else ' for good'}")
    if returning:
        say(f"toile rm --undo brings {'it' if len(returning) == 1 else 'them'} back, for 30 days")
    if old:
        gone = ", ".join(plain(one.name) for one in old)
        say(f"gone for good, as deleted over 30 days ago: {gone}")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise ToileError("nobody can be asked here; --yes deletes it without, nothing was done")
    ask(question)


def _to_be_deleted(workspace: "Workspace", kept: "Kept") -> str:
    from toile.runs import contents_of

    contents = contents_of(kept)
    lines = [
        str(kept.folder.resolve()),
        _run_words(kept.folder) if kept.kind == "run" else f"a {kept.kind}, with all its readings",
        f"{contents.num_files} files, {bytes_text(contents.num_bytes)}",
    ]
    if contents.foreign:
        lines.append(f"among them, not of Toile's making: {', '.join(contents.foreign)}")
    if not workspace.can_come_back(kept):
        lines.append(f"for good: it has no place in the bin of {workspace.folder}")
    return "\n".join(plain(line) for line in lines)


def _run_words(folder: Path) -> str:
    from toile.runs import read_state

    try:
        state = read_state(folder)
    except ToileError as error:
        return str(error)
    return f"{state.name} on {state.data}, {state.status}, epoch {state.epoch}/{state.epochs}"


def _show_bin(workspace: "Workspace", as_json: bool) -> None:
    found = workspace.binned()
    if as_json:
        say_json({"bin": [_binned_json(one) for one in found]})
    elif found:
        say(_bin_words(found))
    else:
        say(f"the bin of {workspace.folder} is empty")


def _empty(workspace: "Workspace", yes: bool) -> None:
    found = workspace.binned()
    if found and not yes:
        say(_bin_words(found), err=True)
        _ask("Delete it for good?" if len(found) == 1 else f"Delete these {len(found)} for good?")
    gone = workspace.empty_bin()
    say(f"deleted {len(gone)} for good, {bytes_text(sum(one.num_bytes for one in gone))}")


def _binned_json(one: "Binned") -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kept.kind,
        "deleted": one.deleted.isoformat(),
        "bytes": one.num_bytes,
        "folder": str(one.kept.folder),
    }


def _bin_words(found: "list[Binned]") -> str:
    rows = [
        (
            one.name,
            one.kept.kind,
            one.deleted.astimezone().strftime("%Y-%m-%d %H:%M"),
            bytes_text(one.num_bytes),
        )
        for one in found
    ]
    return table(("name", "kind", "deleted", "size"), rows, left=3)
