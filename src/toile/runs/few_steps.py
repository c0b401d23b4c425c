"""Whether a run took few steps, and how to take more."""

from toile.recipe import enough_epochs, few_steps_note
from toile.runs.requested import why_not_continued
from toile.runs.run import Run


def few_steps_of(run: Run) -> str | None:
    """A sentence where a run's steps are too few to learn from, with how to go on; else None.

    A run without a checkpoint, as a bundled one, can only be trained anew.
    """
    name = None if why_not_continued(run) else run.name
    return few_steps_note(run.recipe.training, run.data.train, name)


def enough_epochs_of(run: Run) -> int | None:
    """To how many epochs a run can go on, where its steps are too few to learn from; else None."""
    if why_not_continued(run):
        return None
    return enough_epochs(run.recipe.training, run.data.train)
