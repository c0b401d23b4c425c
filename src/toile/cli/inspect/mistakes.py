"""`toile inspect mistakes`: wrong predictions of a run, or of the readings of a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from toile.cli.arguments import Json, MovedData
from toile.cli.files import Force, refuse_existing
from toile.cli.inspect.viewing import Out, OutputOptions, Values, Weights, looking, tell_view
from toile.cli.inspect.written import refuse_written
from toile.cli.terminal import plain, say
from toile.errors import ToileError
from toile.files import write_atomically

if TYPE_CHECKING:
    from toile.workbench import MistakesView

RunOrStudy = Annotated[
    str, typer.Argument(metavar="RUN|STUDY", help="A run or a study, by name or folder.")
]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="CSV", help="Write the full table here.")
]


def mistakes(
    name: RunOrStudy,
    count: Annotated[int, typer.Option(min=1, max=200, help="Pictures to show.")] = 24,
    neighbours: Annotated[
        int | None,
        typer.Option(
            min=0, max=20, help="For a run: nearest training images of each; 5 by default."
        ),
    ] = None,
    metric: Annotated[
        Literal["cosine", "euclidean"] | None,
        typer.Option("--by", metavar="cosine|euclidean", help="For a run: measure of distance."),
    ] = None,
    level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="For a study: only this level.")
    ] = None,
    weights: Weights = "last",
    out: Out = None,
    csv: Csv = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show wrong predictions on validation images, and what explains them.

    For a run: the most confident ones, each with its nearest training images. For a study: how many
    readings predict each image wrong; with folds also which labels are probably wrong.
    """
    from toile.runs import RunsFolder

    _refuse_csv(csv, force)
    refuse_written(out, values, force)
    options = OutputOptions(out, values, force, as_json)
    entry = RunsFolder().named(name, "run", "study")
    view: MistakesView
    if entry.kind == "study":
        if neighbours is not None or metric is not None or weights != "last":
            raise ToileError(
                f"{entry.name} is a study; --neighbours, --by and --weights are for a run; leave "
                "them out"
            )
        view = _of_study(entry.folder, level, count, data)
        _write_csv(view, csv)
        tell_view(view, options)
    elif entry.kind == "run":
        if level is not None:
            raise ToileError(f"{entry.name} is a run; --level is for a study; leave it out")
        with looking(str(entry.folder), weights, data, options) as (opened, tell):
            from toile.workbench import view_mistakes

            near = 5 if neighbours is None else neighbours
            view = view_mistakes(opened, count, near, metric or "cosine")
            _write_csv(view, csv)
            tell(view)
    else:
        raise ToileError(f"{entry.name} is a {entry.kind}; name a run or a study")
    if csv is not None and not as_json:
        say(f"wrote {plain(str(csv))}")


def _of_study(folder: Path, level: str | None, count: int, data: str | None) -> "MistakesView":
    from toile.cli.progress import data_progress
    from toile.studies import open_study

    result = open_study(folder)
    with data_progress() as progress:
        from toile.workbench import view_study_mistakes

        return view_study_mistakes(result, level, count, data, progress)


def _refuse_csv(path: Path | None, force: bool) -> None:
    if path is None:
        return
    refuse_existing(path, force)
    if path.suffix != ".csv":
        raise ToileError(f"--csv {path} ends in {path.suffix!r}; its name has to end in .csv")


def _write_csv(view: "MistakesView", path: Path | None) -> None:
    if path is not None:
        write_atomically(path, view.csv().encode())
