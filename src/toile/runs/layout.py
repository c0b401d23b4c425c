"""Where things are in a workspace: a folder of runs, studies, searches and sheets, and a ledger.

What is inside a study, a search or a sheet belongs to it.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

COLLECTIONS = {"study": "study.json", "search": "search.json", "sheet": "sheet.json"}
"""Kinds of folders that hold runs of their own, and what lies in each once it has begun."""
MARKERS = {"run": "state.json", **COLLECTIONS}
"""The same for all kinds; the file is written whenever there is progress."""
READINGS, FINALISTS = "readings", "finalists"
WITHIN = {"study": {READINGS}, "search": {READINGS, FINALISTS}}
"""Where runs lie in a study or a search; in a sheet anywhere."""
LEDGER, REMARKS = "ledger.jsonl", "remarks.json"
PRUNING = "pruning.json"
"""What cutting a run out of another came to, in its folder."""
IMPORT = "import.json"
"""How an imported network was read, in its run's folder."""
BUNDLED = "bundle.json"
"""The bundle that the run came in, in its folder where it was unpacked."""
UNPACKING = ".import-"
"""How the names of folders begin in which runs are unpacked, in the workspace."""
ROBUSTNESS = "robustness.json"
"""How often the run is right on harder pictures, where that was measured and kept."""
BASELINES = "baselines.json"
"""What simple classifiers get of the images that score the run, where they were asked for."""
NOVELTY = "novelty.safetensors"
"""How its training images look as a whole, and how far from it each validation image lies."""
CARD = "model-card.md"
"""Its model card, where one was written."""
OF_ITS_WEIGHTS = ("results.json", "report.html", BASELINES, ROBUSTNESS, CARD)
"""What speaks of a run's weights as they are, and is removed when it is trained on."""
BIN = ".bin"
# sheet/exercise/finalists/readings/run is the deepest that a run lies in what it is part of.
DEEPEST = 4


@dataclass(frozen=True)
class Entry:
    """A folder of one of the kinds; `when` it last came further, in seconds since 1970."""

    kind: str
    folder: Path
    when: float

    @property
    def name(self) -> str:
        """The folder's name, by which it is called."""
        return Path(os.path.abspath(self.folder)).name


def runs_folder() -> Path:
    """Where runs are kept: `$TOILE_RUNS`, or `runs` here."""
    return Path(os.environ.get("TOILE_RUNS") or "runs")


def reading_folder(collection: Path, key: str) -> Path:
    """The run folder of a reading of the study, or a trial of the search, in `collection`."""
    return collection / READINGS / key


def is_run(folder: Path) -> bool:
    """Whether a run lies in `folder`; False for what can be no path."""
    return os.path.isfile(folder / MARKERS["run"])


def is_path(name: str | Path) -> bool:
    """Whether `name` says where a folder is: a Path, or a text with a slash."""
    if isinstance(name, Path) or name in (".", ".."):
        return True
    return os.sep in name or (os.altsep or os.sep) in name


def entries_in(folder: Path, kinds: Iterable[str]) -> Iterator[Entry]:
    """What lies in `folder`, of these kinds."""
    for kind in kinds:
        # By os.path and text, as a listing asks this three times of a thousand runs.
        marker = f"{folder}/{MARKERS[kind]}"
        if os.path.isfile(marker):
            yield Entry(kind, folder, os.path.getmtime(marker))


def outermost(folder: Path) -> Path:
    """The study, search or sheet that the run in `folder` is part of, or the run's own folder.

    Of a search in a sheet that is the sheet.
    """
    outer = inner = folder.resolve()
    workspace = runs_folder().resolve()
    for parent in inner.parents[:DEEPEST]:
        if parent == workspace:
            # Where this folder lies says nothing: it may well be ~/readings/runs.
            break
        if _is_collection(parent, inner.name):
            outer = parent
        inner = parent
    return outer


def _is_collection(folder: Path, entry: str) -> bool:
    """Whether `folder` is a study, search or sheet, and what it calls `entry` is a part of it.

    Neither is told by a name alone: runs may well be kept in ~/readings, beside a study.json.
    """
    return any(
        (folder / file).exists()
        for kind, marker in COLLECTIONS.items()
        for file in (marker, f"{kind}.yaml")
        if entry in WITHIN.get(kind, {entry})
    )


def ledger_folders(folder: Path) -> tuple[Path, ...]:
    """Where the looks of the run in `folder` are written: the workspace, and beside the run.

    They are one unless the run was put elsewhere. Looks written beside it stay with it where both
    move; those in the workspace are seen by all that is chosen there.
    """
    workspace, outer = runs_folder().resolve(), outermost(folder)
    if workspace in outer.parents:
        return (workspace,)
    return (workspace, outer.parent)


def name_in_ledger(folder: Path) -> str:
    """What the run in `folder` is called in a ledger: its id, or its path in what it is part of.

    Every study has a reading 64-1.
    """
    return folder.resolve().relative_to(outermost(folder).parent).as_posix()


def nested_ledgers(folder: Path) -> list[Path]:
    """Ledgers inside `folder`: of studies, searches and sheets that kept their own once."""
    return sorted(inner / LEDGER for inner in _nested(folder, DEEPEST) if (inner / LEDGER).exists())


def nested_runs(folder: Path, name: str) -> list[Path]:
    """Folders of runs called `name` in studies, searches and sheets inside `folder`."""
    return sorted(inner / name for inner in _nested(folder, DEEPEST) if is_run(inner / name))


def runs_in(folder: Path) -> Iterator[Path]:
    """Folders of runs inside `folder`, those in studies, searches and sheets too."""
    for inner in (folder, *_nested(folder, DEEPEST)):
        for name in os.listdir(inner) if inner.is_dir() else ():
            if is_run(inner / name):
                yield inner / name


def settings_in(workspace: Path) -> Iterator[Path]:
    """The recipes, and the files of studies, searches and sheets, of all that is kept there.

    Also of what was deleted and may come back.
    """
    binned = [workspace / BIN, *workspace.glob(f"{BIN}/*")]
    for top in (workspace, *binned):
        for inner in (top, *_nested(top, DEEPEST)):
            for kind in COLLECTIONS:
                if os.path.isfile(f"{inner}/{kind}.yaml"):
                    yield inner / f"{kind}.yaml"
        for folder in runs_in(top):
            if os.path.isfile(folder / "recipe.yaml"):
                yield folder / "recipe.yaml"


def _nested(folder: Path, depth: int) -> Iterator[Path]:
    """Folders inside `folder` that are no runs."""
    try:
        entries = list(os.scandir(folder))
    except PermissionError:
        return  # another user's, who has a ledger of his own
    except FileNotFoundError:
        return  # not made yet, or removed meanwhile
    for entry in entries:
        path = entry.path
        # Runs are not entered: a listing of ten thousand asks one question of each.
        if (
            entry.name.startswith(".")
            or not entry.is_dir(follow_symlinks=False)
            or os.path.exists(f"{path}/{MARKERS['run']}")
        ):
            continue
        yield Path(path)
        if depth > 1:
            yield from _nested(Path(path), depth - 1)
