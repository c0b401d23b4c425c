"""The workspace as users have it: its pages tell the names, notes and stars there are now."""

import warnings
from pathlib import Path
from typing import Any

from toile.runs import Entry, Remarks, RunsFolder
from toile.workbench.renewal import renew_page, renew_summaries


class Workspace(RunsFolder):
    """The folder that runs, studies, searches and sheets are kept in, with their ledger.

    `folder` is $TOILE_RUNS, or `runs` here, unless it is said; it need not be there yet. A note, a
    star or a new name is written onto the page of the one that gets it, where it has a page; a
    warning says why a page is left as it was.

        >>> workspace = toile.Workspace()
        >>> workspace.note(run.name, "the first that works").note
        'the first that works'
        >>> workspace.named(run.name).name == run.name
        True
    """

    def rename(self, name: str | Path, new: str) -> Entry:
        """Give the one called `name` the name `new`: its folder is called so from then on.

        Raises ToileError where that is no name or taken, while a process has it in hand, and where
        settings of others name it, as of a run that began with its weights.
        """
        entry = super().rename(name, new)
        renew_summaries(entry)
        _renew_page(entry)
        return entry

    def _remark(self, name: str | Path, **changed: Any) -> Remarks:
        entry = self.named(name)
        remarks = super()._remark(entry.folder, **changed)
        _renew_page(entry)
        return remarks


def _renew_page(entry: Entry) -> None:
    if reason := renew_page(entry):
        warnings.warn(f"the page of {entry.name} is as it was: {reason}", stacklevel=4)
