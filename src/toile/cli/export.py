"""`toile export`: a trained network as a file for other software."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from toile.cli.arguments import Json, MovedData, RunName
from toile.cli.files import refuse_existing
from toile.cli.terminal import say, say_json
from toile.cli.words import amount, percent
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.workbench import Exported


def export(
    run: RunName,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="The file to write; by default the run's id, in this folder."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="safetensors, onnx or keras, by default from FILE's suffix; or tensorboard or "
            "mlflow, with FILE as the folder.",
        ),
    ] = None,
    weights: Annotated[str, typer.Option(help="last, or best by validation.")] = "last",
    int8: Annotated[
        bool,
        typer.Option("--int8", help="8-bit integers, only for onnx; a few predictions may change."),
    ] = False,
    input_: Annotated[
        Literal["scaled", "bytes"],
        typer.Option(
            "--input", help="Pixels scaled as in training; or bytes, 0 to 255, only for onnx."
        ),
    ] = "scaled",
    card: Annotated[
        bool, typer.Option("--card", help="Write a model card next to the file, FILE-card.md.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
    data: MovedData = None,
    as_json: Json = False,
) -> None:
    """Write a run's network as a file for other software, and check that it predicts the same.

    For TensorBoard or MLflow, write the run's curves, settings, scores and figures.
    """
    from toile.export import TRACKERS, format_of

    if to in TRACKERS:
        unused = {
            "--weights": weights != "last",
            "--int8": int8,
            "--card": card,
            "--data": data,
            "--input": input_ != "scaled",
        }
        if wrong := [name for name, value in unused.items() if value]:
            raise ToileError(f"{wrong[0]} is for a file of the network; leave it out with {to}")
        _track(run, to, file or Path(to), force, as_json)
        return
    from toile.cli.progress import waiting
    from toile.runs import open_run, refuse_without_results

    # Refuse what can be refused before torch is loaded.
    format_of(to, file)
    opened = open_run(run)
    if card:
        refuse_without_results(opened.folder)
        refuse_existing(_card(file or Path(f"{opened.id}.onnx")), force)
    with waiting("exporting, and comparing with the network"):
        from toile.workbench import export_run, write_card

        exported = export_run(
            opened, to, file, weights=weights, int8=int8, input_kind=input_, force=force, data=data
        )
        if card:
            write_card(opened, _card(exported.file), exported)
    images = "validation images" if opened.data.validation else "training images"
    if as_json:
        record: dict[str, object] = {"file": str(exported.file), "format": exported.format}
        if card:
            record["card"] = str(_card(exported.file))
        say_json(record | exported.parity.model_dump(exclude_none=True))
    else:
        _say(exported, images)
        if card:
            say(f"{_card(exported.file)}  the model card")


def _say(exported: "Exported", images: str) -> None:
    """Print the file's path, the check by its runtime, and its input and output."""
    parity = exported.parity
    say(f"{exported.file}  {amount(exported.file.stat().st_size)} bytes")
    say(
        f"opened by {parity.runtime}: same prediction for {percent(parity.agreement)} of "
        f"{parity.images} {images}, largest difference {parity.max_difference:.1e}"
    )
    if exported.format == "keras":
        say(f"in Python: keras.models.load_model({str(exported.file)!r}, compile=False)")
    say(f"input: {exported.about.input}; output: {exported.about.output}")
    if parity.accuracy is not None:
        say(
            f"accuracy on them  {percent(parity.accuracy)} in int8, "
            f"{percent(parity.accuracy_float32)} in float32"
        )


def _card(file: Path) -> Path:
    """The path of `file`'s model card: `model-card.md` next to `model.onnx`."""
    return file.with_name(f"{file.stem}-card.md")


def _track(run: str, to: str, folder: Path, force: bool, as_json: bool) -> None:
    from toile.cli.progress import waiting
    from toile.export import TRACKERS
    from toile.runs import open_run

    opened = open_run(run)
    with waiting(f"writing for {to}"):
        from toile.workbench import track_run

        written = track_run(opened, to, folder, force=force)
    if as_json:
        say_json({"file": str(written), "format": to})
        return
    say(str(written))
    say(f"to see it: {TRACKERS[to].format(folder=quote(str(folder)), written=written)}")
