"""A study's tables: levels, pairs, readings, noise. Their accuracies are fractions."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from jaxtyping import Bool

from toile.report.page.numbers import duration
from toile.report.study_page.table import (
    Cell,
    Quantity,
    ReportTable,
    count,
    decimals,
    percentage,
    points,
    probability,
    signed_points,
)
from toile.statistics import Verdict, level_variance, pair_variance
from toile.studies import CorrectedScores, StudyResult, StudyTest

Correct = Mapping[str, Bool[np.ndarray, "r n"]]
"""For each level, whether each of its finished readings predicts each image right."""


def levels_table(verdict: Verdict, result: StudyResult) -> ReportTable:
    """Each level's mean over its finished readings, with its interval."""
    records = {level.name: level.to_json() for level in verdict.levels}
    rows: list[tuple[Cell, ...]] = []
    for level in result.levels:
        num_readings = sum(reading.level == level.name for reading in result.readings)
        record = records.get(
            level.name, {"n": 0, "mean": None, "sd": None, "low": None, "high": None}
        )
        ends = percentage(record["low"]), percentage(record["high"])
        # The mean comes first: a small screen shows it without scrolling.
        measured = percentage(record["mean"]), *ends, points(record["sd"])
        rows.append((level.name, *measured, count(record["n"]), count(num_readings)))
    columns = {"level": "Level", "mean": "Mean", "low": "95 % from", "high": "to", "sd": "SD"}
    columns |= {"n": "n", "asked": "Planned"}
    return ReportTable(
        "levels", "Means over n finished readings; SD in points", columns, tuple(rows)
    )


def pairs_table(verdict: Verdict) -> ReportTable:
    """Each pair's difference, its verdict, and the readings that would decide it."""
    rows = tuple(
        (
            pair.a,
            pair.b,
            pair.verdict + ", within the margin" * pair.within_margin,
            signed_points(pair.difference),
            signed_points(pair.low),
            signed_points(pair.high),
            probability(pair.p),
            probability(pair.p_same),
            decimals(pair.effect),
            count(pair.more_readings),
        )
        for pair in verdict.pairs
    )
    columns = {
        "a": "Level", "b": "and", "verdict": "The first is", "difference": "Difference",
        "low": "from", "high": "to", "p": "p", "p_same": "p the same", "effect": "Hedges' g",
        "more_readings": "More readings",
    }  # fmt: skip
    title = "Differences of means in points, with their intervals"
    return ReportTable("pairs", title, columns, rows)


def readings_table(result: StudyResult) -> ReportTable:
    """A row for each level, a column for each reading; one without a score has its status."""
    columns_of = range(1, max((reading.number for reading in result.readings), default=0) + 1)
    cells: dict[tuple[str, int], Cell] = {
        (reading.level, reading.number): percentage(reading.score)
        if reading.score is not None
        else Quantity(None, reading.status)
        for reading in result.readings
    }
    rows = tuple(
        (level.name, *(cells.get((level.name, number), "") for number in columns_of))
        for level in result.levels
    )
    columns = {"level": "Level"} | {str(number): str(number) for number in columns_of}
    return ReportTable(
        "readings", "Accuracy by level and number of the reading", columns, rows, True
    )


def runs_table(result: StudyResult) -> ReportTable:
    """Every reading with its seed, status and folder."""
    rows = tuple(
        (
            reading.level,
            count(reading.number),
            Quantity(reading.seed, str(reading.seed)),
            reading.status,
            percentage(reading.score),
            Quantity(reading.seconds, duration(reading.seconds)),
            reading.reason,
            reading.folder.name,
        )
        for reading in result.readings
    )
    columns = {
        "level": "Level", "number": "Number", "seed": "Seed", "status": "Status",
        "accuracy": "Accuracy", "seconds": "Time", "reason": "Reason", "folder": "Folder",
    }  # fmt: skip
    return ReportTable("runs", "Every reading's seed, time and folder", columns, rows)


def noise_table(correct: Correct) -> ReportTable:
    """The standard error of each level's mean, split into that by seeds and that by images."""
    rows = []
    for name, right in correct.items():
        noise = level_variance(right)
        rows.append(
            (
                name,
                count(noise.readings),
                count(noise.images),
                points(noise.seed_sd),
                points(noise.seed_error),
                points(noise.image_error),
                points(noise.error),
            )
        )
    columns = {
        "level": "Level", "readings": "Readings", "images": "Images", "seed_sd": "SD over seeds",
        "seed_error": "By seeds", "image_error": "By images", "error": "By both",
    }  # fmt: skip
    return ReportTable("noise", "Standard errors of the means, in points", columns, tuple(rows))


def pair_noise_table(correct: Correct) -> ReportTable:
    """The standard errors of differences, in which images that are hard for both levels cancel."""
    rows = []
    for first, second in combinations(correct, 2):
        noise = pair_variance(correct[first], correct[second])
        rows.append(
            (
                first,
                second,
                signed_points(noise.difference),
                points(noise.seed_error),
                points(noise.image_error),
                points(noise.error),
            )
        )
    columns = {
        "a": "Level", "b": "and", "difference": "Difference",
        "seed_error": "By seeds", "image_error": "By images", "error": "By both",
    }  # fmt: skip
    title = "Standard errors of the differences, in points"
    return ReportTable("pair-noise", title, columns, tuple(rows))


def corrected_table(scores: CorrectedScores, name: str) -> ReportTable:
    """Accuracies by the data's labels and by corrected ones."""
    rows = tuple(
        (
            row.level,
            percentage(row.accuracy),
            percentage(row.corrected_accuracy),
            percentage(row.old),
            percentage(row.new),
            count(row.readings),
        )
        for row in scores.rows
    )
    columns = {
        "level": "Level", "accuracy": "By the data's labels", "corrected": "By corrected labels",
        "old": "Corrected ones as labelled", "new": "as corrected", "n": "n",
    }  # fmt: skip
    title = (
        f"On validation, of all readings; {scores.scored:,} of its labels are corrected by "
        f"{scores.level}"
    )
    return ReportTable(name, title, columns, rows)


def test_table(test: StudyTest) -> ReportTable:
    """Each level's mean accuracy on the test part."""
    rows = tuple(
        (
            name,
            count(level.n),
            percentage(level.mean),
            percentage(level.low),
            percentage(level.high),
        )
        for name, level in test.levels.items()
    )
    columns = {"level": "Level", "n": "n", "mean": "Mean", "low": "95 % from", "high": "to"}
    return ReportTable("test", "Means over n readings, on the test part", columns, rows)
