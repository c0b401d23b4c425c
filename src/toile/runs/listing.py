"""Finding runs: all of a folder, one by its name."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError, did_you_mean
from toile.runs.names import counted_back, meant_by, steps_back
from toile.runs.run import Run
from toile.runs.state import State, read_state
from toile.runs.workspace import COLLECTIONS, nested_runs, runs_folder


@dataclass(frozen=True)
class Listed:
    """A run as a listing shows it, from its state alone; `changed` when that was last written."""

    run: Run
    state: State
    changed: float = 0.0


def list_runs(folder: Path | None = None) -> list[Listed]:
    """The runs in `folder` (default: where runs are kept), the one that last came further first.

    A folder that is no run is passed over; a run whose state is damaged is listed as `failed`.
    """
    folder = folder or runs_folder()
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise ToileError(f"{folder} is no folder; runs are kept in one, named by TOILE_RUNS")
    return sorted(_listed(folder), key=lambda one: (one.changed, one.run.id), reverse=True)


def _listed(folder: Path) -> Iterator[Listed]:
    # One small file a run: a listing of a thousand reads a thousand files, not five thousand.
    for entry in os.scandir(folder):
        path = Path(entry.path)
        # A dot: a bundle that is being unpacked.
        if entry.name.startswith("."):
            continue
        try:
            changed = os.stat(path / "state.json").st_mtime
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            changed = 0.0  # It may hold a run, which reading it tells.
        try:
            yield Listed(Run(path), read_state(path), changed)
        except ToileError as error:
            damaged = State("failed", "?", "?", 0, 0, "", 0, reason=str(error))
            yield Listed(Run(path), damaged, changed)


def is_run(folder: Path) -> bool:
    """Whether a run lies in `folder`; False for what can be no path."""
    return os.path.isfile(folder / "state.json")


def is_path(name: str | Path) -> bool:
    """Whether `name` says where a folder is: a Path, or a text with a slash."""
    if isinstance(name, Path) or name in (".", ".."):
        return True
    return os.sep in name or (os.altsep or os.sep) in name


def open_run(name: str | Path, folder: Path | None = None) -> Run:
    """The run called `name`: its id, its folder, the beginning or end of its id, or its recipe.

    `last` is the one that last came further and `last~1` the one before. A text without a slash is
    a folder here only where no run kept has it for its id. Raises ToileError naming the nearest id
    where there is none, or the ids where there are several.
    """
    is_id = not is_path(name) and name != "" and is_run((folder or runs_folder()) / name)
    if not is_id and is_run(Path(name)):
        return Run(Path(name))
    return kept_run(str(name), folder)


def runs_called(name: str) -> tuple[Run, ...]:
    """All runs kept that are called `name`: readings of studies and trials have no other's id."""
    folders = [runs_folder() / name, *nested_runs(runs_folder(), name)]
    return tuple(Run(folder) for folder in folders if is_run(folder))


def kept_run(name: str, folder: Path | None = None) -> Run:
    """The same among the runs in `folder` (default: where runs are kept) alone."""
    where = folder or runs_folder()
    if name and not is_path(name) and is_run(where / name):
        return Run(where / name)
    ids = [one.run.id for one in list_runs(folder)]
    if steps_back(name) is not None:
        if not ids:
            raise ToileError(f"no run in {where} yet; train one with  toile train quick")
        return Run(where / counted_back(name, ids, str(where)))
    found = meant_by(name, ids)
    if len(found) == 1:
        return Run(where / found[0])
    if found:
        raise ToileError(
            f"{name} fits the names of {len(found)} runs in {where}: {', '.join(found[:5])}; "
            "write more of it"
        )
    near = _other_kind(where, name) or did_you_mean(name, ids)
    near = near or (f"; the newest is {ids[0]}" if ids else "")
    raise ToileError(f"no run in {where} is called {name}{near}; `toile runs` lists them")


def _other_kind(where: Path, name: str) -> str:
    """What else is called `name`, where it is no run."""
    for kind, mark in COLLECTIONS.items():
        if name and os.path.isfile(where / name / mark):
            return f", which is a {kind}"
    return ""
