"""`toile bundle`: a run as one file."""

from pathlib import Path
from typing import Annotated

import typer

from toile.cli.arguments import Json, RunName
from toile.cli.terminal import say, say_json
from toile.cli.words import bytes_text


def bundle(
    run: RunName,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE.zip", help="By default the run's id, in this folder."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run as one zip file, which toile import reads on any machine."""
    from toile.cli.progress import waiting
    from toile.runs import bundle_run, open_run

    opened = open_run(run)
    with waiting("bundling the run"):
        from toile.workbench import write_report

        if not (opened.folder / "report.html").exists():
            write_report(opened)
        path = bundle_run(opened, file or Path(f"{opened.id}.zip"))
    if as_json:
        say_json({"file": str(path), "run": opened.id, "bytes": path.stat().st_size})
        return
    say(f"wrote {path}, {bytes_text(path.stat().st_size)}; toile import {path} opens it")
