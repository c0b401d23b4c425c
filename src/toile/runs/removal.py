"""Deleting a run, a study, a search or a sheet: never while it is trained, never through a link."""

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from toile.errors import ToileError
from toile.file_lock import file_lock, is_held
from toile.runs.layout import CARD, COLLECTIONS, MARKERS, REMARKS, Entry, is_run, runs_in
from toile.runs.run_files import PICTURES, REQUIRED, TENSORS, TEXTS
from toile.runs.state import read_state

OF_A_RUN = {*REQUIRED, *TENSORS, *TEXTS, "checkpoint", "census", "epochs", ".lock", "pruned.json"}
OF_A_RUN |= {"serve-last.onnx", "serve-best.onnx", CARD}
OF_A_COLLECTION = {
    *("study.yaml", "study.json", "verdict.json", "analyses.jsonl", "test.json", "readings"),
    *("search.yaml", "search.json", "summary.json", "finalists"),
    *("sheet.yaml", "sheet.json", "answers.yaml"),
    *("report.html", "report.md", "report.pdf", "tables.tex", "tables", ".lock", "ledger.jsonl"),
    REMARKS,
}


@dataclass(frozen=True)
class Contents:
    """What would be deleted: how many files and bytes, and the names that nothing of ours gives."""

    num_files: int
    num_bytes: int
    foreign: tuple[str, ...]


def is_part(folder: Path) -> bool:
    """Whether `folder` is what a run's making left that was cut short, and nothing else."""
    if not os.path.isdir(folder):
        return False
    names = set(os.listdir(folder))
    complete = {name for name in names if not re.fullmatch(r"\..+\.tmp", name)}
    return (
        bool(names)
        and complete <= {*REQUIRED, PICTURES, ".lock"}
        and MARKERS["run"] not in complete
    )


def contents_of(entry: Entry) -> Contents:
    """What would be deleted with `entry`."""
    expected: Collection[str] = OF_A_RUN
    if entry.kind != "run":
        exercises = {
            folder.name for folder in entry.folder.glob("*") if (folder / "outcome.json").exists()
        }
        exercises |= {folder.name for folder in _inner(entry.folder, deep=False)}
        expected = OF_A_COLLECTION | exercises | {path.name for path in entry.folder.glob("*.svg")}
    files = [path for path in entry.folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    foreign = sorted({path.relative_to(entry.folder).parts[0] for path in files} - set(expected))
    return Contents(len(files), sum(path.lstat().st_size for path in files), tuple(foreign))


@contextmanager
def held(entry: Entry) -> Iterator[None]:
    """Hold `entry` and the studies and searches inside, so that nothing is trained there meanwhile.

    Raises ToileError while a process has it in hand, and for a link: what it points to may be
    anyone's.
    """
    if entry.folder.is_symlink():
        raise ToileError(f"{entry.folder} is a link; name the folder that it points to")
    if entry.kind == "run" and is_run(entry.folder):
        _refuse_if_alive(entry)
    inner = _inner(entry.folder, deep=True) if entry.kind != "run" else []
    with ExitStack() as open_locks:
        for folder in [entry.folder, *inner]:
            open_locks.enter_context(file_lock(folder, wait=False))
        # One reading may be gone on with by itself. Asked only: a thousand would be held too many.
        for folder in runs_in(entry.folder) if entry.kind != "run" else ():
            if is_held(folder):
                raise ToileError(f"{folder} is in use by another process; wait for it")
        yield


def delete_folder(folder: Path, marker: str) -> None:
    """Delete `folder`, which the caller holds; its file `marker` goes last.

    A kill before leaves what is still known for what it was, to be deleted again.
    """
    try:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in (marker, ".lock"):
                path.unlink()
        shutil.rmtree(folder)
    except OSError as error:
        raise ToileError(
            f"{error.filename or folder} cannot be deleted: {error.strerror}; a part of {folder} "
            "may be gone"
        ) from None


def _refuse_if_alive(entry: Entry) -> None:
    try:
        state = read_state(entry.folder)
    except ToileError:
        return  # damaged: who trains it holds its folder all the same
    if state.alive:
        raise ToileError(f"{entry.name} is running (process {state.pid}); stop it first")


def _inner(folder: Path, deep: bool) -> list[Path]:
    """Folders of studies, searches and sheets inside `folder`, where `deep` those in them too."""
    patterns = ["*/{}.yaml", *["*/*/{}.yaml"] * deep]
    return [
        path.parent
        for pattern in patterns
        for kind in COLLECTIONS
        for path in folder.glob(pattern.format(kind))
    ]
