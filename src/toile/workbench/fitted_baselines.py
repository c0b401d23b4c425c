"""Simple classifiers beside a network: fitted to its training images, judged on its validation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from toile.data import (
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
    scored_images,
    scored_part,
)
from toile.streams import numpy_stream

MOST_NUMBERS = 50_000_000
"""Pixels of all training images; 55,000 of 784 are 43 million. More are drawn from."""
NUM_BASELINES = 4


@dataclass(frozen=True, eq=False)
class _Judged:
    """The images that are asked, their labels, and where a network was right; None without one."""

    pixels: UInt8[np.ndarray, "m c h w"]
    labels: Int64[np.ndarray, " m"]
    network_right: Bool[np.ndarray, " m"] | None


def baselines(
    source: Run | DataSource,
    *,
    settings: dict[str, Any] | None = None,
    data: DataSource | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> BaselineScores:
    """What simple classifiers get of the same training and validation images.

    `source` is a run, whose network is compared on the images that score it, and whose folder keeps
    them for its page; or data, of which all validation images are asked, with `settings` of data.
    `data` is where a run's data lies now, `seed` that of the random forest and of the draw where
    there are more training images than are fitted. No test image is looked at. Raises ToileError
    where nothing is held out for validation, and without scikit-learn.

        >>> scores = toile.baselines("fashion-sample", settings={"size_px": 7})
        >>> scores.best.name
        'random forest'
    """
    if isinstance(source, Run):
        if settings:
            raise ToileError("settings of data go with data; a run has those it was trained by")
        return _of_run(source, data, seed, progress)
    values = {name.removeprefix("data."): value for name, value in data_values(source).items()}
    read = data_of(values | (settings or {}))
    dataset = load_data(read, progress=progress)
    _refuse_without_validation(read, read.name)
    split = split_data(dataset.train, read)
    judged = _Judged(split.validation.pixels, split.validation.labels, None)
    return _measure(dataset.name, "validation", split, judged, seed, progress)


def _of_run(run: Run, data: DataSource | None, seed: int, progress: Progress) -> BaselineScores:
    _refuse_without_validation(run.recipe.data, run.id)
    dataset = load_run_data(run, progress, data)
    refuse_other_images(run, dataset)
    validation = run.validation
    among = np.flatnonzero(scored_images(run.recipe, validation))
    labels = validation.labels[among]
    judged = _Judged(
        dataset.train.pixels[validation.indices[among]],
        labels,
        validation.logits[among].argmax(1) == labels,
    )
    split = split_data(dataset.train, run.recipe.data)
    scores = _measure(run.data.name, scored_part(run.recipe), split, judged, seed, progress)
    write_json(run.folder / BASELINES, scores.model_dump(mode="json"))
    return scores


def _refuse_without_validation(settings: Data, name: str) -> None:
    if not settings.holds_out:
        raise ToileError(
            f"{name}: no images are held out for validation (data.validation is 0), so that there "
            "is nothing to judge by; hold some out"
        )


def _measure(
    name: str, of: str, split: Split, judged: _Judged, seed: int, progress: Progress
) -> BaselineScores:
    train = split.train.to_learn()
    indices = _sample(train.labels, train.pixels[:1].size, seed)
    scores = []
    fitted = fit_baselines(
        _unit(train.pixels[indices]), train.labels[indices], _unit(judged.pixels), seed=seed
    )
    progress(0, NUM_BASELINES, "baselines")
    for baseline in fitted:
        scores.append(_score(baseline, judged))
        progress(len(scores), NUM_BASELINES, "baselines")
    return BaselineScores(
        data=name, of=of, images=len(indices), train=len(train), seed=seed, scores=tuple(scores)
    )


def _sample(labels: Int64[np.ndarray, " n"], num_pixels: int, seed: int) -> Int64[np.ndarray, " m"]:
    """Indices of the images that are fitted: all, or as many as may be of each class."""
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


def _unit(pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n d"]:
    return pixels.reshape(len(pixels), -1) / np.float32(255)


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
