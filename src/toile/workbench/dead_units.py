"""The census of a run's network over its training images, and why its dead units are dead."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from toile.data import Progress, no_progress, split_data
from toile.inspection import Census, LayerDeath, dead_units, explain_dead, run_census
from toile.network import Network
from toile.runs import (
    NUM_COUNTED,
    Run,
    RunClassifier,
    census_images,
    epoch_censuses,
    epoch_network,
    first_network,
    has_saved_epochs,
    open_run,
    same_data,
    saved_epochs,
)

BATCH = 250


@dataclass(frozen=True, eq=False)
class RunCensus:
    """The census of the `weights` of `run` over all images it was trained on.

    `why` tells of each layer with dead units, and is None where that was not asked.
    """

    run: Run
    weights: str
    census: Census
    why: tuple[LayerDeath, ...] | None

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON has them; `why` where it was asked for."""
        record = self.census.to_json()
        return (
            record
            if self.why is None
            else record | {"why": [layer.to_json() for layer in self.why]}
        )


def census(
    run: str | Path | Run,
    *,
    weights: str = "last",
    why: bool = False,
    data: str | Path | None = None,
    progress: Progress = no_progress,
) -> RunCensus:
    """Count the units of `run`'s network that never fire, rarely, always, or are saturated.

    Over all images that it was trained on, exactly. With `why` its first weights, made again, are
    counted as well, and epochs where the run recorded them (`training.census`), or where it keeps
    their weights (`training.keep`), on the 2,000 images that it would have recorded. `data` is
    where its images lie now, if no longer where they were. Raises ToileError where the run has no
    such weights, or its data is gone or no longer the same.
    """
    run = run if isinstance(run, Run) else open_run(run)
    classifier = run.classifier(weights)
    dataset = same_data(run, progress, data)
    train = split_data(dataset.train, run.recipe.data).train
    pixels = train.pixels

    def count(
        network: Network,
        message: str,
        correlations: bool = True,
        pixels: UInt8[np.ndarray, "n c h w"] = pixels,
    ) -> Census:
        return run_census(
            network,
            batches(classifier, pixels),
            correlations=correlations,
            progress=lambda done: progress(done, len(pixels), message),
        )

    result = count(classifier.module, "counting")
    if not why or not result.dead:
        return RunCensus(run, weights, result, () if why else None)
    first = dead_units(count(first_network(run), "counting the first weights", False))
    last = _epoch_of(run, weights)
    epochs = [
        (epoch, dead_units(epoch_census))
        for epoch, epoch_census in epoch_censuses(run)
        if epoch <= last
    ]
    if not epochs and has_saved_epochs(run):
        few = pixels[census_images(train.labels, NUM_COUNTED)]
        epochs = [
            (epoch, dead_units(count(epoch_network(run, epoch), f"epoch {epoch}", False, few)))
            for epoch in saved_epochs(run)
            if epoch <= last
        ]
    return RunCensus(run, weights, result, explain_dead(classifier.module, result, first, epochs))


def batches(classifier: RunClassifier, pixels: UInt8[np.ndarray, "n c h w"]) -> Iterator[Any]:
    """What the network takes for `pixels`, 250 at a time."""
    for start in range(0, len(pixels), BATCH):
        yield classifier.preprocess(pixels[start : start + BATCH])


def _epoch_of(run: Run, weights: str) -> int:
    """The epoch that `weights` are of."""
    epochs = [record for record in run.history.epochs if weights == "last" or record["best"]]
    return max(int(record["epoch"]) for record in epochs)
