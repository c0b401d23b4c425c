"""All commands of `toile`, gathered."""

import typer

from toile.cli import (
    baselines,
    bench,
    browser,
    bundle,
    compare,
    data,
    evaluate,
    export,
    importing,
    inspect,
    predict,
    queue,
    recipes,
    remarks,
    removal,
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
from toile.cli.commands import Command, Quiet, Verbose, new_app
from toile.cli.terminal import say

app = new_app("A local workbench for image classifiers.", name="toile", no_args_is_help=True)
app.add_typer(data.app, name="data", rich_help_panel="Data")
COMMANDS = {
    "Build": (
        recipes.presets, recipes.new, recipes.check, recipes.network, recipes.settings, bench.bench,
    ),
    "Train": (training.train, training.resume, runs.runs, show.show),
    "Keep": (remarks.note, remarks.star, remarks.rename, removal.rm),
    "Judge": (evaluate.evaluate, baselines.baselines, evaluate.looks, predict.predict),
    "Compare": (compare.compare, search.search, studies.studies, verdict.verdict, reporting.report),
    "Take away": (export.export, serve.serve, bundle.bundle),
}  # fmt: skip
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(cls=Command, rich_help_panel=panel)(command)
app.command("app", cls=Command, rich_help_panel="Build")(browser.app)
app.add_typer(queue.app, name="queue", rich_help_panel="Train")
app.command("import", cls=Command, rich_help_panel="Take away")(importing.import_)
app.add_typer(study.app, name="study", rich_help_panel="Compare")
app.add_typer(inspect.app, name="inspect", rich_help_panel="Judge")
app.add_typer(sheet.app, name="sheet", rich_help_panel="Compare")


def _version(requested: bool) -> None:
    if requested:
        from toile.distribution import VERSION

        say(VERSION)
        raise typer.Exit


@app.callback()
def toile(
    version: bool = typer.Option(
        False, "--version", "-V", callback=_version, is_eager=True, help="Print the version."
    ),
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """A local workbench for image classifiers: look at data, build, train, compare.

    Each command explains itself with --help. Where a command needs a name, last stands for the
    one that changed last (of the kinds that the command accepts), and last~1 for the one before it.
    """
