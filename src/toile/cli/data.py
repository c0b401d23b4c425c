"""`toile data`: which datasets are known, and what a dataset contains."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.augment import augment
from toile.cli.commands import Command, new_app
from toile.cli.data_settings import Source, data_settings, load
from toile.cli.data_words import description_words
from toile.cli.files import Force, make_folder, output_path
from toile.cli.own_data import add, dataset_words, forget, outline, vary
from toile.cli.relabel import relabel
from toile.cli.terminal import hint, plain, say, say_json
from toile.cli.words import table
from toile.errors import ToileError

if TYPE_CHECKING:
    import numpy as np

app = new_app("Datasets: which are known, where they are, what they contain.")
FIGURES = ("class-means.png", "histograms.png", "correlation.png")


for command in (add, forget, vary, augment, outline, relabel):
    app.command(cls=Command)(command)


@app.callback(invoke_without_command=True)
def data(context: typer.Context, as_json: Json = False) -> None:
    """Datasets: which are known, where they are, what they contain."""
    if context.invoked_subcommand is None:
        list_(as_json)


@app.command("list", cls=Command)
def list_(as_json: Json = False) -> None:
    """List the datasets that are known by name or were added here, and where they are."""
    from toile.data import list_sources
    from toile.runs import DataList, runs_folder

    sources, added = list_sources(), DataList(runs_folder()).entries()
    if as_json:
        say_json(
            {
                "sources": [_plain(source) for source in sources],
                "added": [_plain(entry) for entry in added],
            }
        )
        return
    rows = [(entry.name, dataset_words(entry)) for entry in added] + [
        (
            source.name,
            str(source.path) if source.path else f"not here; {source.obtained}",
        )
        for source in sources
    ]
    say(table(("name", "where"), rows, left=2))
    say("\nAny folder of class folders, zip, .npz, CSV or IDX files is read by its path.")


@app.command(cls=Command)
def get(name: Annotated[str, typer.Argument(help="A known name.")]) -> None:
    """Fetch a known dataset to this machine, if it is not here yet."""
    dataset = load(name)
    say(f"{dataset.name} is in {dataset.path}")


@app.command(cls=Command)
def show(
    source: Source,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="ADDRESS=VALUE",
            help="A setting of data, such as data.size_px=28; repeatable.",
        ),
    ] = None,
    grid: Annotated[
        int | None,
        typer.Option(min=1, max=400, help="Write a figure of the first N images."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="With --grid: N images drawn at random with this seed."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Write class means, histograms and correlations here.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file of --grid; grid.png in the runs' folder by default."),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Describe a dataset: counts, greys, duplicates, overlaps, correlations."""
    from toile.cli.progress import waiting
    from toile.data import describe

    if seed is not None and grid is None:
        raise ToileError("--seed draws the images of --grid; add --grid 9, or leave --seed out")
    settings = data_settings(set_ or [])
    if figures is not None:
        make_folder(figures, "--figures", FIGURES, force)
    grid_file = output_path(out, "grid.png", force) if grid is not None else None
    dataset = load(source, **settings)
    with waiting("describing the pictures"):
        described = describe(dataset)
    with waiting("drawing"):
        written = _draw(dataset, described, _shown(dataset, grid, seed), figures, grid_file)
    if as_json:
        say_json(described.to_json() | {"files": [str(path) for path in written]})
        return
    say(description_words(described))
    for path in written:
        say(f"wrote {path}")
    hint(f"next: toile train quick --data {plain(source)} trains on it")


def _plain(source: Any) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, Path) else value for key, value in vars(source).items()
    }


def _shown(dataset: Any, grid: int | None, seed: int | None) -> "np.ndarray | None":
    """Indices of the training images of the grid: the first, or random ones by `seed`.

    Where images lie class after class, the first of each class in turn.
    """
    if grid is None:
        return None
    import numpy as np

    num = len(dataset.train)
    if seed is None:
        labels = dataset.train.labels
        if np.count_nonzero(np.diff(labels)) >= len(np.unique(labels)):
            return np.arange(min(grid, num))
        # The first images would be of one class and show no other's labels, as in class folders.
        by_class = np.argsort(labels, kind="stable")
        turns = np.arange(num) - np.searchsorted(labels[by_class], labels[by_class])
        return by_class[np.argsort(turns, kind="stable")][:grid]
    indices = np.random.default_rng(seed).choice(num, min(grid, num), replace=False)
    return np.sort(indices)


def _draw(
    dataset: Any,
    described: Any,
    shown: "np.ndarray | None",
    figures: Path | None,
    out: Path | None,
) -> list[Path]:
    """Draw the requested figures, and return their paths."""
    if shown is None and figures is None:
        return []
    from toile import report

    plots = {}
    if shown is not None and out is not None:
        images = dataset.train.gather(shown)
        names = [dataset.class_names[label] for label in images.labels]
        plots[out] = report.picture_grid(images.pixels[:], names)
    if figures is not None:
        train, test, names = described.train, described.test, described.class_names
        plots[figures / FIGURES[0]] = report.class_means_figure(train.class_means, names)
        plots[figures / FIGURES[1]] = report.grey_histogram_figure(
            train.class_histograms, test.class_histograms, names
        )
        plots[figures / FIGURES[2]] = report.correlation_figure(
            train.class_correlation, test.class_correlation, names
        )
    for path, figure in plots.items():
        report.save_figure(figure, path)
    return list(plots)
