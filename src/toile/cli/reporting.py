"""`toile report`: writes the page of a run, or the report of a study, search or sheet."""

from pathlib import Path
from typing import Annotated

import typer

from toile.cli.arguments import Json
from toile.cli.hints import Open, open_report
from toile.cli.terminal import say, say_json


def report(
    name: Annotated[
        str,
        typer.Argument(help="A folder, a name or its start, the end of an id, or last."),
    ],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="html|md|csv|tex|pdf",
            help="Repeatable; html by default. For a run: html, or md for its model card.",
        ),
    ] = None,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Write the report of a run, study, search or sheet into its folder, and print its files."""
    from toile.cli.progress import waiting
    from toile.runs import RunsFolder

    entry = RunsFolder().named(name)
    with waiting("writing the report"):
        from toile.workbench import write_reports

        files = [str(path) for path in write_reports(entry, formats or ["html"])]
    html = next((Path(file) for file in files if file.endswith(".html")), None)
    open_report(html, open_)
    if as_json:
        say_json({"kind": entry.kind, "folder": str(entry.folder), "files": files})
        return
    say("\n".join(files))
