"""`toile verdict`: what a table of readings allows one to say."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toile.cli.arguments import Json
from toile.cli.terminal import plain, say, say_json
from toile.cli.words import table as text_table
from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.statistics import Verdict


def verdict(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE.csv", help="A column of levels and one of readings, or one a level."
        ),
    ],
    level: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that has the levels.")
    ] = None,
    reading: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that has their readings.")
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Each column has the readings of one level.")
    ] = False,
    margin: Annotated[
        float | None,
        typer.Option(help="Differences up to this do not matter; in the table's unit."),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(help="The chance of calling any two equal levels different."),
    ] = 0.05,
    accuracies: Annotated[
        bool | None,
        typer.Option(
            "--accuracies/--any-scores",
            help="Whether readings are accuracies; they are where all lie in 0 to 1, or 0 to 100.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a table of readings shows: better, worse, the same, or undecided.

    Pairs by Welch's t test with Holm's correction; the same by two one-sided tests. Readings all at
    most 1 are fractions, else points; the margin is half a point. A table knows of no earlier ones:
    this is taken for the only verdict asked of these levels.
    """
    from toile.statistics import (
        TableForm,
        judge_readings,
        read_table,
        refuse_two_units,
        verdict_sentence,
    )

    if wide and (level is not None or reading is not None):
        raise ToileError("--wide says that each column is a level; leave out --level and --reading")
    table = read_table(file, TableForm(level, reading, wide))
    if accuracies is None:
        refuse_two_units(table)
    result = judge_readings(table, margin=margin, alpha=alpha, accuracies=accuracies)
    if as_json:
        extra = {"sentence": verdict_sentence(result), "assumed": _assumed(result)}
        say_json(result.to_json() | extra)
        return
    say(verdict_tables(result))
    say(f"\n{plain(verdict_sentence(result))}\n\n{_assumed(result)}")


def _assumed(result: "Verdict") -> str:
    """What a table cannot tell."""
    text = (
        "Taken for the only verdict asked of these levels: where readings were added after an "
        f"earlier look, over {100 * result.alpha:g} % of such tables call equal levels different."
    )
    if not result.accuracies:
        return text
    return f"{text} Taken for accuracies, which bounds intervals; say --any-scores of others."


def verdict_tables(result: "Verdict") -> str:
    """The levels with their intervals, the pairs where there are several, and the trend."""
    from toile.statistics import trend_sentence

    parts = [_levels(result), _pairs(result) if result.pairs else "", plain(trend_sentence(result))]
    return "\n\n".join(filter(None, parts))


def _levels(result: "Verdict") -> str:
    points = 100 / result.unit
    rows = [
        (
            level.name,
            str(level.n),
            f"{points * level.mean:.2f}",
            _number(points * level.sd),
            _ends(level.low, f"{points * level.low:.2f} to {points * level.high:.2f}"),
        )
        for level in result.levels
    ]
    return text_table(("level", "n", "mean", "SD", "95 % interval"), rows, folds="level")


def _pairs(result: "Verdict") -> str:
    from toile.statistics import signed

    points = 100 / result.unit
    rows = [
        (
            f"{pair.a} and {pair.b}",
            pair.verdict,
            signed(points * pair.difference),
            _ends(
                pair.low,
                f"{signed(points * pair.low)} to {signed(points * pair.high)}",
            ),
            "-" if math.isnan(pair.p) else f"{pair.p:.3g}",
            "-" if pair.more_readings is None else str(pair.more_readings),
        )
        for pair in result.pairs
    ]
    heads = ("pair", "", "difference", "interval", "p", "more readings")
    return text_table(heads, rows, left=2, folds="pair")


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _ends(low: float, interval: str) -> str:
    """An interval; one dash where single readings have none."""
    return "-" if math.isnan(low) else interval
