"""What levels answer on validation labels as a correction file has them: beside the verdict."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toile.data import CORRECTIONS_FILE, Correction, read_corrections
from toile.runs import Run, scored_images
from toile.studies.result import StudyResult


@dataclass(frozen=True)
class CorrectedLevel:
    """Accuracies of `level` by the labels that the data has and by the corrected ones, fractions.

    They are means over `readings` and over images that score. `old` and `new` are the shares of the
    corrected ones among those that are answered as the label says, and as the correction does; NaN
    where none scores.
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

    `train` is how many labels each of its readings learnt otherwise, `scored` how many of the
    images that score have a corrected label: both of its first reading.
    """

    level: str
    corrections: int
    train: int
    scored: int
    rows: tuple[CorrectedLevel, ...]

    @property
    def sentence(self) -> str:
        """What was corrected, and what the scores are of."""
        return (
            f"{self.level} corrects {self.corrections:,} labels: {self.train:,} were learnt "
            f"otherwise, {self.scored:,} are of images that score. The verdict is by the labels "
            "that the data has, at every level. By corrected labels, which were chosen because "
            "networks disagreed with them, any network scores higher: no verdict is given on them."
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
    return tuple(_scores(level, readings[0], runs) for level, readings in corrected.items())


def changed_corrections(runs: Sequence[tuple[str, Run]]) -> str:
    """Why readings of one level, each given with its name, did not learn by the same labels."""
    first: dict[str, Run] = {}
    for level, run in runs:
        same = first.setdefault(level, run)
        if same.facts.fingerprint != run.facts.fingerprint:
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


def _scores(level: str, first: Run, runs: Mapping[str, list[Run]]) -> CorrectedScores:
    rows, _ = read_corrections(first.folder / CORRECTIONS_FILE)
    facts, validation = first.facts, first.validation
    scored = validation.indices[scored_images(first.recipe, validation)]
    order = facts.order
    return CorrectedScores(
        level,
        len(rows),
        facts.corrections.train if facts.corrections else 0,
        int(np.isin([row.index for row in rows], scored).sum()),
        tuple(
            _level(name, same, rows)
            for name, readings in runs.items()
            if (same := [run for run in readings if run.facts.order == order])
        ),
    )


def _level(name: str, runs: Sequence[Run], rows: Sequence[Correction]) -> CorrectedLevel:
    measured = np.array([_reading(run, rows) for run in runs])
    return CorrectedLevel(name, len(runs), *map(float, measured.mean(0)))


def _reading(run: Run, rows: Sequence[Correction]) -> tuple[float, float, float, float]:
    validation, names = run.validation, run.facts.class_names
    among = scored_images(run.recipe, validation)
    predicted, labels = validation.logits.argmax(1)[among], validation.labels[among]
    new = {row.index: names.index(row.new) for row in rows}
    corrected = np.array(
        [
            new.get(int(index), label)
            for index, label in zip(validation.indices[among], labels, strict=True)
        ]
    )
    is_corrected = corrected != labels
    old, new_ones = (
        float((predicted == by)[is_corrected].mean()) if is_corrected.any() else math.nan
        for by in (labels, corrected)
    )
    right, right_by_new = (float((predicted == by).mean()) for by in (labels, corrected))
    return right, right_by_new, old, new_ones
