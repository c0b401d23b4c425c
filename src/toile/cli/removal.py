"""`toile rm`: deletes runs, studies, searches and sheets, and restores them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import ask, plain, say, say_json
from toile.cli.words import bytes_text, table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Binned, Entry, RunsFolder


def rm(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Runs, studies, searches or sheets; write a folder with a slash.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Restore NAME, or the last deletion without a name.")
    ] = False,
    list_bin: Annotated[
        bool, typer.Option("--list-bin", help="Show what can be restored.")
    ] = False,
    empty_bin: Annotated[
        bool, typer.Option("--empty-bin", help="Delete the bin for good, after asking.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete runs, studies, searches or sheets, after showing their contents and asking.

    They stay in a bin for 30 days, from which --undo restores them.
    """
    from toile.runs import RunsFolder

    workspace, names = RunsFolder(), names or []
    if undo + list_bin + empty_bin > 1:
        raise ToileError("--undo, --list-bin and --empty-bin exclude each other; use one of them")
    if names and (list_bin or empty_bin):
        raise ToileError("--list-bin and --empty-bin are for the whole bin; leave the name out")
    if undo:
        for entry in workspace.restore(*names):
            say(f"restored {plain(str(entry.folder))}")
    elif list_bin:
        _show_bin(workspace, as_json)
    elif empty_bin:
        _empty(workspace, yes)
    elif names:
        _delete(workspace, names, yes)
    else:
        raise ToileError("name what to delete; toile runs and toile studies list names")


def _delete(workspace: "RunsFolder", names: list[str], yes: bool) -> None:
    entries = {entry.folder.resolve(): entry for entry in map(workspace.find_to_remove, names)}
    if not yes:
        say("\n\n".join(_to_be_deleted(workspace, entry) for entry in entries.values()), err=True)
        _ask("Delete it?" if len(entries) == 1 else f"Delete these {len(entries)}?")
    returning = [entry for entry in entries.values() if workspace.can_come_back(entry)]
    old = workspace.remove(*entries.values())
    for entry in entries.values():
        say(f"deleted {plain(str(entry.folder))}{'' if entry in returning else ' for good'}")
    if returning:
        say(f"for 30 days toile rm --undo restores {'it' if len(returning) == 1 else 'them'}")
    if old:
        gone = ", ".join(plain(entry.name) for entry in old)
        say(f"removed from the bin, since deleted over 30 days ago: {gone}")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise ToileError("there is no terminal to ask on, so nothing was done; --yes does not ask")
    ask(question)


def _to_be_deleted(workspace: "RunsFolder", entry: "Entry") -> str:
    from toile.runs import contents_of

    contents = contents_of(entry)
    lines = [
        str(entry.folder.resolve()),
        _run_words(entry.folder)
        if entry.kind == "run"
        else f"a {entry.kind}, with all its readings",
        f"{contents.num_files} files, {bytes_text(contents.num_bytes)}",
    ]
    if contents.foreign:
        lines.append(f"among them files that Toile did not write: {', '.join(contents.foreign)}")
    if not workspace.can_come_back(entry):
        lines.append(f"for good: it cannot go into the bin of {workspace.folder}")
    return "\n".join(plain(line) for line in lines)


def _run_words(folder: Path) -> str:
    from toile.runs import read_state

    try:
        state = read_state(folder)
    except ToileError as error:
        return str(error)
    return f"{state.name} on {state.data}, {state.status}, epoch {state.epoch}/{state.epochs}"


def _show_bin(workspace: "RunsFolder", as_json: bool) -> None:
    entries = workspace.binned()
    if as_json:
        say_json({"bin": [_binned_json(entry) for entry in entries]})
    elif entries:
        say(_bin_words(entries))
    else:
        say(f"the bin of {workspace.folder} is empty")


def _empty(workspace: "RunsFolder", yes: bool) -> None:
    entries = workspace.binned()
    if entries and not yes:
        say(_bin_words(entries), err=True)
        _ask(
            "Delete it for good?" if len(entries) == 1 else f"Delete these {len(entries)} for good?"
        )
    gone = workspace.empty_bin()
    say(f"deleted {len(gone)} for good, {bytes_text(sum(entry.num_bytes for entry in gone))}")


def _binned_json(entry: "Binned") -> dict[str, Any]:
    return {
        "name": entry.name,
        "kind": entry.entry.kind,
        "deleted": entry.deleted.isoformat(),
        "bytes": entry.num_bytes,
        "folder": str(entry.entry.folder),
    }


def _bin_words(entries: "list[Binned]") -> str:
    rows = [
        (
            entry.name,
            entry.entry.kind,
            entry.deleted.astimezone().strftime("%Y-%m-%d %H:%M"),
            bytes_text(entry.num_bytes),
        )
        for entry in entries
    ]
    return table(("name", "kind", "deleted", "size"), rows, left=3)
