"""The workspace for users: changes of names, notes and stars also update pages."""

import warnings
from pathlib import Path
from typing import Any

from toile.runs import Entry, Remarks, RunsFolder
from toile.workbench.renewal import renew_page, renew_summaries


class Workspace(RunsFolder):
    """The folder of runs, studies, searches and sheets, with their ledger.

    `folder` is by default $TOILE_RUNS, or `runs` in the present folder; it need not exist yet. A
    new note, star or name is also written to the page of its run, if there is one; a warning says
    why a page was not changed.

        >>> workspace = toile.Workspace()
        >>> workspace.note(run.name, "the first that works").note
        'the first that works'
        >>> workspace.named(run.name).name == run.name
        True
    """

    def rename(self, name: str | Path, new: str) -> Entry:
        """Rename the run, study, search or sheet `name` to `new`, with its folder.

        Raises ToileError if `new` is no valid name or exists, while a process uses it, and if the
        settings of another run name it, such as one that began with its weights.
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
        warnings.warn(f"the page of {entry.name} was not changed: {reason}", stacklevel=4)
