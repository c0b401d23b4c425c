"""Paths of the figures and tables that commands write; no file is overwritten without --force."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from toile.errors import ToileError

Force = Annotated[bool, typer.Option("--force", help="Overwrite a file of the same name.")]


def refuse_existing(path: Path, force: bool) -> None:
    """Raise ToileError if `path` cannot be a new file, before any work is done for it."""
    if not path.parent.is_dir():
        raise ToileError(f"{path}: {path.parent} is no folder; name a folder that exists")
    if path.is_dir():
        raise ToileError(f"{path}: is a folder; name a file in it")
    if path.exists() and not force:
        raise ToileError(
            f"{path} is there already and is not overwritten; name another file, or add --force"
        )


def output_path(path: Path | None, name: str, force: bool) -> Path:
    """`path` if it was named; otherwise a free name like `name` in the workspace."""
    from toile.runs import RunsFolder

    if path is not None:
        refuse_existing(path, force)
        return path
    folder, file = RunsFolder().folder, Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    names = (f"{file.stem}-{number}{file.suffix}" for number in count(2))
    path = folder / name
    while path.exists():
        path = folder / next(names)
    return path


def make_folder(folder: Path, option: str, names: Iterable[str], force: bool) -> None:
    """Make the folder that `option` names. Raises ToileError if it holds one of `names`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToileError(f"{option} {folder}: {error.strerror}; name a folder") from None
    for name in names:
        refuse_existing(folder / name, force)
