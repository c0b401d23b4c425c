"""Runs that were trained one by one, judged as the readings of a study are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from toile.errors import ToileError
from toile.recipe import differing_settings
from toile.runs import (
    Run,
    open_run,
    read_state,
    refuse_unknown,
    same_validation_images,
    seen_words,
)
from toile.statistics import Verdict, assumed_sentence, judge_readings, verdict_sentence
from toile.studies.same_scores import unlike

AMONG_READINGS = {
    "seed", "data.fold", "data.name", "training.device", "training.threads", "training.shards",
    "training.precision", "training.engine",
}  # fmt: skip
"""In what runs of one level may differ: chance, and where they were trained."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Finished runs by level, and what their scores allow one to say.

    `other_images` says where levels are scored on different images; empty where they are not.

        >>> found = toile.compare({"relu": relu_runs, "gelu": gelu_runs})
        >>> {level: [run.score.n for run in runs] for level, runs in found.runs.items()}
        {'relu': [1200, 1200], 'gelu': [1200, 1200]}
    """

    runs: Mapping[str, tuple[Run, ...]]
    margin: float | None = None
    other_images: str = ""

    @cached_property
    def verdict(self) -> Verdict:
        """Which levels are better, worse, the same within the margin, or cannot be told apart."""
        return judge_readings(
            {level: [run.score.value for run in runs] for level, runs in self.runs.items()},
            margin=self.margin,
            accuracies=True,
        )

    @property
    def sentence(self) -> str:
        """The verdict in words, with what must be said beside it."""
        sentences = [verdict_sentence(self.verdict)]
        if not all(math.isnan(pair.p) for pair in self.verdict.pairs):
            sentences.append(assumed_sentence(self.verdict))
        if self.other_images:
            sentences.append(f"Mind that {self.other_images}.")
        warnings = {seen_words(run.recipe) for runs in self.runs.values() for run in runs}
        return " ".join([*sentences, *sorted(warnings - {""})])

    def table(self) -> Float[np.ndarray, "levels readings"]:
        """Scores as fractions, a row for each level; NaN where a level has fewer runs."""
        most = max(map(len, self.runs.values()))
        scores = np.full((len(self.runs), most), np.nan)
        for row, runs in zip(scores, self.runs.values(), strict=True):
            row[: len(runs)] = [run.score.value for run in runs]
        return scores

    def to_json(self) -> dict[str, Any]:
        """The runs by level, the verdict's numbers and the sentence."""
        return {
            "runs": {level: [str(run.folder) for run in runs] for level, runs in self.runs.items()},
            "verdict": self.verdict.to_json(),
            "other_images": self.other_images,
            "sentence": self.sentence,
        }


def compare(
    runs: Mapping[str, Sequence[Run | str | Path]],
    *,
    margin: float | None = None,
    allow_seen: bool = False,
) -> Comparison:
    """What finished runs, several a level, allow one to say of the levels.

    The runs of a level are one recipe trained with several seeds. `margin` is a fraction up to
    which differences do not matter, half a point by default. Scores that do not mean the same are
    refused, as in a study. `toile.study` trains and compares at once, and counts how often it was
    asked; here nobody knows how often one has looked.

        >>> found = toile.compare({"relu": relu_runs, "gelu": gelu_runs})
        >>> found.table().shape
        (2, 2)
        >>> found.verdict.decided
        False
        >>> print(found.sentence)  # doctest: +ELLIPSIS
        relu and gelu are undecided: ...

    Raises ToileError naming the level and the run; also where nobody knows what the first weights
    of one were trained on, as of an imported network, unless `allow_seen`.
    """
    if not runs:
        raise ToileError("there are no runs; compare takes runs by level, as {'relu': runs}")
    opened = {str(level): _opened(str(level), members) for level, members in runs.items()}
    for level, members in opened.items():
        _refuse_level(level, members, allow_seen)
        if not allow_seen:
            refuse_unknown(members)
    _refuse_twins(opened)
    first = {level: members[0] for level, members in opened.items()}
    # Each run of a level may be validated on a fold of its own.
    recipes = {level: run.recipe.replace({"data.fold": 0}) for level, run in first.items()}
    if reason := unlike(recipes):
        raise ToileError(reason)
    differences = [
        f"levels {a} and {b} are scored on different images ({_scored_words(first[a])} and "
        f"{_scored_words(first[b])}): a difference may come from those as well as from what was "
        "learnt"
        for a, b in combinations(first, 2)
        if first[a].recipe.data.folds is None and not same_validation_images(first[a], first[b])
    ]
    return Comparison(opened, margin, differences[0] if differences else "")


def _opened(level: str, runs: Sequence[Run | str | Path]) -> tuple[Run, ...]:
    # A text is a sequence too, of letters.
    if isinstance(runs, str | Path | Run):
        raise ToileError(f"level {level} is a single run; name its runs in a list, as [run]")
    return tuple(map(open_run, runs))


def _scored_words(run: Run) -> str:
    facts = run.data
    return f"{facts.validation:,} of {Path(facts.name).name}, {facts.fingerprint[:8]}"


def _refuse_unfinished(level: str, run: Run, allow_seen: bool) -> None:
    """Raise ToileError unless `run` has finished, or was imported and may be compared."""
    status = read_state(run.folder).status
    if status == "imported" and not allow_seen:
        raise ToileError(
            f"level {level}: {run.name} was imported; what it was trained on is not known, so it "
            "enters no verdict unless that is allowed: allow_seen=True"
        )
    if status not in ("finished", "imported"):
        raise ToileError(
            f"level {level}: {run.name} is {status}; runs that have finished are compared. "
            f"toile.resume({run.name!r}) goes on with one that was stopped; leave out one that "
            "failed, and say so"
        )


def _refuse_level(level: str, runs: tuple[Run, ...], allow_seen: bool) -> None:
    """Raise ToileError unless `runs` are finished readings of one thing."""
    if not runs:
        raise ToileError(f"level {level} has no runs; give it one or more, or leave it out")
    for run in runs:
        _refuse_unfinished(level, run, allow_seen)
        if not run.data.validation:
            raise ToileError(
                f"level {level}: {run.name} was trained without validation images "
                "(data.validation is 0), so it has no score to compare; train it with some held out"
            )
    for run in runs[1:]:
        differing = differing_settings([member.recipe for member in (runs[0], run)])
        for address, values in differing.items():
            if address not in AMONG_READINGS:
                raise ToileError(
                    f"level {level}: {address} is {values[0]} in {runs[0].name} and {values[1]} in "
                    f"{run.name}; runs of a level differ in their seeds alone: make it two levels"
                )
        in_folds = runs[0].recipe.data.folds is not None
        if not in_folds and not same_validation_images(runs[0], run):
            raise ToileError(
                f"level {level}: {runs[0].name} and {run.name} are scored on different images, so "
                "their scores do not mean the same"
            )


def _refuse_twins(levels: Mapping[str, tuple[Run, ...]]) -> None:
    """Raise ToileError where two runs are one and the same reading."""
    readings: dict[tuple[str, str], tuple[str, Run]] = {}
    for level, runs in levels.items():
        for run in runs:
            key = (run.recipe.hash, run.data.order)
            if key in readings:
                twin_level, twin = readings[key]
                raise ToileError(
                    f"{twin.name} of level {twin_level} and {run.name} of level {level} are the "
                    "same recipe with the same seed, so one reading; leave one of them out"
                )
            readings[key] = level, run
