"""`toile data add`, `forget`, `vary` and `outline`: a user's datasets, and figures of pictures."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.data_settings import Source, data_settings, load
from toile.cli.files import Force, output_path
from toile.cli.terminal import hint, plain, say
from toile.errors import ToileError
from toile.files import write_atomically

if TYPE_CHECKING:
    from toile.runs import AddedData

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="ADDRESS=VALUE", help="Such as data.size_px=28; repeatable."),
]


def add(
    path: Annotated[str, typer.Argument(help="A folder, zip, .npz, CSV or IDX files.")],
    name: Annotated[str | None, typer.Option(help="A name; by default from its path.")] = None,
    set_: Set = None,
) -> None:
    """Read a dataset and remember it and its settings in the workspace; the app lists it."""
    from toile.cli.progress import data_progress
    from toile.runs import DataList, runs_folder

    settings = data_settings(set_ or [])
    with data_progress() as progress:
        entry = DataList(runs_folder()).add(path, name, settings, progress)
    _, height, width = entry.shape
    say(
        f"{entry.name}: {entry.num_images[0]:,} training and {entry.num_images[1]:,} test "
        f"pictures of {entry.num_classes} classes, {width} x {height} px"
    )
    hint(f"next: toile train quick --data {dataset_words(entry)}")


def forget(
    name: Annotated[str, typer.Argument(help="The name it was added under.")],
) -> None:
    """Forget a dataset that was added; its files stay, except those uploaded through the app."""
    from toile.runs import DataList, runs_folder

    entry = DataList(runs_folder()).forget(name)
    say(f"forgot {entry.name}" + (f"; deleted {plain(entry.path)}" if entry.is_copy else ""))


def vary(
    source: Source,
    index: Annotated[int, typer.Argument(help="Which training picture, from 0.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ADDRESS=VALUE", help="Such as augmentation.shift=2; repeatable."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the random changes.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="The file; varied.png in the runs' folder by default.")
    ] = None,
    force: Force = False,
) -> None:
    """Draw a training picture and eight random changes of it by augmentation."""
    from toile.cli.progress import waiting
    from toile.recipe import parse_assignments

    settings = parse_assignments(set_ or [])
    of_data = [text for text in set_ or [] if text.startswith("data.")]
    varied = {address: settings[address] for address in settings if address[:5] != "data."}
    if not varied:
        raise ToileError(
            "no augmentation is named, so all nine pictures would be the same; name one or more, "
            "as in --set augmentation.shift=2"
        )
    file = output_path(out, "varied.png", force)
    dataset = load(source, **data_settings(of_data))
    with waiting("varying the picture"):
        from toile import report
        from toile.workbench import vary_picture

        pixels = vary_picture(dataset, index, varied, seed=seed)
    titles = ["as it is", *map(str, range(1, len(pixels)))]
    report.save_figure(report.picture_grid(pixels, titles, columns=3), file)
    say(f"wrote {file}")


def outline(
    source: Source,
    class_name: Annotated[
        str, typer.Argument(metavar="CLASS", help="A class name, such as Sneaker.")
    ],
    set_: Set = None,
    out: Annotated[
        Path | None, typer.Option(help="The file; outline.png in the runs' folder by default.")
    ] = None,
    force: Force = False,
) -> None:
    """Write the outline of a class's mean training picture, as a start for drawing.

    No data is downloaded for it.
    """
    from toile.cli.progress import data_progress
    from toile.data import class_outline, load_data

    settings = data_settings(set_ or [])
    file = output_path(out, "outline.png", force)
    with data_progress() as progress:
        dataset = load_data(source, progress=progress, fetch=False, **settings)
    edges = class_outline(dataset, class_name)
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(edges).save(written, "PNG")
    write_atomically(file, written.getvalue())
    say(f"wrote {file}")


def dataset_words(entry: "AddedData") -> str:
    """The path of an added dataset, and its settings written as options."""
    settings = "".join(f" --set data.{name}={value}" for name, value in entry.settings.items())
    return plain(entry.path) + settings
