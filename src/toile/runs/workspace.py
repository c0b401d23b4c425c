"""The folder of a workspace: what is kept in it, found by name and sorted by time."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toile.errors import ToileError, did_you_mean
from toile.runs.bin import Binned, binned, bring_back, can_be_restored, delete, empty
from toile.runs.layout import (
    BIN,
    COLLECTIONS,
    MARKERS,
    Entry,
    entries_in,
    is_path,
    is_run,
    nested_runs,
    runs_folder,
)
from toile.runs.names import counted_back, meant_by, steps_back
from toile.runs.remarks import Remarks, change_remarks, checked_note, shown_remarks
from toile.runs.removal import is_part
from toile.runs.renaming import rename_entry
from toile.runs.run import Run
from toile.runs.state import State, read_state


@dataclass(frozen=True)
class Listed:
    """A run as a listing shows it: its state, when that was last written, the user's remarks."""

    run: Run
    state: State
    changed: float = 0.0
    remarks: Remarks = field(default_factory=Remarks)


@dataclass(frozen=True, init=False)
class RunsFolder:
    """The folder that runs, studies, searches and sheets are kept in, with their ledger.

    It knows nothing of their pages: `toile.Workspace` is this folder with pages that are renewed.
    """

    folder: Path

    def __init__(self, folder: str | Path | None = None) -> None:
        object.__setattr__(self, "folder", runs_folder() if folder is None else Path(folder))

    def entries(self, *kinds: str) -> list[Entry]:
        """The entries of `kinds` (`run`, `study`, `search`, `sheet`; by default all), newest first.

        No file of theirs is opened.
        """
        paths = (Path(entry.path) for entry in self._scan())
        entries = [entry for path in paths for entry in entries_in(path, kinds or MARKERS)]
        return sorted(entries, key=lambda entry: (entry.when, entry.name), reverse=True)

    def runs(self) -> list[Listed]:
        """The runs, the one that last came further first.

        A folder that is no run is passed over; a run whose state is damaged is listed as `failed`.
        """
        return sorted(
            self._listed(),
            key=lambda listed: (listed.changed, listed.run.folder.name),
            reverse=True,
        )

    def find(self, name: str | Path, *kinds: str, is_here: bool = True) -> Entry | None:
        """The entry called `name`: its folder, its name, the beginning of its name, or `last`.

        A run is also found by the end of its id or its recipe; `last~1` is the one before `last`.
        A text without a slash is first a name in the workspace, and then, if `is_here`, a folder in
        the present one. None if there is no such entry. Raises ToileError if there are several, or
        for `last` in an empty workspace.
        """
        text, kinds = str(name), kinds or tuple(MARKERS)
        within = self.folder / name
        # A path may also be that of a part of what is kept, as SHEET/EXERCISE.
        paths = [Path(name), within] if is_path(name) else [within, *[Path(name)] * is_here]
        for path in paths if text else ():
            for entry in entries_in(path, kinds):
                return entry
        by_name = {entry.name: entry for entry in self.entries(*kinds)}
        if steps_back(text) is not None:
            if not by_name:
                raise self._none_is_last(kinds)
            return by_name[counted_back(text, list(by_name), str(self.folder))]
        fitting = meant_by(text, list(by_name))
        if len(fitting) > 1:
            raise ToileError(
                f"{name} fits {len(fitting)} names in {self.folder}: {', '.join(fitting[:5])}; "
                "write more of it"
            )
        return by_name[fitting[0]] if fitting else None

    def named(self, name: str | Path, *kinds: str) -> Entry:
        """The entry called `name`, of any kind; `last` is the newest of `kinds`, or of all.

        Raises ToileError, which names the nearest, if there is none.
        """
        entry = self.find(name, *(kinds if steps_back(str(name)) is not None else ()))
        if entry is None:
            raise self.none_called(str(name))
        return entry

    def run(self, name: str | Path) -> Run:
        """The run called `name`, as `find` takes names.

        Raises ToileError naming the nearest where there is none, or those where there are several.
        """
        entry = self.find(name, "run")
        if entry is not None:
            return Run(entry.folder)
        text, ids = str(name), [run.name for run in self.entries("run")]
        kind = self._other_kind(text)
        newest = f"; the newest is {ids[0]}" if ids else ""
        near = "" if kind else did_you_mean(text, ids) or newest
        raise ToileError(
            f"no run in {self.folder} is called {text}{kind}; `toile runs` lists them{near}"
        )

    def runs_called(self, name: str) -> tuple[Run, ...]:
        """All runs called `name`, or once called so: readings of studies have no other's id.

        Also those that were deleted and are still in the bin. For who knows a run by more than its
        name, as by its weights.
        """
        folders = [self.folder, *self.folder.glob(f"{BIN}/*")]
        current = [run for folder in folders for run in [folder / name, *nested_runs(folder, name)]]
        renamed = [
            entry.folder
            for folder in folders
            for entry in RunsFolder(folder).entries("run")
            if any(former.name == name for former in shown_remarks(entry.folder).names)
        ]
        return tuple(Run(folder) for folder in [*current, *renamed] if is_run(folder))

    def none_called(self, name: str) -> ToileError:
        """The error that no entry is called `name`, with the nearest name."""
        near = did_you_mean(name, [entry.name for entry in self.entries()])
        return ToileError(
            f"no run, study, search or sheet in {self.folder} is called {name}; `toile runs` and "
            f"`toile studies` list them{near}"
        )

    def note(self, name: str | Path, text: str) -> Remarks:
        """Make `text` the note of the entry called `name`, instead of an earlier one.

        Raises ToileError if it is empty or has over 10,000 letters.
        """
        return self._remark(name, note=checked_note(text))

    def remove_note(self, name: str | Path) -> Remarks:
        """Remove the note of the entry called `name`."""
        return self._remark(name, note="")

    def star(self, name: str | Path, is_starred: bool = True) -> Remarks:
        """Give the entry called `name` a star, or remove its star."""
        return self._remark(name, star=is_starred)

    def rename(self, name: str | Path, new: str) -> Entry:
        """Rename the entry `name` to `new`, with its folder.

        Raises ToileError if `new` is no valid name or exists, while a process uses the entry, and
        if settings of another one name it, such as a run that began with its weights.
        """
        return rename_entry(self.named(name), new)

    def _remark(self, name: str | Path, **changed: Any) -> Remarks:
        return change_remarks(self.named(name).folder, **changed)

    def find_to_remove(self, name: str) -> Entry:
        """The entry to remove, by a name that can mean no other folder; `last` is of all kinds.

        A folder elsewhere is named with a slash. A run whose making was cut short, which no listing
        has, is found too. Raises ToileError if there is none, or several.
        """
        path = Path(name) if is_path(name) else self.folder / name
        if name and is_part(path):
            return Entry("run", path, 0.0)
        if is_path(name):
            # A part of what is kept is deleted by its own path alone.
            for part in entries_in(path, tuple(MARKERS)):
                return part
            raise ToileError(f"{name} is no run, study, search or sheet; nothing was deleted")
        try:
            entry = self.find(name, is_here=False)
        except ToileError as error:
            raise ToileError(f"{error}; nothing was deleted") from None
        if entry is None:
            near = f". {name} here is a run: ./{name} means it" if is_run(Path(name)) else ""
            raise ToileError(f"{self.none_called(name)}; nothing was deleted{near}")
        return entry

    def remove(self, *entries: Entry) -> list[Binned]:
        """Move `entries` into the bin, together.

        Returns what left the bin for good, deleted over thirty days ago. An entry outside of the
        workspace itself (see `can_come_back`), and a run whose making was cut short, is deleted for
        good at once. The ledger stays as it is: looks happened. Raises ToileError while a process
        uses one of them.
        """
        delete(self.folder, entries)
        return empty(self.folder, is_all=False)

    def can_come_back(self, entry: Entry) -> bool:
        """Whether `remove` would move `entry` to the bin instead of deleting it for good."""
        return can_be_restored(self.folder, entry)

    def binned(self) -> list[Binned]:
        """The entries in the bin, those removed last first."""
        return binned(self.folder)

    def restore(self, *names: str) -> list[Entry]:
        """Bring back the entries called `names` from the bin; without names what went there last.

        Raises ToileError, and brings nothing back, if there is none or its name is used again.
        """
        return bring_back(self.folder, names)

    def empty_bin(self) -> list[Binned]:
        """Delete all in the bin for good; returns what that was."""
        return empty(self.folder)

    def _scan(self) -> Iterator[os.DirEntry[str]]:
        """What lies in it, but for what begins with a dot: the bin, a bundle being unpacked."""
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise ToileError(
                f"{self.folder} is no folder; runs are kept in one, named by TOILE_RUNS"
            )
        for entry in os.scandir(self.folder):
            if not entry.name.startswith("."):
                yield entry

    def _listed(self) -> Iterator[Listed]:
        # One small file a run: a listing of a thousand reads a thousand files, not five thousand.
        for entry in self._scan():
            path = Path(entry.path)
            try:
                changed = os.stat(f"{entry.path}/{MARKERS['run']}").st_mtime
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                changed = 0.0  # It may hold a run, which reading it tells.
            try:
                yield Listed(Run(path), read_state(path), changed, shown_remarks(path))
            except ToileError as error:
                damaged = State("failed", "?", "?", 0, 0, "", 0, reason=str(error))
                yield Listed(Run(path), damaged, changed)

    def _none_is_last(self, kinds: Sequence[str]) -> ToileError:
        if tuple(kinds) == ("run",):
            return ToileError(f"no run in {self.folder} yet; train one with  toile train quick")
        among = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if kinds[1:] else kinds[0]
        return ToileError(f"{self.folder} has no {among} yet, so none is the last")

    def _other_kind(self, name: str) -> str:
        """What else is called `name`, where it is no run."""
        for kind, marker in COLLECTIONS.items():
            if name and os.path.isfile(self.folder / name / marker):
                return f", which is a {kind}"
        return ""
