"""How levels score on validation labels as a correction file has them, beside the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64

from toile.data import CORRECTIONS_FILE, Correction, read_corrections
from toile.runs import Run, scored_images
from toile.studies.result import StudyResult

Classes = Int64[np.ndarray, " n"]


@dataclass(frozen=True)
class CorrectedLevel:
    """Accuracies of `level` by the labels that the data has and by the corrected ones, fractions.

    They are of all images that score in its `readings` together: an image counts once in each
    reading that scores on it. `old` and `new` are the fractions of the corrected ones among those
    that are answered as the label says, and as the correction does; NaN where none scores.
    """

    level: str
    readings: int
    accuracy: float
    corrected_accuracy: float
    old: float
    new: float


@dataclass(frozen=True)
class CorrectedScores:
    """What became of the corrections that `level` learnt by.

    `suspected` of them were suspects of a study. `train` is how many labels the reading learnt
    otherwise that did so with the fewest, and `most_train` that with the most: they differ with
    `data.folds`. `scored` is how many of the images that score in one reading or another have a
    corrected label.
    """

    level: str
    corrections: int
    suspected: int
    train: int
    most_train: int
    scored: int
    rows: tuple[CorrectedLevel, ...]

    @property
    def sentence(self) -> str:
        """What was corrected, and what the scores are of."""
        learnt = f"{self.train:,}"
        if self.most_train > self.train:
            learnt += f" to {self.most_train:,}, by reading,"
        chosen = (
            f" {self.suspected:,} of them were chosen because networks disagreed with the label, "
            "so that networks tend to score higher by them."
            if self.suspected
            else ""
        )
        return (
            f"{self.level} corrects {self.corrections:,} labels: {learnt} were learnt "
            f"otherwise, {self.scored:,} are of images that score. The verdict is by the labels "
            f"that the data has, at every level; none is given on corrected labels.{chosen}"
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {**vars(self), "rows": [vars(row) for row in self.rows], "sentence": self.sentence}


def corrected_scores(result: StudyResult) -> tuple[CorrectedScores, ...]:
    """One for each level with corrections that has a finished reading; none elsewhere."""
    runs = _finished_runs(result)
    corrected = {
        level: readings
        for level, readings in runs.items()
        if (readings[0].folder / CORRECTIONS_FILE).exists()
    }
    return tuple(_scores(level, readings, runs) for level, readings in corrected.items())


def changed_corrections(runs: Sequence[tuple[str, Run]]) -> str:
    """Why readings of one level, each given with its name, did not learn by the same labels."""
    first: dict[str, Run] = {}
    for level, run in runs:
        same = first.setdefault(level, run)
        if same.data.fingerprint != run.data.fingerprint:
            return (
                f"readings {same.id} and {run.id} of level {level} learnt by different correction "
                "files, so the file was changed in between; take one of the two anew: toile rm"
            )
    return ""


def _finished_runs(result: StudyResult) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {}
    for reading in result.readings:
        if reading.score is not None:
            runs.setdefault(reading.level, []).append(Run(reading.folder))
    return runs


def _scores(level: str, readings: Sequence[Run], runs: Mapping[str, list[Run]]) -> CorrectedScores:
    rows, _ = read_corrections(readings[0].folder / CORRECTIONS_FILE)
    scored = np.concatenate([_scored_indices(run) for run in readings])
    learnt = [run.data.corrections.train for run in readings if run.data.corrections]
    order = readings[0].data.order
    return CorrectedScores(
        level,
        len(rows),
        sum(row.is_suspected for row in rows),
        min(learnt, default=0),
        max(learnt, default=0),
        int(np.isin([row.index for row in rows], scored).sum()),
        tuple(
            _level(name, same, rows)
            for name, readings in runs.items()
            if (same := [run for run in readings if run.data.order == order])
        ),
    )


def _level(name: str, runs: Sequence[Run], rows: Sequence[Correction]) -> CorrectedLevel:
    answered = [_predicted_and_labels(run, rows) for run in runs]
    predicted, labels, corrected = (np.concatenate(parts) for parts in zip(*answered, strict=True))
    is_corrected = corrected != labels
    right, right_by_new = (float((predicted == by).mean()) for by in (labels, corrected))
    old, new = (
        float((predicted == by)[is_corrected].mean()) if is_corrected.any() else math.nan
        for by in (labels, corrected)
    )
    return CorrectedLevel(name, len(runs), right, right_by_new, old, new)


def _scored_indices(run: Run) -> Int64[np.ndarray, " n"]:
    return run.validation.indices[scored_images(run.recipe, run.validation)]


def _predicted_and_labels(run: Run, rows: Sequence[Correction]) -> tuple[Classes, Classes, Classes]:
    """What is answered of the images that score, their labels, and those as corrected."""
    validation, names = run.validation, run.data.class_names
    among = scored_images(run.recipe, validation)
    predicted, labels = validation.logits.argmax(1)[among], validation.labels[among]
    new = {row.index: names.index(row.new) for row in rows}
    corrected = np.array(
        [
            new.get(int(index), label)
            for index, label in zip(validation.indices[among], labels, strict=True)
        ]
    )
    return predicted, labels, corrected
