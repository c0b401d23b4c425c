"""Whether a run took few steps, and how to take more."""

from toile.recipe import few_steps_note
from toile.runs.checkpoint import has_checkpoint
from toile.runs.run import Run
from toile.runs.state import read_state


def few_steps_of(run: Run) -> str | None:
    """A sentence where a run's steps are too few to learn from, with how to go on; else None.

    A run without a checkpoint, as a bundled one, can only be trained anew.
    """
    goes_on = has_checkpoint(run.folder) and read_state(run.folder).status != "diverged"
    return few_steps_note(run.recipe.training, run.data.train, run.name if goes_on else None)
