"""The census of a run's network over its training images, and why units are dead."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toile.data import AnyPixels, Progress, no_progress, split_data
from toile.inspection import Census, LayerDeath, dead_units, explain_dead, run_census
from toile.network import Network
from toile.recipe import Start
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
    """The census of the `weights` of `run` over all its training images.

    `why` has an entry for each layer with dead units; it is None if it was not requested. `unknown`
    says why nothing is known of when units died; it is empty if something is.
    """

    run: Run
    weights: str
    census: Census
    why: tuple[LayerDeath, ...] | None
    unknown: str = ""

    def to_json(self) -> dict[str, Any]:
        """The counts as JSON has them, with `why` if it was requested.

        `why_unknown` is there if nothing is known of when units died.
        """
        record = self.census.to_json()
        if self.why is not None:
            record |= {"why": [layer.to_json() for layer in self.why]}
        return record | ({"why_unknown": self.unknown} if self.unknown else {})


def census(
    run: str | Path | Run,
    *,
    weights: str = "last",
    why: bool = False,
    data: str | Path | None = None,
    progress: Progress = no_progress,
) -> RunCensus:
    """Count the units of `run`'s network that never, rarely or always fire, or are saturated.

    The counts are exact, over all training images. `why` also counts the first weights, which are
    computed again, and the epochs: those that the run recorded (`training.census`), or those whose
    weights it keeps (`training.keep`), over the 2,000 images of a recorded census. `data` is the
    present path of its images, if they were moved. Raises ToileError if the run has no such
    weights, or if its data is missing or has changed.
    """
    run = open_run(run)
    classifier = run.classifier(weights)
    dataset = same_data(run, progress, data)
    train = split_data(dataset.train, run.recipe.data).train
    pixels = train.pixels

    def count(
        network: Network,
        message: str,
        correlations: bool = True,
        pixels: AnyPixels = pixels,
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
    start = run.recipe.training.start
    if not run.history.epochs and start is not None:
        # Its first weights are its weights, so all that is dead was dead in them.
        deaths = explain_dead(classifier.module, result, dead_units(result))
        return RunCensus(run, weights, result, deaths, _never_trained(run.id, start))
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


def batches(classifier: RunClassifier, pixels: AnyPixels) -> Iterator[Any]:
    """`pixels` as inputs of the network, 250 at a time."""
    for start in range(0, len(pixels), BATCH):
        yield classifier.preprocess(pixels[start : start + BATCH])


def _never_trained(run: str, start: Start) -> str:
    """What is known of when units of `run` died where no epoch was trained here."""
    if start.file is not None:
        return (
            f"{run} was trained elsewhere and brought in as it was, so nobody knows when its "
            "units died"
        )
    parent = Path(start.run).name
    return (
        f"{run} was not trained after it {'was cut out of' if start.cut else 'began with'} "
        f"{parent}, so its units died there: "
        f"toile inspect census {parent} --why says when"
    )


def _epoch_of(run: Run, weights: str) -> int:
    """The epoch of `weights`."""
    epochs = [record for record in run.history.epochs if weights == "last" or record["best"]]
    return max((int(record["epoch"]) for record in epochs), default=0)
