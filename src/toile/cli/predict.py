"""`toile predict`: the classes of one picture or of thousands."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import RunName
from toile.cli.files import Force, refuse_existing
from toile.cli.picture_corrections import Crop, Invert, Rotate, corrections_of
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import percent, table
from toile.errors import ToileError, did_you_mean_file
from toile.files import write_atomically

if TYPE_CHECKING:
    from toile.prediction import Answered

MOST_DRAWINGS = 4
MOST_LINES = 50


def predict(
    run: RunName,
    pictures: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER...", help="Pictures, or folders of them.")
    ],
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="RUN", help="Use this run too, and vote; repeatable."),
    ] = None,
    weights: Annotated[str | None, typer.Option(help="last (the default) or best.")] = None,
    always: Annotated[
        bool,
        typer.Option("--always", help="Answer blank and unusual pictures too, with a warning."),
    ] = False,
    rotate: Rotate = 0,
    crop: Crop = None,
    invert: Invert = False,
    top: Annotated[int, typer.Option(min=1, help="Classes to print for each picture.")] = 3,
    steps: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG|SVG", help=f"Draw how the first {MOST_DRAWINGS} pictures were prepared."
        ),
    ] = None,
    csv_: Annotated[
        Path | None, typer.Option("--csv", help="Write a row for each picture here.")
    ] = None,
    force: Force = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a list with an object for each picture.")
    ] = False,
) -> None:
    """Predict the classes of any pictures, prepared as the training images were.

    If --steps shows that the preparation went wrong, --rotate, --crop and --invert correct it for
    all pictures.
    """
    from toile.cli.progress import data_progress, waiting
    from toile.workbench import find_source

    # Refuse what can be refused before torch is loaded and thousands of pictures are predicted.
    written = [path for path in (csv_, steps) if path is not None]
    for path in written:
        refuse_existing(path, force)
    if steps is not None:
        _refuse_suffix(steps)
    corrections = corrections_of(rotate, crop, invert)
    source, *also = [find_source(name) for name in (run, *(with_ or ()))]
    _refuse_missing(pictures)
    with waiting("loading torch"):
        from toile.workbench import predict as ask
    with data_progress() as progress:
        predictions = ask(
            source,
            pictures,
            also=also,
            weights=weights,
            num_top=top,
            num_steps=MOST_DRAWINGS if steps else 0,
            always=always,
            corrections=corrections,
            progress=progress,
        )
    # Print first, so that a full disk or a failed figure does not lose the predictions.
    if as_json:
        say_json([prediction.to_json() for prediction in predictions])
    else:
        _say(predictions, csv_ is not None)
    if csv_ is not None:
        # A file's name may not be valid UTF-8; its bytes are then escaped.
        write_atomically(csv_, csv_text(predictions).encode(errors="backslashreplace"))
    if steps is not None:
        _draw(predictions, steps)
    if not as_json:
        for path in written:
            say(f"wrote {plain(str(path))}")


def _say(predictions: "Sequence[Answered]", has_file: bool) -> None:
    """Print the predictions; with a CSV file only the first `MOST_LINES`."""
    shown = predictions[:MOST_LINES] if has_file else predictions
    say(_text(shown))
    if any(prediction.abstained for prediction in shown):
        say("--always predicts such pictures too, with the reasons as warnings", err=True)
    if len(predictions) > len(shown):
        say(f"... and {len(predictions) - len(shown)} more")


def _refuse_missing(pictures: Sequence[str]) -> None:
    for picture in pictures:
        try:
            Path(picture).stat()
        except (FileNotFoundError, NotADirectoryError):
            near = did_you_mean_file(picture)
            raise ToileError(f"{picture}: is no file or folder{near}") from None


def _refuse_suffix(steps: Path) -> None:
    from toile.report import SUFFIXES

    if steps.suffix not in SUFFIXES:
        raise ToileError(
            f"--steps {steps} ends in {steps.suffix!r}; steps are drawn as {' or '.join(SUFFIXES)}"
        )


def _draw(predictions: "Sequence[Answered]", path: Path) -> None:
    from toile import report

    drawings = [
        report.StepsOf(
            prediction.file,
            prediction.steps,
            prediction.top,
            (*prediction.abstained, *prediction.warnings),
        )
        for prediction in predictions
        if prediction.steps
    ]
    if not drawings:
        raise ToileError(f"--steps {path} was not drawn, because none of the files is a picture")
    report.save_figure(report.steps_figure(drawings), path)


def _text(predictions: "Sequence[Answered]") -> str:
    """A row for each picture; below it errors, the vote, and warnings."""
    most = max((len(prediction.top) for prediction in predictions), default=0)
    heads = ["picture", *(["class", ""] * most)]
    rows = [_row(prediction, most) for prediction in predictions]
    head, *lines = table(heads, rows, left=2, paths="picture").splitlines()
    output = [head]
    for line, prediction in zip(lines, predictions, strict=True):
        output.append(line)
        vote = () if prediction.vote is None else (prediction.vote.sentence,)
        why = [f"no answer: {reason}" for reason in prediction.abstained]
        output += [
            f"  {plain(remark)}"
            for remark in (prediction.error, *vote, *why, *prediction.warnings)
            if remark
        ]
    return "\n".join(output)


def _row(prediction: "Answered", most: int) -> list[str]:
    cells = [prediction.file]
    for candidate in prediction.top:
        cells += [candidate.class_name, percent(candidate.probability)]
    cells += ["-"] * (1 + 2 * most - len(cells))
    return cells


def csv_text(predictions: "Sequence[Answered]") -> str:
    """A row for each picture under a row of heads; with several runs a column for each run's class.

    A cell that a spreadsheet would run as a formula begins with an apostrophe, since names of files
    and classes may come from anywhere.
    """
    rows = [_cells(prediction) for prediction in predictions]
    # All columns of all rows; a row leaves columns empty that it does not have.
    heads = dict.fromkeys(
        [*(head for row in rows for head in row), "warnings", "abstained", "error"]
    )
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(map(_harmless, heads))
    for row, prediction in zip(rows, predictions, strict=True):
        cells = row | {
            "warnings": "; ".join(prediction.warnings),
            "abstained": "; ".join(prediction.abstained),
            "error": prediction.error,
        }
        writer.writerow(_harmless(cells.get(head, "")) for head in heads)
    return written.getvalue()


def _cells(prediction: "Answered") -> dict[str, str]:
    cells = {"file": prediction.file}
    for rank, candidate in enumerate(prediction.top, start=1):
        suffix = "" if rank == 1 else f"_{rank}"
        cells[f"class{suffix}"] = candidate.class_name
        cells[f"probability{suffix}"] = f"{candidate.probability:.6f}"
    if prediction.vote is not None:
        cells |= {
            run: run_prediction.top[0].class_name if run_prediction.top else ""
            for run, run_prediction in prediction.runs
        }
        cells["vote"] = prediction.vote.sentence
    return cells


def _harmless(cell: str) -> str:
    # Spreadsheets ignore blanks before a formula.
    is_formula = cell.startswith(("\t", "\r")) or cell.lstrip().startswith(("=", "+", "-", "@"))
    return f"'{cell}" if is_formula else cell
