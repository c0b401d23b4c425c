"""The bin of a workspace: what was deleted stays there for thirty days and can be brought back.

Each deletion has a folder in it, called by its time, with what was deleted under the names it had.
Deleting is one rename, so a kill leaves a run in its place or in the bin, whole in either.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from toile.errors import ToileError, did_you_mean
from toile.file_lock import file_lock
from toile.files import sync_folder, writing
from toile.runs.layout import BIN, MARKERS, Entry, entries_in
from toile.runs.ledger import keep_inner_looks
from toile.runs.names import meant_by
from toile.runs.removal import contents_of, delete_folder, held

RETENTION = timedelta(days=30)
TIME = "%Y%m%dT%H%M%SZ"
DELETION = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{8}")
GONE = ".gone-"
"""The name of a deletion's folder while it is deleted for good, so that no part is brought back."""


@dataclass(frozen=True)
class Binned:
    """One that was `deleted` at that time, where it lies in the bin, and how large it is."""

    entry: Entry
    deleted: datetime
    num_bytes: int

    @property
    def name(self) -> str:
        """What it is called, and will be again."""
        return self.entry.name


def can_be_restored(workspace: Path, entry: Entry) -> bool:
    """Whether `entry` can be brought back: it lies in the workspace itself, and is whole."""
    is_complete = any(entries_in(entry.folder, [entry.kind]))
    return is_complete and entry.folder.resolve().parent == workspace.resolve()


def delete(workspace: Path, entries: Iterable[Entry]) -> None:
    """Move them into the bin, as one deletion; those that have no place there are gone for good.

    Looks at the test part that only a ledger inside of one holds are kept. Raises ToileError while
    a process has one in hand.
    """
    deletion = workspace / BIN / f"{datetime.now(UTC).strftime(TIME)}-{secrets.token_hex(4)}"
    for entry in entries:
        with held(entry):
            keep_inner_looks(entry.folder)
            if not can_be_restored(workspace, entry):
                delete_folder(entry.folder, MARKERS[entry.kind])
                continue
            with writing(deletion):
                deletion.mkdir(parents=True, exist_ok=True)
                os.rename(entry.folder, deletion / entry.name)
                sync_folder(deletion)
                sync_folder(workspace)


def binned(workspace: Path) -> list[Binned]:
    """What lies in the bin, the last deleted first."""
    return [
        Binned(entry, deleted, contents_of(entry).num_bytes)
        for deletion, deleted in _deletions(workspace)
        for path in sorted(deletion.iterdir())
        for entry in entries_in(path, MARKERS)
    ]


def bring_back(workspace: Path, names: Sequence[str]) -> list[Entry]:
    """Bring back those called so, or without a name the last deletion; all or none.

    Of several of a name it is the last deleted. Raises ToileError where there is none in the bin,
    or another has its name by now.
    """
    items = binned(workspace)
    if not items:
        raise ToileError(f"the bin of {workspace} is empty; there is nothing to bring back")
    # Held, so that nobody takes a name between the check that it is free and the move.
    with file_lock(workspace):
        last = [item for item in items if item.entry.folder.parent == items[0].entry.folder.parent]
        chosen = [_called(name, items) for name in names] or last
        for item in chosen:
            if os.path.lexists(workspace / item.name):
                raise ToileError(
                    f"{workspace / item.name} is there already; give that another name first, as "
                    f"with  toile rename {item.name} {item.name}-2 ; nothing was brought back"
                )
        for item in chosen:
            with held(item.entry), writing(workspace / item.name):
                os.rename(item.entry.folder, workspace / item.name)
                sync_folder(workspace)
        for deletion in {item.entry.folder.parent for item in chosen}:
            if not os.listdir(deletion):
                deletion.rmdir()
    return [Entry(item.entry.kind, workspace / item.name, item.entry.when) for item in chosen]


def empty(workspace: Path, is_all: bool = True) -> list[Binned]:
    """Delete for good what is in the bin, or what has been there for over thirty days alone."""
    since = datetime.now(UTC) - RETENTION
    old = {deletion for deletion, deleted in _deletions(workspace) if is_all or deleted < since}
    items = binned(workspace) if old else []
    gone = [item for item in items if item.entry.folder.parent in old]
    for item in gone:
        with held(item.entry):
            pass  # Raises where somebody trains it even there.
    folder = workspace / BIN
    with writing(folder):
        for deletion in old:
            os.rename(deletion, folder / f"{GONE}{deletion.name}")
        for torn in folder.glob(f"{GONE}*"):
            shutil.rmtree(torn)
    return gone


def _called(name: str, items: Sequence[Binned]) -> Binned:
    names = list(dict.fromkeys(item.name for item in items))
    fitting = meant_by(name, names)
    if len(fitting) > 1:
        raise ToileError(f"{name} fits {len(fitting)} names in the bin: {', '.join(fitting[:5])}")
    if not fitting:
        near = did_you_mean(name, names)
        raise ToileError(
            f"nothing in the bin is called {name}; toile rm --list-bin shows what is there{near}"
        )
    return next(item for item in items if item.name == fitting[0])


def _deletions(workspace: Path) -> list[tuple[Path, datetime]]:
    """Each deletion's folder and time, the last first. What else lies in the bin is not ours."""
    deletions = []
    for folder in (workspace / BIN).glob("*"):
        name = DELETION.fullmatch(folder.name)
        try:
            when = datetime.strptime(name[1], TIME) if name else None
        except ValueError:
            continue
        if when is not None and folder.is_dir():
            deletions.append((folder, when.replace(tzinfo=UTC)))
    return sorted(deletions, key=lambda deletion: deletion[1], reverse=True)
