"""The weights that a search's trials began with, compared with those that are there now."""

from pathlib import Path

from toile.errors import ToileError
from toile.runs import Run, reading_folder, sha256_now
from toile.searches.result import read_memory, trial_key


def refuse_other_start(folder: Path) -> None:
    """Raise ToileError where a trial in `folder` began with weights that are others by now.

    Trials and finalists that begin with different weights are not compared by their settings.
    """
    for number in range(1, len(read_memory(folder).asked) + 1):
        run = Run(reading_folder(folder, trial_key(number)))
        if not (run.folder / "state.json").exists():
            continue
        start = run.recipe.training.start
        if start is not None and (current := sha256_now(start)) != start.sha256:
            raise ToileError(
                f"{run.folder}: trial {number} began with other weights of {start.run}: "
                f"training.start.sha256 was {start.sha256} and is now {current or 'none'}; nothing "
                "was written. Give this search a name of its own with --name, or bring those "
                "weights back"
            )
