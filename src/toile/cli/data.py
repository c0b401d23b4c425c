"""`toile data`: what datasets are known, and what one holds."""

from pathlib import Path
from typing import Annotated, Any

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import amount, table
from toile.errors import ToileError

app = typer.Typer(help="Datasets: what is known, where it lies, what it holds.")
MOST_CORRELATED = 12
Source = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A known name, or a path.")]


@app.callback(invoke_without_command=True)
def data(context: typer.Context, as_json: Json = False) -> None:
    """List the datasets that are known by name, and where they lie."""
    if context.invoked_subcommand is not None:
        return
    from toile.data import list_sources

    sources = list_sources()
    if as_json:
        say_json({"sources": [_plain(source) for source in sources]})
        return
    rows = [
        (
            source.name,
            str(source.path) if source.path else f"not here; {source.obtained}",
        )
        for source in sources
    ]
    say(table(("name", "where"), rows, left=2))
    say("\nAny folder of class folders, zip, .npz, CSV or IDX files is read by its path.")


@app.command()
def get(name: Annotated[str, typer.Argument(help="A known name.")]) -> None:
    """Bring a known dataset to this machine, if it is not here yet."""
    dataset = _load(name)
    say(f"{dataset.name} is in {dataset.path}")


@app.command()
def show(
    source: Source,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ADDRESS=VALUE", help="As in data.size_px=28; repeatable."),
    ] = None,
    grid: Annotated[
        int | None, typer.Option(min=1, max=400, help="Write a picture of the first N images.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Write class means, histograms and correlations here.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where --grid goes.")] = Path("grid.png"),
    as_json: Json = False,
) -> None:
    """Describe a dataset: counts, greys, duplicates, overlaps, correlations."""
    from toile.data import describe

    dataset = _load(source, **_data_settings(set_ or []))
    described = describe(dataset)
    written = _draw(dataset, described, grid, figures, out)
    if as_json:
        say_json(described.to_json() | {"files": [str(path) for path in written]})
        return
    say(_description(described))
    for path in written:
        say(f"wrote {path}")


def _data_settings(texts: list[str]) -> dict[str, Any]:
    from toile.recipe import parse_assignment

    settings = dict(map(parse_assignment, texts))
    for address in settings:
        if not address.startswith("data."):
            raise ToileError(
                f"--set {address}: a dataset has settings of data alone, as data.size_px"
            )
    return {address.removeprefix("data."): value for address, value in settings.items()}


def _load(name: str, **settings: Any) -> Any:
    from toile.cli.progress import data_progress
    from toile.data import load_data

    with data_progress() as progress:
        return load_data(name, progress=progress, **settings)


def _plain(source: Any) -> dict[str, Any]:
    return {
        key: str(value) if isinstance(value, Path) else value for key, value in vars(source).items()
    }


def _draw(
    dataset: Any, described: Any, grid: int | None, figures: Path | None, out: Path
) -> list[Path]:
    """The pictures asked for; returns where they are."""
    if grid is None and figures is None:
        return []
    from toile import report

    drawn = {}
    if grid is not None:
        first = dataset.train.pixels[:grid]
        names = [dataset.class_names[label] for label in dataset.train.labels[:grid]]
        drawn[out] = report.picture_grid(first, names)
    if figures is not None:
        try:
            figures.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ToileError(f"--figures {figures}: {error.strerror}; name a folder") from None
        train, test, names = described.train, described.test, described.class_names
        drawn[figures / "class-means.png"] = report.class_means_figure(train.class_means, names)
        drawn[figures / "histograms.png"] = report.grey_histogram_figure(
            train.class_histograms, test.class_histograms, names
        )
        drawn[figures / "correlation.png"] = report.correlation_figure(
            train.class_correlation, test.class_correlation, names
        )
    for path, figure in drawn.items():
        report.save_figure(figure, path)
    return list(drawn)


def _description(one: Any) -> str:
    channels, height, width = one.shape
    rows = [
        (
            f"{label} {name}",
            *(amount(part.class_counts[label]) for part in (one.train, one.test)),
            *(f"{part.class_mean_grey[label]:.2f}" for part in (one.train, one.test)),
            _bars(one.train.class_histograms[label]),
        )
        for label, name in enumerate(one.class_names)
    ]
    rows.append(
        (
            "all",
            *(amount(part.num_images) for part in (one.train, one.test)),
            *(f"{part.mean_grey:.2f}" for part in (one.train, one.test)),
            _bars(one.train.class_histograms.sum(0)),
        )
    )
    heads = ("class", "train", "test", "mean grey train", "test", "greys 0 to 255")
    lines = [
        f"{plain(one.name)}  {plain(str(one.path))}",
        (
            f"{height} x {width} px, {channels} channel{'s' if channels > 1 else ''}, "
            f"{len(one.class_names)} classes; release: {one.release}"
        ),
        f"fingerprint {one.fingerprint}",
        *([f"greys in the files: {one.greys.words}"] if one.greys else []),
        *(f"note: {plain(note)}" for note in one.notes),
        "",
        table(heads, rows),
        "",
        (
            f"exact duplicates: {_groups(one.train)} in train, {_groups(one.test)} in test; "
            f"images of train that stand in test too: {len(one.overlaps)}"
        ),
        _empties(one),
        *_correlations(one),
    ]
    if one.skipped:
        lines.append(f"left out or read in part: {len(one.skipped)}")
        lines += [
            f"  {plain(skipped.file)}: {plain(skipped.reason)}" for skipped in one.skipped[:20]
        ]
    return "\n".join(lines)


def _groups(part: Any) -> str:
    extra = sum(len(group) - 1 for group in part.duplicates)
    return f"{len(part.duplicates)} groups ({extra} too many)" if extra else "none"


def _empties(one: Any) -> str:
    if one.nulls is None and one.nans is None:
        return "empty cells and NaNs: this format holds none"
    return f"empty cells: {one.nulls or 0}; NaNs: {one.nans or 0}"


def _bars(counts: Any) -> str:
    """A grey histogram in 16 blocks; heights are roots of the counts, or black would hide all."""
    import numpy as np

    heights = np.sqrt(counts.reshape(16, -1).sum(1))
    # Rounded up: a single pixel is still a block, and blank means none.
    levels = np.ceil(heights / max(heights.max(), 1) * 8).astype(int)
    return "".join(" ▁▂▃▄▅▆▇█"[level] for level in levels)


def _correlations(one: Any) -> list[str]:
    """Correlation of the class-mean images in train, in test, and the difference."""
    if len(one.class_names) > MOST_CORRELATED:
        return ["correlations of class means: too many classes to print; see --json or --figures"]
    matrices = {
        "train": one.train.class_correlation,
        "test": one.test.class_correlation,
        "test less train": one.correlation_difference,
    }
    lines = []
    for part, matrix in matrices.items():
        heads = (f"correlation of class means, {part}", *map(str, range(len(matrix))))
        rows = [
            (f"{label} {name}", *(f"{value:.2f}" for value in matrix[label]))
            for label, name in enumerate(one.class_names)
        ]
        lines += ["", table(heads, rows)]
    return lines
