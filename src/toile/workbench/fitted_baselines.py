"""Simple classifiers fitted to a network's training images and scored on its validation images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from toile.data import (
    AnyPixels,
    DataSource,
    Progress,
    Split,
    data_values,
    load_data,
    no_progress,
    split_data,
)
from toile.errors import ToileError
from toile.evaluation import (
    Baseline,
    Estimate,
    fit_baselines,
    mcnemar,
    paired_difference,
    proportion,
)
from toile.files import write_json
from toile.recipe import Data, data_of
from toile.runs import (
    BASELINES,
    BaselineScore,
    BaselineScores,
    DifferenceRecord,
    FractionRecord,
    Run,
    load_run_data,
    refuse_other_images,
    refuse_training,
    scored_images,
    scored_part,
)
from toile.streams import numpy_stream

MOST_NUMBERS = 50_000_000
"""Most pixels of all fitted images (55,000 images of 784 have 43 million); of more, a sample."""
NUM_BASELINES = 4
MOST_SEED = 2**32 - 1
"""The largest seed of scikit-learn's random forest."""


@dataclass(frozen=True, eq=False)
class _Judged:
    """The images to predict, their labels, and where a network was right (None without one)."""

    pixels: AnyPixels
    labels: Int64[np.ndarray, " m"]
    network_right: Bool[np.ndarray, " m"] | None


def baselines(
    source: Run | DataSource,
    *,
    settings: dict[str, Any] | None = None,
    data: DataSource | None = None,
    seed: int = 0,
    keep: bool = True,
    progress: Progress = no_progress,
) -> BaselineScores:
    """Fit and score simple classifiers on the same training and validation images.

    `source` is a run or data. A run's network is compared on the images of its score, and its
    folder keeps the scores for its page (unless `keep` is false). Data, with `settings` of data, is
    scored on all its validation images. `data` is the present path of a run's data. `seed` is that
    of the random forest, and of the sample if there are too many training images. No test image is
    used. Raises ToileError for a run in training, without validation images, and without
    scikit-learn.

        >>> scores = toile.baselines("fashion-sample", settings={"size_px": 7})
        >>> scores.best.name
        'random forest'
    """
    if not 0 <= seed <= MOST_SEED:
        raise ToileError(f"seed is {seed}; it goes from 0 to {MOST_SEED}")
    if isinstance(source, Run):
        if settings:
            raise ToileError("settings are for data; a run has its own: leave them out")
        scores = _of_run(source, data, seed, progress)
        if keep:
            keep_baselines(source, scores)
        return scores
    if data is not None:
        raise ToileError(
            "data is the present path of a run's data, and "
            f"{data_values(source)['data.name']} is data itself; leave one of the two out"
        )
    values = {name.removeprefix("data."): value for name, value in data_values(source).items()}
    read = data_of(values | (settings or {}))
    dataset = load_data(read, progress=progress)
    _refuse_without_validation(read, read.name)
    split = split_data(dataset.train, read)
    judged = _Judged(split.validation.pixels, split.validation.labels, None)
    return _measure(dataset.name, "validation", split, judged, seed, progress)


def keep_baselines(run: Run, scores: BaselineScores) -> Path:
    """Save `scores` in the folder of `run`, for its page and its model card.

    Raises ToileError if they were compared with weights that it no longer has, or if its folder
    cannot be written.
    """
    if scores.weights_sha256 != run.weights_sha256():
        raise ToileError(f"{run.id} was trained further meanwhile; measure again when it has ended")
    path = run.folder / BASELINES
    write_json(path, scores.model_dump(mode="json"))
    return path


def _of_run(run: Run, data: DataSource | None, seed: int, progress: Progress) -> BaselineScores:
    refuse_training(run.folder)
    # Read before the logits, so that logits of later weights are noticed.
    sha256 = run.weights_sha256()
    _refuse_without_validation(run.recipe.data, run.id)
    dataset = load_run_data(run, progress, data)
    refuse_other_images(run, dataset)
    validation = run.validation
    among = np.flatnonzero(scored_images(run.recipe, validation))
    labels = validation.labels[among]
    judged = _Judged(
        dataset.train.gather(validation.indices[among]).pixels,
        labels,
        validation.logits[among].argmax(1) == labels,
    )
    split = split_data(dataset.train, run.recipe.data)
    scores = _measure(run.data.name, scored_part(run.recipe), split, judged, seed, progress)
    return scores.model_copy(update={"weights_sha256": sha256})


def _refuse_without_validation(settings: Data, name: str) -> None:
    if not settings.holds_out:
        raise ToileError(
            f"{name}: no images are held out for validation (data.validation is 0), so nothing can "
            "be scored; hold some out"
        )


def _measure(
    name: str, of: str, split: Split, judged: _Judged, seed: int, progress: Progress
) -> BaselineScores:
    train = split.train.to_learn()
    indices = _sample(train.labels, train.pixels[:1].size, seed)
    scores = []
    fitted = fit_baselines(train.pixels[indices], train.labels[indices], judged.pixels, seed=seed)
    progress(0, NUM_BASELINES, "baselines")
    for baseline in fitted:
        scores.append(_score(baseline, judged))
        progress(len(scores), NUM_BASELINES, "baselines")
    return BaselineScores(
        data=name, of=of, images=len(indices), train=len(train), seed=seed, scores=tuple(scores)
    )


def _sample(labels: Int64[np.ndarray, " n"], num_pixels: int, seed: int) -> Int64[np.ndarray, " m"]:
    """Indices of the images to fit: all, or the same fraction of each class."""
    fraction = MOST_NUMBERS / (len(labels) * num_pixels)
    if fraction >= 1:
        return np.arange(len(labels))
    rng = numpy_stream(seed, "baselines")
    samples = [
        rng.permutation(indices)[: max(1, int(fraction * len(indices)))]
        for label in np.unique(labels)
        if len(indices := np.flatnonzero(labels == label))
    ]
    return np.sort(np.concatenate(samples))


def _score(baseline: Baseline, judged: _Judged) -> BaselineScore:
    right = baseline.predictions == judged.labels
    accuracy = proportion(int(right.sum()), len(right))
    difference = None
    if judged.network_right is not None:
        test = mcnemar(right, judged.network_right)
        change = paired_difference(test)
        difference = DifferenceRecord(
            value=change.value, low=change.low, high=change.high, p=test.p
        )
    return BaselineScore(
        name=baseline.name,
        accuracy=_record(accuracy),
        difference=difference,
        seconds=baseline.seconds,
        note=baseline.note,
    )


def _record(estimate: Estimate) -> FractionRecord:
    return FractionRecord(value=estimate.value, low=estimate.low, high=estimate.high, n=estimate.n)
