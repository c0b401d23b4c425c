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
from toile.files import sync_folder, writing
from toile.runs.layout import BIN, MARKS, Kept, kept_in
from toile.runs.ledger import keep_inner_looks
from toile.runs.names import meant_by
from toile.runs.removal import contents_of, delete_folder, held
from toile.sole_use import sole_use

KEPT_FOR = timedelta(days=30)
TIME = "%Y%m%dT%H%M%SZ"
DELETION = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f]{8}")
GONE = ".gone-"
"""What a deletion's folder is called while it is deleted for good: it never comes back in part."""


@dataclass(frozen=True)
class Binned:
    """One that was `deleted` at that time, where it lies in the bin, and how large it is."""

    kept: Kept
    deleted: datetime
    num_bytes: int

    @property
    def name(self) -> str:
        """What it is called, and will be again."""
        return self.kept.name


def has_place_in_bin(workspace: Path, kept: Kept) -> bool:
    """Whether `kept` can be brought back: it lies in the workspace itself, and is whole."""
    is_whole = any(kept_in(kept.folder, [kept.kind]))
    return is_whole and kept.folder.resolve().parent == workspace.resolve()


def delete(workspace: Path, all_kept: Iterable[Kept]) -> None:
    """Move them into the bin, as one deletion; those that have no place there are gone for good.

    Looks at the test part that only a ledger inside of one holds are kept. Raises ToileError while
    a process has one in hand.
    """
    deletion = workspace / BIN / f"{datetime.now(UTC).strftime(TIME)}-{secrets.token_hex(4)}"
    for kept in all_kept:
        with held(kept):
            keep_inner_looks(kept.folder)
            if not has_place_in_bin(workspace, kept):
                delete_folder(kept.folder, MARKS[kept.kind])
                continue
            with writing(deletion):
                deletion.mkdir(parents=True, exist_ok=True)
                os.rename(kept.folder, deletion / kept.name)
                sync_folder(deletion)
                sync_folder(workspace)


def binned(workspace: Path) -> list[Binned]:
    """What lies in the bin, the last deleted first."""
    return [
        Binned(kept, deleted, contents_of(kept).num_bytes)
        for deletion, deleted in _deletions(workspace)
        for place in sorted(deletion.iterdir())
        for kept in kept_in(place, MARKS)
    ]


def bring_back(workspace: Path, names: Sequence[str]) -> list[Kept]:
    """Bring back those called so, or without a name the last deletion; all or none.

    Of several of a name it is the last deleted. Raises ToileError where there is none in the bin,
    or another has its name by now.
    """
    found = binned(workspace)
    if not found:
        raise ToileError(f"the bin of {workspace} is empty; there is nothing to bring back")
    # Held, so that nobody gives a name away between the question whether it is free and the move.
    with sole_use(workspace):
        last = [one for one in found if one.kept.folder.parent == found[0].kept.folder.parent]
        chosen = [_called(name, found) for name in names] or last
        for one in chosen:
            if os.path.lexists(workspace / one.name):
                raise ToileError(
                    f"{workspace / one.name} is there already; give that another name first, as "
                    f"with  toile rename {one.name} {one.name}-2 ; nothing was brought back"
                )
        for one in chosen:
            with held(one.kept), writing(workspace / one.name):
                os.rename(one.kept.folder, workspace / one.name)
                sync_folder(workspace)
        for place in {one.kept.folder.parent for one in chosen}:
            if not os.listdir(place):
                place.rmdir()
    return [Kept(one.kept.kind, workspace / one.name, one.kept.when) for one in chosen]


def empty(workspace: Path, is_all: bool = True) -> list[Binned]:
    """Delete for good what is in the bin, or what has been there for over thirty days alone."""
    since = datetime.now(UTC) - KEPT_FOR
    old = {place for place, deleted in _deletions(workspace) if is_all or deleted < since}
    found = binned(workspace) if old else []
    gone = [one for one in found if one.kept.folder.parent in old]
    for one in gone:
        with held(one.kept):
            pass  # Raises where somebody trains it even there.
    place = workspace / BIN
    with writing(place):
        for deletion in old:
            os.rename(deletion, place / f"{GONE}{deletion.name}")
        for torn in place.glob(f"{GONE}*"):
            shutil.rmtree(torn)
    return gone


def _called(name: str, found: Sequence[Binned]) -> Binned:
    names = list(dict.fromkeys(one.name for one in found))
    fitting = meant_by(name, names)
    if len(fitting) > 1:
        raise ToileError(f"{name} fits {len(fitting)} names in the bin: {', '.join(fitting[:5])}")
    if not fitting:
        near = did_you_mean(name, names)
        raise ToileError(
            f"nothing in the bin is called {name}{near}; toile rm --list-bin shows what is there"
        )
    return next(one for one in found if one.name == fitting[0])


def _deletions(workspace: Path) -> list[tuple[Path, datetime]]:
    """Each deletion's folder and time, the last first. What else lies in the bin is not ours."""
    found = []
    for place in (workspace / BIN).glob("*"):
        name = DELETION.fullmatch(place.name)
        try:
            when = datetime.strptime(name[1], TIME) if name else None
        except ValueError:
            continue
        if when is not None and place.is_dir():
            found.append((place, when.replace(tzinfo=UTC)))
    return sorted(found, key=lambda one: one[1], reverse=True)
