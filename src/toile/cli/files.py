"""Where a picture or table goes that a command draws: never over a file without being asked."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from toile.errors import ToileError

Force = Annotated[bool, typer.Option("--force", help="Write over a file of the same name.")]


def refuse_existing(path: Path, force: bool) -> None:
    """Raise ToileError where `path` can be no new file, before any work is done for it."""
    if not path.parent.is_dir():
        raise ToileError(f"{path}: {path.parent} is no folder; name one that is there")
    if path.is_dir():
        raise ToileError(f"{path}: is a folder; name a file in it")
    if path.exists() and not force:
        raise ToileError(
            f"{path} is there already, and nothing is written over; name another file, or say "
            "--force"
        )


def output_path(path: Path | None, name: str, force: bool) -> Path:
    """`path` where it was named; else a free name like `name` in the workspace."""
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
    """Make the folder that `option` names; raises ToileError where one of `names` is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToileError(f"{option} {folder}: {error.strerror}; name a folder") from None
    for name in names:
        refuse_existing(folder / name, force)
