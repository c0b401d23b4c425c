"""Deleting a study, a search or a sheet with all its readings, never while it is under way."""

from contextlib import ExitStack
from pathlib import Path

from toile.errors import ToileError
from toile.runs import (
    COLLECTIONS,
    MARKS,
    Contents,
    Kept,
    Run,
    contents_of,
    delete_folder,
    find_kept,
    is_path,
    is_run,
    keep_inner_looks,
    kept_in,
    list_kept,
    meant_by,
    none_called,
    refuse_link,
    remove_run,
    run_to_remove,
    runs_folder,
    steps_back,
)
from toile.sole_use import sole_use

OWN = {
    *("study.yaml", "study.json", "verdict.json", "analyses.jsonl", "test.json", "readings"),
    *("search.yaml", "search.json", "summary.json", "finalists"),
    *("sheet.yaml", "sheet.json", "answers.yaml"),
    *("report.html", "report.md", "report.pdf", "tables.tex", "tables", ".lock", "ledger.jsonl"),
}


def find_to_remove(name: str) -> Kept:
    """The run, study, search or sheet called `name` among those kept; `last` is the newest of all.

    A folder elsewhere is named with a slash. Raises ToileError where there is none, or several.
    """
    place = Path(name) if is_path(name) else runs_folder() / name
    for kept in kept_in(place, COLLECTIONS) if name else ():
        return kept
    if is_path(name):
        return Kept("run", run_to_remove(name).folder, 0.0)
    if steps_back(name) is not None and (last := find_kept(name, *MARKS)):
        return last
    names = {one.name: one for one in list_kept(*MARKS)}
    fitting = meant_by(name, list(names))
    if len(fitting) > 1:
        raise ToileError(
            f"{name} fits {len(fitting)} names in {runs_folder()}: {', '.join(fitting[:5])}; "
            "write more of it, nothing was deleted"
        )
    if fitting:
        return names[fitting[0]]
    try:
        # One whose making was cut short has no mark.
        return Kept("run", run_to_remove(name).folder, 0.0)
    except ToileError:
        here = f". {name} here is a run: ./{name} means it" if is_run(Path(name)) else ""
        raise ToileError(f"{none_called(name)}; nothing was deleted{here}") from None


def contents_of_kept(kept: Kept) -> Contents:
    """What would be deleted with `kept`."""
    if kept.kind == "run":
        return contents_of(kept.folder)
    exercises = {one.name for one in kept.folder.glob("*") if (one / "outcome.json").exists()}
    exercises |= {one.parent.name for mark in COLLECTIONS for one in _settings(kept.folder, mark)}
    drawings = {one.name for one in kept.folder.glob("*.svg")}
    return contents_of(kept.folder, OWN | exercises | drawings)


def remove_kept(kept: Kept) -> None:
    """Delete its folder; looks at the test part that only its own ledger holds are kept.

    Raises ToileError while a process has it in hand.
    """
    if kept.kind == "run":
        remove_run(Run(kept.folder))
        return
    refuse_link(kept.folder)
    inner = [one.parent for mark in COLLECTIONS for one in _settings(kept.folder, mark, deep=True)]
    with ExitStack() as held:
        for folder in [kept.folder, *inner]:
            held.enter_context(sole_use(folder, wait=False))
        keep_inner_looks(kept.folder)
        delete_folder(kept.folder, MARKS[kept.kind])


def _settings(folder: Path, kind: str, deep: bool = False) -> list[Path]:
    """The settings files of this kind in folders of `folder`."""
    found = list(folder.glob(f"*/{kind}.yaml"))
    return found + list(folder.glob(f"*/*/{kind}.yaml")) if deep else found
