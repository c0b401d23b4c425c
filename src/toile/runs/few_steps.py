"""Whether a run took few steps, and how to take more."""

from toile.recipe import enough_epochs, few_steps_note
from toile.runs.checkpoint import has_checkpoint
from toile.runs.run import Run
from toile.runs.state import read_state


def few_steps_of(run: Run) -> str | None:
    """A sentence where a run's steps are too few to learn from, with how to go on; else None.

    A run without a checkpoint, as a bundled one, can only be trained anew.
    """
    name = run.name if _goes_on(run) else None
    return few_steps_note(run.recipe.training, run.data.train, name)


def enough_epochs_of(run: Run) -> int | None:
    """To how many epochs a run can go on, where its steps are too few to learn from; else None."""
    return enough_epochs(run.recipe.training, run.data.train) if _goes_on(run) else None


def _goes_on(run: Run) -> bool:
    status = read_state(run.folder).status
    return has_checkpoint(run.folder) and status not in ("diverged", "imported")
