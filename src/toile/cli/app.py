"""The commands, gathered."""

import typer

from toile.cli import (
    bench,
    bundle,
    compare,
    data,
    evaluate,
    export,
    predict,
    recipes,
    reporting,
    runs,
    search,
    serve,
    sheet,
    show,
    studies,
    study,
    training,
    verdict,
)
from toile.cli.terminal import say

app = typer.Typer(
    name="toile",
    help="A local workbench for image classifiers: look at data, build, train, compare.",
    no_args_is_help=True,
    # main prints a ToileError as one sentence; all else is a fault of ours and keeps Python's own
    # traceback.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.add_typer(sheet.app, name="sheet")
for command in (
    recipes.presets,
    recipes.new,
    recipes.check,
    recipes.network,
    recipes.settings,
    bench.bench,
    training.train,
    training.resume,
    runs.runs,
    show.show,
    compare.compare,
    evaluate.evaluate,
    evaluate.looks,
    predict.predict,
    bundle.bundle,
    study.study,
    study.new_study,
    search.search,
    studies.studies,
    verdict.verdict,
    reporting.report,
    export.export,
    serve.serve,
    runs.rm,
):
    app.command()(command)
app.command("import")(bundle.import_)


def _version(wanted: bool) -> None:
    if wanted:
        from toile.distribution import VERSION

        say(VERSION)
        raise typer.Exit


@app.callback()
def toile(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """A local workbench for image classifiers: look at data, build, train, compare."""
