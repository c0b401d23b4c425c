"""Wrong predictions of the readings of a study: repeated ones, and labels that may be wrong."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from toile.data import DataSource, Images, Progress, no_progress
from toile.errors import ToileError, not_one_of
from toile.evaluation import RepeatedErrors, probabilities, repeated_errors
from toile.report import SheetPicture
from toile.runs import Run, Validation, same_data, same_validation_images, scored_images
from toile.studies import StudyResult
from toile.workbench.inside.mistaken import which_half
from toile.workbench.inside.mistakes_table import (
    SHOWN,
    ListedImages,
    MistakesView,
    percentage,
)
from toile.workbench.inside.suspects import view_suspects


def view_study_mistakes(
    result: StudyResult,
    level: str | None = None,
    count: int = SHOWN,
    data: DataSource | None = None,
    progress: Progress = no_progress,
) -> MistakesView:
    """Validation images that the finished readings of a study, or of one `level`, predict wrong.

    If the readings have the same validation images: in how many readings each scoring image is
    predicted wrong, and how much of a reading's errors is luck. In a study with folds: labels that
    may be wrong (`suspects.py`). `count` pictures are shown; `data` is the present path of the
    images. Raises ToileError if readings have different images, or are too few.

    Values for the same images: `indices`, `labels`, and `wrong` (readings, n), with a row for each
    of the record's `runs`. For images that any reading predicts wrong: `order` (positions in
    `indices`), `answered` and `probabilities`.
    """
    runs = _finished(result, level)
    if result.spec.folds is not None:
        return view_suspects(result, [run for _, run in runs], count, data, progress)
    return _view_repeated(result, runs, count, data, progress)


def _finished(result: StudyResult, level: str | None) -> list[tuple[str, Run]]:
    names = [level.name for level in result.levels]
    if level is not None and level not in names:
        raise not_one_of("level", level, names)
    return [
        (reading.level, Run(reading.folder))
        for reading in result.readings
        if reading.score is not None and level in (None, reading.level)
    ]


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """The readings' probabilities on the same scoring images, with `indices` and `labels`."""

    levels: list[str]
    indices: Int[np.ndarray, " n"]
    labels: Int[np.ndarray, " n"]
    chances: Float64[np.ndarray, "readings n k"]
    is_half: bool

    @property
    def wrong(self) -> Bool[np.ndarray, "readings n"]:
        return np.asarray(self.chances.argmax(2) != self.labels)


def _shared_held_out(result: StudyResult, runs: list[tuple[str, Run]]) -> _HeldOut:
    if len(runs) < 2:
        raise ToileError(
            f"{result.folder} has too few finished readings here, {len(runs)}; repeated mistakes "
            f"need two or more: toile study {result.folder} continues it, --add-readings 2 adds "
            "more"
        )
    first_level, first = runs[0]
    for level, run in runs[1:]:
        if not same_validation_images(first, run):
            raise ToileError(
                f"readings of {first_level} and {level} are validated on different images; "
                "name one level with --level"
            )
    held_out: list[Validation] = [run.validation for _, run in runs]
    scoring = np.logical_and.reduce(
        [
            scored_images(run.recipe, validation)
            for (_, run), validation in zip(runs, held_out, strict=True)
        ]
    )
    return _HeldOut(
        [level for level, _ in runs],
        held_out[0].indices[scoring],
        held_out[0].labels[scoring],
        np.stack([probabilities(validation.logits[scoring]) for validation in held_out]),
        not scoring.all(),
    )


def _view_repeated(
    result: StudyResult,
    runs: list[tuple[str, Run]],
    count: int,
    data: DataSource | None,
    progress: Progress,
) -> MistakesView:
    held_out = _shared_held_out(result, runs)
    train = same_data(runs[0][1], progress, data).train
    names = runs[0][1].data.class_names
    wrong, labels = held_out.wrong, held_out.labels
    times = wrong.sum(0)
    mean = held_out.chances.mean(0)
    # The class predicted wrong most often; if several, the most probable of them.
    votes = np.stack(
        [(held_out.chances.argmax(2) == label).sum(0) for label in range(len(names))], 1
    )
    votes[np.arange(len(labels)), labels] = 0
    answered = np.where(votes == votes.max(1, keepdims=True), mean, -1).argmax(1)
    sure = mean[np.arange(len(labels)), answered]
    order = np.lexsort((np.arange(len(labels)), -sure, -times))[: int((times > 0).sum())]
    readings = len(wrong)
    columns = {
        "true": [names[labels[row]] for row in order],
        "answered": [names[answered[row]] for row in order],
        "wrong": times[order].tolist(),
        "readings": [readings] * len(order),
        "probability": sure[order].tolist(),
    }
    images = ListedImages(train, held_out.indices[order], columns)
    levels = list(dict.fromkeys(held_out.levels))
    by_level = {
        level: repeated_errors(wrong[[reading_level == level for reading_level in held_out.levels]])
        for level in levels
    }
    record = {
        "study": str(result.folder), "runs": [run.id for _, run in runs], "half": held_out.is_half,
        **_counts(repeated_errors(wrong)),
        "levels": {level: _counts(counted) for level, counted in by_level.items()},
        "times_wrong": np.bincount(times, minlength=readings + 1).tolist(),
        "mistakes": images.records(count),
    }  # fmt: skip
    # With several levels, errors differ by more than luck.
    record["luck"] = record["levels"][levels[0]]["luck"] if len(levels) == 1 else None
    values = {
        "indices": held_out.indices, "labels": labels, "wrong": wrong, "order": order,
        "answered": answered[order], "probabilities": sure[order],
    }  # fmt: skip
    title = f"Wrong in how many of {readings} readings of {result.spec.name}"
    sentences = _says(record, by_level, runs[0][1])
    return images.view(record, values, sentences, title, partial(_picture, train))


def _counts(counted: RepeatedErrors) -> dict[str, Any]:
    return {**vars(counted), "luck": None if math.isnan(counted.luck) else counted.luck}


def _percentage(count: int, total: int) -> str:
    return percentage(count / total) if total else "none"


def _picture(train: Images, mistake: dict[str, Any]) -> SheetPicture:
    return SheetPicture(
        train.pixels[mistake["index"]],
        (
            f"{mistake['index']}: {mistake['true']}",
            f"as {mistake['answered']}",
            f"wrong in {mistake['wrong']} of {mistake['readings']}",
        ),
    )


def _says(record: dict[str, Any], by_level: dict[str, RepeatedErrors], run: Run) -> list[str]:
    readings, images = record["readings"], record["images"]
    half = f"; {which_half(run.recipe)}" if record["half"] else ""
    says = [
        (
            f"{readings} readings of {images:,} validation images, "
            f"{record['errors'] / readings:.1f} wrong in each on average{half}"
        ),
        (
            f"{record['always']:,} image{' is' if record['always'] == 1 else 's are'} wrong in "
            f"{'both' if readings == 2 else f'all {readings}'}: hard, or mislabelled"
        ),
        (
            f"{record['flipping']:,} {'is' if record['flipping'] == 1 else 'are'} wrong in some "
            "readings and right in others, "
            f"{_percentage(record['flipping_errors'], record['errors'])} of all errors"
        ),
    ]
    for level, counted in by_level.items():
        if counted.readings < 2 or not counted.errors:
            continue
        of = f"{level}: " if len(by_level) > 1 else ""
        says.append(
            f"{of}{percentage(counted.luck)} of the errors of one reading are luck: another "
            f"reading predicts them right ({counted.errors:,} errors in {counted.readings} "
            "readings)"
        )
    says += [
        (
            f"{mistake['index']}: {mistake['true']} predicted as {mistake['answered']}, wrong in "
            f"{mistake['wrong']} of {readings}"
        )
        for mistake in record["mistakes"]
    ]
    says.append(
        "to find labels that may be wrong, let a network predict each image that it was not "
        f"trained on: toile study {run.folder / 'recipe.yaml'} --folds 5 --name NAME"
    )
    return says
