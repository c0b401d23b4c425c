"""A search's tables: the finalists when chosen and when trained again, and every trial."""

import math
from collections.abc import Mapping
from typing import Any

from toile.report.page.numbers import duration
from toile.report.study_page.table import (
    Cell,
    Quantity,
    ReportTable,
    count,
    percentage,
    signed_points,
)
from toile.searches import SearchResult, finalist_mean, value_text
from toile.studies import short_names


def chosen_table(result: SearchResult) -> ReportTable:
    """Each finalist's accuracy when it was chosen, and when it was trained again."""
    rows: list[tuple[Cell, ...]] = []
    for trial in result.chosen():
        again = finalist_mean(result, trial)
        mean, low, high, n = again or (None, None, None, 0)
        change = mean - trial.score if mean is not None and trial.score is not None else math.nan
        scores = (
            percentage(trial.score),
            percentage(mean),
            percentage(low),
            percentage(high),
            count(n),
        )
        rows.append((str(trial.number), *_values(trial.values), *scores, signed_points(change)))
    columns = {
        "trial": "Trial", **_heads(result), "chosen": "When chosen", "mean": "Trained again",
        "low": "95 % from", "high": "to", "n": "n", "change": "Change",
    }  # fmt: skip
    title = "The finalists: accuracy when chosen and when trained again; change in points"
    return ReportTable("finalists", title, columns, tuple(rows))


def trials_table(result: SearchResult) -> ReportTable:
    """A row for every trial, in order."""
    rows: list[tuple[Cell, ...]] = [
        (
            str(trial.number),
            *_values(trial.values),
            "stopped early" if trial.status == "pruned" else trial.status,
            count(len(trial.scores)),
            percentage(trial.scores[-1] if trial.scores else None),
            Quantity(trial.seconds, duration(trial.seconds)),
            trial.reason if trial.status in ("failed", "diverged") else "",
        )
        for trial in result.trials
    ]
    columns = {
        "trial": "Trial", **_heads(result), "status": "Status", "epochs": "Epochs",
        "accuracy": "Accuracy", "seconds": "Time", "reason": "Reason",
    }  # fmt: skip
    return ReportTable("trials", "Every trial, on the half that chooses", columns, tuple(rows))


def _heads(result: SearchResult) -> dict[str, str]:
    return dict(short_names(list(result.spec.over)))


def _values(values: Mapping[str, Any]) -> tuple[Cell, ...]:
    return tuple(
        Quantity(value, value_text(value)) if isinstance(value, int | float) else str(value)
        for value in values.values()
    )
