"""What a run came to: results.json, from its history and its stored logits alone."""

import statistics
from collections.abc import Sequence
from typing import Any

from toile import evaluation
from toile.recipe import Plan, Recipe
from toile.runs.judging import HALF, scored_images, scored_part
from toile.runs.records import Record
from toile.runs.seen import seen_json
from toile.runs.validation import Validation

TARGETS = (0.5, 0.7, 0.8, 0.85, 0.88, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.97, 0.98, 0.985, 0.99)


def results_of(
    recipe: Recipe,
    plan: Plan,
    epochs: Sequence[Record],
    validation: Validation | None,
    status: str,
    steps: int,
    weights: dict[str, str],
) -> dict[str, Any]:
    """Scores with intervals, convergence and seconds.

    The score is the last epoch's on all validation images. Where half of them chose that epoch, or
    anything about the weights that it began with, it is taken on the other half. Without
    `validation` images nothing is known.
    """
    accuracy = score = evaluation.proportion(0, 0)
    loss = None
    if validation is not None:
        accuracy = evaluation.accuracy(validation.logits, validation.labels)
        loss = evaluation.cross_entropy(validation.logits, validation.labels)
        among = scored_images(recipe, validation)
        score = evaluation.accuracy(validation.logits[among], validation.labels[among])
    best_epoch, best_score = _best(epochs, validation)
    return {
        "state": status,
        "epochs": len(epochs),
        "steps": steps,
        # Where early stopping chose the last epoch, or half of these images what was cut or how an
        # import is read, they took part in it.
        "validation": {
            "accuracy": accuracy.to_json(),
            "loss": loss,
            "chosen_on_this_set": recipe.training.is_selecting,
        },
        "score": {
            "accuracy": score.to_json(),
            "of": scored_part(recipe),
            "weights": "last" if recipe.training.ema is None else "ema",
        },
        "best": {
            "epoch": best_epoch,
            "accuracy": best_score.to_json(),
            "of": HALF if recipe.data.holds_out else scored_part(recipe),
        },
        "convergence": [reached.to_json() for reached in convergence_of(epochs)],
        "seconds": seconds_of(epochs),
        "parameters": plan.parameters,
        "macs": plan.macs,
        "weights": weights,
        "seen": seen_json(recipe),
    }


def _best(
    epochs: Sequence[Record], validation: Validation | None
) -> tuple[int, evaluation.Estimate]:
    """The epoch that the choosing half calls best, and its accuracy on the other; 0 of none.

    Without `validation` images the last epoch.
    """
    if validation is None:
        return len(epochs), evaluation.proportion(0, 0)
    holdout = validation.selection == 0
    if not epochs:
        return 0, evaluation.accuracy(validation.logits[holdout], validation.labels[holdout])
    # Of several epochs marked best the last one beat the others.
    best = max((record for record in epochs if record["best"]), key=lambda record: record["epoch"])
    half = int(holdout.sum())
    # From the history, since the logits kept are the last epoch's.
    return best["epoch"], evaluation.proportion(round(best["holdout"]["accuracy"] * half), half)


def convergence_of(
    epochs: Sequence[Record], targets: Sequence[float] = TARGETS
) -> tuple[evaluation.Reached, ...]:
    """When validation first reached each accuracy, in seconds of training and scoring."""
    curve = [
        (record["validation"]["accuracy"], record["total_seconds"])
        for record in epochs
        if record["validation"]["accuracy"] is not None
    ]
    return evaluation.convergence(curve, targets)


def seconds_of(epochs: Sequence[Record]) -> dict[str, float | None]:
    """Seconds spent; the first epoch, in which the machine warms up, apart from the others."""
    if not epochs:
        return dict.fromkeys(("total", "training", "evaluation", "first_epoch"), 0.0) | {
            "per_epoch": None
        }
    training = [record["seconds"] for record in epochs]
    return {
        "total": epochs[-1]["total_seconds"],
        "training": sum(training),
        "evaluation": sum(record["evaluation_seconds"] for record in epochs),
        "first_epoch": training[0],
        "per_epoch": statistics.median(training[1:]) if len(training) > 1 else None,
    }
