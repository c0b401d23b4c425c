"""Which dataset a command means, and how it is read."""

from typing import Annotated, Any

import typer

from toile.errors import ToileError

Source = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A known name, or a path.")]


def data_settings(texts: list[str]) -> dict[str, Any]:
    """Settings of a recipe's `data` by their names, out of `data.size_px=28` and the like."""
    from toile.recipe import parse_assignments

    settings = parse_assignments(texts)
    for address in settings:
        if not address.startswith("data."):
            raise ToileError(
                f"--set {address}: a dataset has settings of data alone, as data.size_px"
            )
    return {address.removeprefix("data."): value for address, value in settings.items()}


def load(name: str, **settings: Any) -> Any:
    """The dataset, reading it shown."""
    from toile.cli.progress import data_progress
    from toile.data import load_data

    with data_progress() as progress:
        return load_data(name, progress=progress, **settings)
