"""Runs by name, and all of them, as a line of a script asks for them."""

from pathlib import Path

from toile.runs.run import Run
from toile.runs.workspace import Listed, RunsFolder


def open_run(name: str | Path | Run, folder: str | Path | None = None) -> Run:
    """The run called `name` in `folder` (default: where runs are kept), or at that path.

    Its id, the beginning or end of it, its recipe, or `last`; a run is that run. Raises ToileError
    naming the nearest where there is none, or those where there are several.

        >>> toile.open_run(run.id).score == run.score
        True
    """
    return name if isinstance(name, Run) else RunsFolder(folder).run(name)


def list_runs(folder: str | Path | None = None) -> list[Listed]:
    """The runs in `folder` (default: where runs are kept), the last to come further first.

    >>> [listed.run.id == run.id for listed in toile.list_runs() if listed.run.id == run.id]
    [True]
    """
    return RunsFolder(folder).runs()
