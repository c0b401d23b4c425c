"""The dataset of a command, and the settings by which it is read."""

from typing import Annotated, Any

import typer

from toile.errors import ToileError

Source = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A known name, or a path.")]


def data_settings(texts: list[str]) -> dict[str, Any]:
    """Settings of `data` by name, from texts such as `data.size_px=28`."""
    from toile.recipe import parse_assignments

    settings = parse_assignments(texts)
    for address in settings:
        if not address.startswith("data."):
            raise ToileError(
                f"--set {address}: a dataset has only settings of data, such as data.size_px"
            )
    return {address.removeprefix("data."): value for address, value in settings.items()}


def load(name: str, **settings: Any) -> Any:
    """Load the dataset and show the progress of reading it."""
    from toile.cli.progress import data_progress
    from toile.data import load_data

    with data_progress() as progress:
        return load_data(name, progress=progress, **settings)
