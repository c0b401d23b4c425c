"""`toile inspect mistakes`: wrong answers of a run, or of the readings of a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json, MovedData
from toile.cli.files import Force, refuse_existing
from toile.cli.inspect.viewing import Out, OutputOptions, Values, Weights, looking
from toile.cli.terminal import plain, say
from toile.errors import ToileError
from toile.files import write_atomically

if TYPE_CHECKING:
    from toile.workbench import MistakesView

RunOrStudy = Annotated[
    str, typer.Argument(metavar="RUN|STUDY", help="A run or a study, by name or folder.")
]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="CSV", help="Write the whole table here.")
]


def mistakes(
    name: RunOrStudy,
    count: Annotated[int, typer.Option(min=1, max=200, help="Pictures to show.")] = 24,
    neighbours: Annotated[
        int | None,
        typer.Option(min=0, max=20, help="Nearest training images beside each; 5 unless said."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--by", metavar="cosine|euclidean", help="How near is told.")
    ] = None,
    weights: Weights = "last",
    out: Out = None,
    csv: Csv = None,
    values: Values = None,
    data: MovedData = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show the surest wrong answers on validation images, and what explains them."""
    _refuse_csv(csv, force)
    with looking(name, weights, data, OutputOptions(out, values, force, as_json)) as (opened, tell):
        from toile.workbench import view_mistakes

        near = 5 if neighbours is None else neighbours
        view = view_mistakes(opened, count, near, metric or "cosine")
        tell(view)
    _write_csv(view, csv, as_json)


def _refuse_csv(path: Path | None, force: bool) -> None:
    if path is None:
        return
    refuse_existing(path, force)
    if path.suffix != ".csv":
        raise ToileError(f"--csv {path} ends in {path.suffix!r}; a table goes to a .csv")


def _write_csv(view: "MistakesView", path: Path | None, as_json: bool) -> None:
    if path is None:
        return
    write_atomically(path, view.csv().encode())
    if not as_json:
        say(f"wrote {plain(str(path))}")
