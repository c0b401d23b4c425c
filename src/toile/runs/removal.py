"""Deleting a run: found by a name that can mean no other folder, and never while it is trained."""

import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.runs.bundle import NEEDED, TENSORS, TEXTS
from toile.runs.listing import is_path, is_run, kept_run
from toile.runs.pictures import NAME as PICTURES
from toile.runs.run import Run
from toile.runs.state import read_state
from toile.runs.workspace import runs_folder
from toile.sole_use import sole_use

OWN = {*NEEDED, *TENSORS, *TEXTS, "checkpoint", ".lock", "pruned.json"}
OWN |= {"serve-last.onnx", "serve-best.onnx"}


@dataclass(frozen=True)
class Contents:
    """What would be deleted: how many files and bytes, and the names that no run of ours gives."""

    num_files: int
    num_bytes: int
    foreign: tuple[str, ...]


def run_to_remove(name: str) -> Run:
    """The run called `name` among those kept; a folder elsewhere is named with a slash in it.

    Also one whose making was cut short, which no listing has. Raises ToileError without one.
    """
    place = Path(name) if is_path(name) else runs_folder() / name
    if name and (is_run(place) or _is_part(place)):
        return Run(place)
    if is_path(name):
        raise ToileError(f"{name} is no run, study, search or sheet; nothing was deleted")
    try:
        return kept_run(name)
    except ToileError as error:
        here = f". {name} here is a run: ./{name} means it" if is_run(Path(name)) else ""
        raise ToileError(f"{error}{here}") from None


def _is_part(folder: Path) -> bool:
    """Whether `folder` is what a run's making left that was cut short, and nothing else."""
    if not os.path.isdir(folder):
        return False
    names = set(os.listdir(folder))
    whole = {name for name in names if not re.fullmatch(r"\..+\.tmp", name)}
    return bool(names) and whole <= {*NEEDED, PICTURES, ".lock"}


def contents_of(folder: Path, own: Collection[str] = OWN) -> Contents:
    """What lies in `folder`, where `own` are the names of Toile's making."""
    files = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    foreign = sorted({path.relative_to(folder).parts[0] for path in files} - set(own))
    return Contents(len(files), sum(path.lstat().st_size for path in files), tuple(foreign))


def remove_run(run: Run) -> None:
    """Delete a run's folder. Raises ToileError while it is trained, whatever its state says."""
    refuse_link(run.folder)
    if is_run(run.folder):
        _refuse_if_alive(run)
    # Held until it is gone, so that no training can begin in it meanwhile.
    with sole_use(run.folder, wait=False):
        delete_folder(run.folder, "state.json")


def refuse_link(folder: Path) -> None:
    """Raise ToileError where `folder` is a link: what it points to may be anyone's."""
    if folder.is_symlink():
        raise ToileError(f"{folder} is a link; remove the folder it points to, or the link")


def delete_folder(folder: Path, mark: str) -> None:
    """Delete `folder`, which the caller holds; its file `mark` goes last.

    A kill before leaves what is still known for what it was, to be deleted again.
    """
    try:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in (mark, ".lock"):
                path.unlink()
        shutil.rmtree(folder)
    except OSError as error:
        raise ToileError(
            f"{error.filename or folder} cannot be deleted: {error.strerror}; a part of {folder} "
            "may be gone"
        ) from None


def _refuse_if_alive(run: Run) -> None:
    try:
        state = read_state(run.folder)
    except ToileError:
        return  # damaged: who trains it holds its folder all the same
    if state.alive:
        raise ToileError(f"{run.id} is running (process {state.pid}); stop it first")
