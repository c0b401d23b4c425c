"""What `toile study` prints before and after it runs."""

from typing import TYPE_CHECKING

from toile.cli.terminal import plain
from toile.cli.words import percent, table

if TYPE_CHECKING:
    from toile.studies import CorrectedScores, LiveStudy, Reading, StudyResult

EXAMPLE_SD = 0.0037
"""The SD of readings in the lab sheet's tables: five epochs on Fashion-MNIST."""


def ahead(live: "LiveStudy", result: "StudyResult") -> list[str]:
    """What is about to be trained, and how many readings a verdict will need."""
    from toile.statistics import planning_sentence, pooled_sd
    from toile.studies import alpha_of, count_analyses

    left = len(result.readings) - result.count("finished", "diverged")
    levels = f"{len(result.levels)} level{'s' * (len(result.levels) > 1)}"
    at_once = f", {min(live.workers, left)} at once" if live.workers else " on ray"
    at_once = at_once if left else ""
    lines = [f"{live.spec.name}: {levels}, {left} readings to train{at_once}, in {live.folder}"]
    if len(result.levels) > 1 and left:
        known = pooled_sd(list(result.scores().values()))
        alpha = alpha_of(count_analyses(live.folder) + 1)
        words = planning_sentence(
            known or EXAMPLE_SD, live.spec.margin, len(result.levels), alpha=alpha
        )
        unknown = "No SD is known yet; this example uses that of the lab sheet's tables. "
        lines.append(words if known else unknown + words)
    return lines


def summary(result: "StudyResult") -> str:
    """The results of a study: its tables, failed readings, and the verdict's sentence."""
    from toile.statistics import folds_sentence
    from toile.studies import corrected_scores, study_sentence, worths

    lines = [tables(result), ""] if result.verdict or _lost(result) else []
    lines.append(study_sentence(result))
    if result.spec.folds is not None:
        lines.append(folds_sentence(result.spec.folds))
    lines += [worth.sentence for worth in worths(result.verdict, result.spec.levels)]
    for scores in corrected_scores(result):
        lines += ["", scores.sentence, _corrected_table(scores)]
    if result.mixed:
        lines.append(f"Readings come from different machines: {'; '.join(result.mixed)}.")
    if result.test is not None:
        lines += ["", _test_table(result)]
    return "\n".join(plain(line) if "\n" not in line else line for line in lines)


def _corrected_table(scores: "CorrectedScores") -> str:
    """Accuracies by both labels, and the predictions for corrected images."""
    rows = [
        (
            row.level,
            str(row.readings),
            percent(row.accuracy),
            percent(row.corrected_accuracy),
            percent(row.old, 1),
            percent(row.new, 1),
        )
        for row in scores.rows
    ]
    heads = (
        "level", "n", "by the data's labels", "by corrected", "of corrected: as labelled",
        "as corrected",
    )  # fmt: skip
    return table(heads, rows)


def tables(result: "StudyResult") -> str:
    """The tables of levels and pairs, and the readings that are in no mean."""
    from toile.cli.verdict import verdict_tables

    parts = [verdict_tables(result.verdict)] if result.verdict else []
    lost = [
        plain(f"{reading.level}, reading {reading.number} {reading.status}: {reading.reason}")
        for reading in _lost(result)
    ]
    return "\n\n".join([*parts, *["\n".join(lost)] * bool(lost)])


def _lost(result: "StudyResult") -> list["Reading"]:
    return [reading for reading in result.readings if reading.status in ("failed", "diverged")]


def _test_table(result: "StudyResult") -> str:
    """Each level's test accuracy, and the count of looks."""
    assert result.test is not None
    test = result.test
    rows = [
        (
            name,
            str(level.n),
            percent(level.mean),
            "-"
            if level.low is None or level.high is None
            else f"{100 * level.low:.2f} to {100 * level.high:.2f}",
        )
        for name, level in test.levels.items()
    ]
    return table(("on the test part", "n", "mean", "95 % interval"), rows) + (
        f"\n{test.images:,} test images; look {test.looks} at them, "
        f"{test.networks} networks scored so far"
        + (f"\nwarning: {plain(test.seen)}" if test.seen else "")
    )


def left_undone(live: "LiveStudy", result: "StudyResult", open_test: bool) -> list[str]:
    """Why no more readings are added, and what was not done."""
    lines = []
    if live.out_of_budget:
        lines.append("the budget is used up; with a larger one it continues")
    elif live.until_decided and result.ended and result.verdict is not None:
        open_ = sum(pair.verdict == "undecided" for pair in result.verdict.pairs)
        lines.append(
            f"that was the last planned look; {open_} pairs are undecided"
            if open_
            else "all pairs are decided"
        )
    if open_test and not result.ended:
        lines.append("the test part stays sealed: it is opened once, when all readings are in")
    return lines
