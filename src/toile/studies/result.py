"""A study as it stands: every reading, finished or not, and what they say together."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from toile.runs import RunEnvironment
from toile.statistics import Verdict
from toile.studies.analyses import judge_study
from toile.studies.spec import Study
from toile.studies.study_test import StudyTest

UNENDED = ("waiting", "running", "stopped", "interrupted")


@dataclass(frozen=True)
class Reading:
    """One run of a study: reading `number`, from 1, of `level`, in its own `folder`.

    `status` is a run's, or `waiting` before it has begun. `score` is the run's score, a fraction,
    None unless it finished; `reason` says why it failed or diverged, and `seen` what must be said
    beside a score of images that its first weights may have been trained on.
    """

    level: str
    number: int
    seed: int
    folder: Path
    status: str
    score: float | None = None
    seconds: float | None = None
    reason: str = ""
    epochs: int | None = None
    seen: str = ""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        fields = {key: value for key, value in vars(self).items() if key != "folder"}
        return fields | {"run": str(self.folder)}


@dataclass(frozen=True)
class Factors:
    """A level by its name, and the values as they were written that make it, by address."""

    name: str
    values: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A study as its folder has it now, with `levels` and `readings` in the study's order.

    `environment` is that of its first reading; `mixed` says how others differ from it. `test` has
    the scores on the test part, None while it is sealed. `unlike` says why the scores of its levels
    cannot be compared: such a study is refused today, older ones may be so. `other_images` says if
    levels are scored on different images.

        >>> result = toile.open_study("epochs")
        >>> len(result.levels), len(result.readings), result.ended
        (2, 4, True)
        >>> result.to_json()["sentence"] == result.sentence
        True
    """

    folder: Path
    spec: Study
    levels: tuple[Factors, ...]
    readings: tuple[Reading, ...]
    environment: RunEnvironment | None = None
    mixed: tuple[str, ...] = ()
    test: StudyTest | None = None
    unlike: str = ""
    other_images: str = ""

    def __repr__(self) -> str:
        finished = f"{self.count('finished')} of {len(self.readings)} readings finished"
        return f"StudyResult({self.folder.name!r}, {len(self.levels)} levels, {finished})"

    def scores(self) -> dict[str, tuple[float, ...]]:
        """The scores of the finished readings by level, as fractions; a level may have none."""
        return {
            level.name: tuple(
                reading.score
                for reading in self.readings
                if reading.level == level.name and reading.score is not None
            )
            for level in self.levels
        }

    @cached_property
    def verdict(self) -> Verdict | None:
        """The verdict on the finished readings; None before all readings have ended.

        None too if no reading finished, or if their scores cannot be compared. Each set of readings
        judged is an analysis, which the folder counts. Before all have ended there is no verdict:
        to stop as soon as one shows something would count as an analysis for each reading.
        """
        scores = {level: values for level, values in self.scores().items() if values}
        if not self.ended or not scores or self.unlike:
            return None
        return judge_study(self.folder, scores, self.spec.margin)

    @property
    def sentence(self) -> str:
        """The verdict in words, with what must be said beside it and which readings are missing."""
        # Here, since what makes it is of this class.
        from toile.studies.sentences import study_sentence

        return study_sentence(self)

    def count(self, *statuses: str) -> int:
        """How many readings stand so: `finished`, `failed`, `waiting` and so on."""
        return sum(reading.status in statuses for reading in self.readings)

    @property
    def ended(self) -> bool:
        """Whether no reading is left to be taken."""
        return not self.count(*UNENDED)

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring, all readings together."""
        return sum(reading.seconds or 0.0 for reading in self.readings)

    def table(self) -> Float[np.ndarray, "levels readings"]:
        """Scores, a row for each level and a column for each number; NaN where there is none."""
        rows = {level.name: row for row, level in enumerate(self.levels)}
        most = max((reading.number for reading in self.readings), default=0)
        scores = np.full((len(rows), most), np.nan)
        for reading in self.readings:
            if reading.score is not None:
                scores[rows[reading.level], reading.number - 1] = reading.score
        return scores

    def to_json(self) -> dict[str, Any]:
        """The verdict, the readings and how they learnt, as `toile study --json` has them."""
        from toile.studies.summary import study_summary

        return study_summary(self)

    @property
    def command(self) -> str:
        """The command that repeats the study in another folder."""
        words = ["toile", "study", str(self.folder / "study.yaml"), "--out", f"{self.spec.name}-2"]
        return shlex.join(words)
