"""`results.json` as numbers with names: scores with intervals, convergence and seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toile.evaluation import Estimate, Reached
from toile.runs.records import Record

SECONDS = ("total", "training", "evaluation", "first_epoch", "per_epoch")


@dataclass(frozen=True)
class RunScore(Estimate):
    """The fraction of images answered right, with its 95 % interval, and what it is of.

    `value`, `low` and `high` are fractions; `n` is how many images. `of` says which images those
    are, in words, and `weights` whether the weights are those of the `last` epoch or their
    `ema`, or those of the `best` epoch.
    """

    of: str
    weights: str


@dataclass(frozen=True)
class ValidationScore:
    """All validation images under the last weights: the fraction that is right, and the mean loss.

    `loss` is cross-entropy in nats, None where it is not finite. Where `chosen_on_this_set`, half
    of these images took part in choosing the epoch, so that the accuracy is a little too high.
    """

    accuracy: Estimate
    loss: float | None
    chosen_on_this_set: bool


@dataclass(frozen=True)
class BestEpoch:
    """The epoch with the best score on the half of validation that chooses, from 1.

    Its `score` is of the other half.
    """

    epoch: int
    score: RunScore


@dataclass(frozen=True)
class SecondsSpent:
    """Seconds that a run took: in `total`, and of those in training steps and in evaluation.

    `per_epoch` is the median over the epochs after the first, in which the machine warms up; None
    where there was one alone.
    """

    total: float
    training: float
    evaluation: float
    first_epoch: float
    per_epoch: float | None


@dataclass(frozen=True)
class RunResults:
    """What came of a run that has ended.

    `state` is `finished`, `stopped` or `diverged`; `epochs` and `steps` are how far it came.
    `score` is what the run is compared by, `validation` all its validation images, and `best` the
    epoch with the best weights. `convergence` has when validation first reached each of some
    accuracies. `parameters` counts what is learnt, `macs` multiply-adds for an image. `weights` has
    the sha256 of the files of the last and of the best weights. `warning` is what must be said
    beside the score; empty where nothing must.

        >>> results = run.results
        >>> results.state, results.epochs, results.score.n
        ('finished', 1, 1200)
    """

    state: str
    epochs: int
    steps: int
    validation: ValidationScore
    score: RunScore
    best: BestEpoch
    convergence: tuple[Reached, ...]
    seconds: SecondsSpent
    parameters: int
    macs: int
    weights: Mapping[str, str]
    warning: str
    record: Record = field(repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """`results.json` as it stands."""
        return self.record


def results_in(record: Record) -> RunResults:
    """The results that `record` holds, which was checked as `results.json` is when read."""
    validation, best = record["validation"], record["best"]
    warning = record.get("seen")
    return RunResults(
        state=record["state"],
        epochs=record["epochs"],
        steps=record["steps"],
        validation=ValidationScore(
            estimate_of(validation["accuracy"]),
            _maybe(validation["loss"]),
            bool(validation.get("chosen_on_this_set")),
        ),
        score=_score(record["score"], record["score"]["weights"]),
        best=BestEpoch(best["epoch"], _score(best, "best")),
        convergence=tuple(
            Reached(float(target["accuracy"]), target["epoch"], _maybe(target["seconds"]))
            for target in record["convergence"]
        ),
        seconds=SecondsSpent(**{name: _maybe(record["seconds"][name]) for name in SECONDS}),
        parameters=record["parameters"],
        macs=record["macs"],
        weights=dict(record["weights"]),
        warning=warning["sentence"] if warning else "",
        record=record,
    )


def estimate_of(fields: Record) -> Estimate:
    """The estimate that `Estimate.to_json` wrote."""
    # JSON has whole numbers for floats that are whole.
    value = math.nan if fields["value"] is None else float(fields["value"])
    return Estimate(value, float(fields["low"]), float(fields["high"]), fields["n"])


def _score(fields: Record, weights: str) -> RunScore:
    estimate = estimate_of(fields["accuracy"])
    return RunScore(estimate.value, estimate.low, estimate.high, estimate.n, fields["of"], weights)


def _maybe(number: Any) -> Any:
    return None if number is None else float(number)
