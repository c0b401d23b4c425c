"""Finding runs: all of a folder, one by its name."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError, did_you_mean
from toile.files import writing
from toile.runs.run import Run
from toile.runs.state import State, read_state
from toile.runs.workspace import runs_folder


@dataclass(frozen=True)
class Listed:
    """A run as a listing shows it, from its state alone."""

    run: Run
    state: State


def list_runs(folder: Path | None = None) -> list[Listed]:
    """The runs in `folder` (default: where runs are kept), newest first.

    A folder that is no run is passed over; a run whose state is damaged is listed as `failed`.
    """
    folder = folder or runs_folder()
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise ToileError(f"{folder} is no folder; runs are kept in one, named by TOILE_RUNS")
    return sorted(_listed(folder), key=lambda one: (one.state.created, one.run.id), reverse=True)


def _listed(folder: Path) -> Iterator[Listed]:
    # One small file a run: a listing of a thousand reads a thousand files, not five thousand.
    for entry in os.scandir(folder):
        path = Path(entry.path)
        # A dot: a bundle that is being unpacked.
        if entry.name.startswith(".") or not (path / "state.json").exists():
            continue
        try:
            yield Listed(Run(path), read_state(path))
        except ToileError as error:
            damaged = State("failed", "?", "?", 0, 0, "", 0, reason=str(error))
            yield Listed(Run(path), damaged)


def open_run(name: str | Path, folder: Path | None = None) -> Run:
    """The run called `name`: its folder, the beginning or the last letters of its id, or `last`.

    Raises ToileError naming the nearest id where there is none, or the ids where there are several.
    """
    path = Path(name)
    if (path / "state.json").exists():
        return Run(path)
    runs = list_runs(folder)
    if str(name) == "last" and runs:
        return runs[0].run
    # The four letters at the end are the shortest thing to type; the date comes first.
    found = [
        one.run
        for one in runs
        if str(name) and (one.run.id.startswith(str(name)) or one.run.id.endswith(f"-{name}"))
    ]
    if len(found) == 1:
        return found[0]
    where = folder or runs_folder()
    if found:
        raise ToileError(
            f"{name} fits the names of {len(found)} runs in {where}: "
            f"{', '.join(run.id for run in found[:5])}; write more of it"
        )
    ids = [one.run.id for one in runs]
    near = did_you_mean(str(name), ids) or (f"; the newest is {ids[0]}" if ids else "")
    raise ToileError(f"no run in {where} is called {name}{near}; `toile runs` lists them")


def remove_run(run: Run) -> None:
    """Delete a run's folder. Raises ToileError while it is running."""
    try:
        state = read_state(run.folder)
    except ToileError:
        state = None  # damaged: there is nothing in it that could still be running
    if state is not None and state.alive:
        raise ToileError(f"{run.id} is running (process {state.pid}); stop it first")
    if run.folder.is_symlink():
        raise ToileError(f"{run.folder} is a link; remove the folder it points to, or the link")
    with writing(run.folder):
        shutil.rmtree(run.folder)
