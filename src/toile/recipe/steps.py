"""How many steps a training takes, and whether those are few."""

from dataclasses import dataclass

from toile.recipe.training import Training

ENOUGH_STEPS = 200
"""Measured in docs/log.md, "How many steps small data needs"."""
SMALL_BATCH = 32
"""Measured in docs/log.md, "Which batches few pictures need"."""


@dataclass(frozen=True)
class EpochsAndBatch:
    """Images per step and epochs with which a training has enough steps."""

    batch_size: int
    epochs: int


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


def enough_training(training: Training, num_images: int) -> EpochsAndBatch | None:
    """What to train with from the first step on, where `training` has too few steps; else None.

    A step of a smaller batch takes less time and teaches as much. Epochs are never fewer.
    """
    if enough_epochs(training, num_images) is None:
        return None
    batch_size = min(training.batch_size, SMALL_BATCH)
    epochs = -(-ENOUGH_STEPS // steps_per_epoch(num_images, batch_size))
    return EpochsAndBatch(batch_size, max(epochs, training.epochs))


def few_steps_note(
    training: Training, num_images: int, run: str | None = None, option: str = "--set "
) -> str | None:
    """A sentence with the next step, where there are too few steps to learn from; else None.

    `run` is the name of one that took these steps and can go on; `option` stands before a setting.
    """
    enough = enough_training(training, num_images)
    if enough is None:
        return None
    settings = "".join(
        f" {option}training.{name}={value}"
        for name, value in vars(enough).items()
        if value != getattr(training, name)
    )
    epochs = enough_epochs(training, num_images)
    steps = steps_per_epoch(num_images, training.batch_size) * training.epochs
    more = "" if run is None else f"; toile resume {run} --epochs {epochs} takes this run as far"
    return (
        f"{steps} step{'s' if steps > 1 else ''} in all, each of up to {training.batch_size} of "
        f"{num_images} images, are few to learn from; try{settings}{more}"
    )
