"""`toile note`, `star` and `rename`: a user's remarks on runs, studies, searches and sheets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Names
from toile.cli.terminal import plain, plain_lines, say
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.runs import Entry

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A run, study, search or sheet, by name or folder.")
]


def note(
    name: Name,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note; without it the note is shown.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the note.")] = False,
) -> None:
    """Write a note on a run, study, search or sheet, which listings and pages show."""
    from toile.runs import RunsFolder, read_remarks

    workspace = RunsFolder()
    entry = workspace.named(name)
    if remove and text is not None:
        raise ToileError("--remove removes the note; leave TEXT out")
    if remove:
        workspace.remove_note(entry.folder)
        say(f"removed the note of {plain(entry.name)}")
        _say_renewed(entry)
    elif text is None:
        note_text = read_remarks(entry.folder).note
        say(
            note_text
            or f'{plain(entry.name)} has no note; write one with  toile note {name} "TEXT"'
        )
    else:
        workspace.note(entry.folder, text)
        say(f"wrote the note of {plain(entry.name)}")
        _say_renewed(entry)


def star(
    names: Names,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the star.")] = False,
) -> None:
    """Star runs, studies, searches or sheets; `toile runs --starred` lists starred runs only."""
    from toile.runs import RunsFolder

    workspace = RunsFolder()
    # All names are looked up before anything is changed.
    for entry in [workspace.named(name) for name in names]:
        workspace.star(entry.folder, not remove)
        done = "removed the star of" if remove else "starred"
        say(f"{done} {plain(entry.name)}")
        _say_renewed(entry)


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
) -> None:
    """Rename a run, study, search or sheet, and its folder."""
    from toile.runs import RunsFolder
    from toile.workbench import renew_summaries

    workspace = RunsFolder()
    before = workspace.named(name)
    after = workspace.rename(before.folder, new)
    renew_summaries(after)
    say(f"{plain(before.name)} is now {after.name}")
    _say_renewed(after)


def _say_renewed(entry: "Entry") -> None:
    """Rewrite the page if there is one; print the reason if that is impossible."""
    if not (entry.folder / "report.html").exists():
        return
    from toile.cli.progress import waiting

    with waiting("rewriting its page"):
        from toile.workbench import renew_page

        reason = renew_page(entry)
    if reason:
        say(f"its page was not changed: {plain(reason)}")


def remarks_json(folder: Path) -> dict[str, Any]:
    """Note and star as JSON has them."""
    from toile.runs import shown_remarks

    remarks = shown_remarks(folder)
    return {"note": remarks.note, "star": remarks.star}


def remarks_words(folder: Path) -> str:
    """A line for the star and one for the note; empty without both."""
    from toile.runs import shown_remarks

    remarks = shown_remarks(folder)
    lines = ["★ starred"] * remarks.star
    lines += [f"note  {plain_lines(remarks.note)}"] * bool(remarks.note)
    return "\n".join(lines)
