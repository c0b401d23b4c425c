"""A run's own data, read again."""

import numpy as np
from jaxtyping import UInt8

from toile.data import Dataset, Progress, load_data, no_progress
from toile.errors import ToileError
from toile.runs import Run


def same_data(run: Run, progress: Progress = no_progress) -> Dataset:
    """The data that `run` was trained on.

    Raises ToileError where it is gone, is no longer the same, or stands in another order.
    """
    dataset = load_data(run.recipe.data, progress=progress)
    refuse_other_images(run, dataset)
    return dataset


def validation_pixels(run: Run, dataset: Dataset) -> UInt8[np.ndarray, "n c h w"]:
    """The images of `dataset` that `run.validation` answers, in its order.

    Raises ToileError where `dataset` is not what `run` was trained on.
    """
    refuse_other_images(run, dataset)
    return dataset.train.pixels[run.validation.indices]


def refuse_other_images(run: Run, dataset: Dataset) -> None:
    """Raise ToileError unless `dataset` holds the images of `run`, in the order they had."""
    if dataset.order != run.facts.order:
        raise ToileError(
            f"{run.id} was trained on other images than {dataset.path} now has, or in another "
            "order; bring the same data back"
        )
