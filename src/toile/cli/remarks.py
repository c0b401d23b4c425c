"""`toile note` and `star`: what a user says of a run, a study, a search or a sheet."""

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
    remove: Annotated[bool, typer.Option("--remove", help="Take the note off.")] = False,
) -> None:
    """Note something of a run, a study, a search or a sheet, to be shown where that is listed."""
    from toile.runs import Workspace, read_remarks

    workspace = Workspace()
    entry = workspace.named(name)
    if remove and text is not None:
        raise ToileError("--remove takes the note off, so it goes without a text")
    if remove:
        workspace.remove_note(entry.folder)
        say(f"took the note off {plain(entry.name)}")
        renew_page(entry)
    elif text is None:
        note_text = read_remarks(entry.folder).note
        say(
            note_text
            or f'{plain(entry.name)} has no note; write one with  toile note {name} "TEXT"'
        )
    else:
        workspace.note(entry.folder, text)
        say(f"noted of {plain(entry.name)}")
        renew_page(entry)


def star(
    names: Names,
    remove: Annotated[bool, typer.Option("--remove", help="Take the star away.")] = False,
) -> None:
    """Star runs, studies, searches or sheets; `toile runs --starred` lists those runs alone."""
    from toile.runs import Workspace

    workspace = Workspace()
    # All are found before one is changed.
    for entry in [workspace.named(name) for name in names]:
        workspace.star(entry.folder, not remove)
        say(f"took the star from {plain(entry.name)}" if remove else f"starred {plain(entry.name)}")
        renew_page(entry)


def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
) -> None:
    """Rename a run, a study, a search or a sheet, with its folder."""
    from toile.runs import Workspace
    from toile.workbench import renew_summaries

    workspace = Workspace()
    before = workspace.named(name)
    after = workspace.rename(before.folder, new)
    renew_summaries(after)
    say(f"{plain(before.name)} is now {after.name}")
    renew_page(after)


def renew_page(entry: "Entry") -> None:
    """Write its page anew, where it has one: it tells name, note and star.

    A run's page has pictures, for which nothing is fetched.
    """
    if not (entry.folder / "report.html").exists():
        return
    from toile.cli.progress import waiting
    from toile.data import load_here
    from toile.runs import Run, refuse_other_images

    dataset = load_here(Run(entry.folder).recipe.data) if entry.kind == "run" else None
    if entry.kind == "run" and dataset is None:
        say(
            "its page is as it was, since its pictures are not here; toile report "
            f"{plain(entry.name)} writes it anew"
        )
        return
    try:
        if dataset is not None:
            # A page of them would have no pictures in place of those that it has.
            refuse_other_images(Run(entry.folder), dataset)
        with waiting("writing its page anew"):
            # What draws takes a moment to import.
            from toile.workbench import write_report, write_reports

            if entry.kind == "run":
                write_report(Run(entry.folder), dataset)
            else:
                write_reports(entry, ("html",))
    except ToileError as error:
        say(f"its page is as it was: {plain(str(error))}")


def remarks_json(folder: Path) -> dict[str, Any]:
    """Note and star as JSON has them."""
    from toile.runs import shown_remarks

    remarks = shown_remarks(folder)
    return {"note": remarks.note, "star": remarks.star}


def remarks_words(folder: Path) -> str:
    """A line of the star and one of the note; nothing without either."""
    from toile.runs import shown_remarks

    remarks = shown_remarks(folder)
    lines = ["★ starred"] * remarks.star
    lines += [f"note  {plain_lines(remarks.note)}"] * bool(remarks.note)
    return "\n".join(lines)
