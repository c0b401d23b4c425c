"""How many steps a training takes, and whether those are few."""

from toile.recipe.training import Training

ENOUGH_STEPS = 200
"""Measured in docs/log.md, "How many steps small data needs"."""


def steps_per_epoch(num_images: int, batch_size: int) -> int:
    """Steps of an epoch; the last batch may be smaller, or larger by one."""
    full, left = divmod(num_images, batch_size)
    # A single image has no statistics for a batch norm: it joins the batch before.
    return full + (left > 1 or full == 0)


def enough_epochs(training: Training, num_images: int) -> int | None:
    """How many epochs would make enough steps, where so few hardly teach a network; else None.

    Weights that another run has learnt need fewer.
    """
    per_epoch = steps_per_epoch(num_images, training.batch_size)
    if per_epoch * training.epochs >= ENOUGH_STEPS or training.start is not None:
        return None
    return -(-ENOUGH_STEPS // per_epoch)


def few_steps_note(training: Training, num_images: int, run: str | None = None) -> str | None:
    """A sentence with the next step, where `enough_epochs` says that there are too few; else None.

    `run` is the name of one that took these steps and can go on.
    """
    epochs = enough_epochs(training, num_images)
    if epochs is None:
        return None
    steps = steps_per_epoch(num_images, training.batch_size) * training.epochs
    more = "" if run is None else f"; toile resume {run} --epochs {epochs} takes this run as far"
    return (
        f"{steps} step{'s' if steps > 1 else ''} in all, each of up to {training.batch_size} of "
        f"{num_images} images, are few to learn from; try --set training.epochs={epochs}{more}"
    )
