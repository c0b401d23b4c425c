"""`toile import`: adds a bundled run, or a network trained elsewhere, to the runs here."""

from pathlib import Path
from typing import Annotated

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import plain, say, say_json
from toile.cli.training import Set
from toile.errors import ToileError, did_you_mean_file


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A network: .h5, .keras, .onnx, .safetensors; or a bundle, .zip."
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="For a network: data with its classes."),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(metavar="FILE|PRESET", help="For .safetensors: the recipe of its network."),
    ] = None,
    scaling: Annotated[
        str | None,
        typer.Option(help="How its pictures were scaled: unit, bytes, ...; by default found out."),
    ] = None,
    set_: Set = None,
    out: Annotated[Path | None, typer.Option(help="A new folder for the run.")] = None,
    as_json: Json = False,
) -> None:
    """Add a network from elsewhere, or a bundled run, to the runs here.

    A network of Keras, ONNX or torch becomes a run that can be evaluated, inspected, pruned,
    trained further and exported like any other. Validation images show how its pictures were
    scaled.
    """
    from toile.runs import BUNDLE

    if file.suffix.lower() == BUNDLE:
        options: dict[str, object] = {
            "--data": data,
            "--recipe": recipe,
            "--scaling": scaling,
            "--out": out,
        }
        options["--set"] = set_ or None
        if wrong := [name for name, value in options.items() if value is not None]:
            raise ToileError(
                f"{file} is a bundle of a run, for which there is no {wrong[0]}; leave it out"
            )
        _import_bundle(file, as_json)
        return
    if not file.exists():
        raise ToileError(f"{file} is not there{did_you_mean_file(file)}")
    if data is None:
        raise ToileError(
            f"--data is missing: {file} is a network, and a run needs pictures with its classes, "
            "such as --data fashion-mnist"
        )
    from toile.cli.progress import data_progress
    from toile.recipe import parse_assignments

    values = parse_assignments(set_ or ())
    with data_progress() as progress:
        from toile.workbench import import_network, import_sentences, write_report

        imported = import_network(
            file,
            data,
            recipe=recipe,
            scaling=scaling,
            settings=values,
            out=out,
            progress=progress,
        )
        report = write_report(imported.run)
    if as_json:
        say_json(imported.to_json() | {"report": str(report)})
        return
    run = imported.run
    say("\n".join(plain(sentence) for sentence in import_sentences(imported)))
    say(
        f"{run.name} is among the runs now, with {run.plan.parameters:,} parameters: "
        f"toile show {run.name}"
    )
    say(f"report  {report}")


def _import_bundle(file: Path, as_json: bool) -> None:
    from toile.cli.progress import waiting
    from toile.workbench import bundle_sentences, import_bundle

    with waiting("reading the bundle"):
        run, manifest = import_bundle(file)
    report = run.folder / "report.html"
    if as_json:
        say_json({"run": str(run.folder), "report": str(report), "looks": len(manifest.looks)})
        return
    say(f"{run.id} is among the runs now: toile show {run.name}")
    say("\n".join(map(plain, bundle_sentences(run, len(manifest.looks)))))
    say(f"report  {report}")
