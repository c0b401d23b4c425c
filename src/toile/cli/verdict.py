"""`toile verdict`: the verdict of a table of readings."""

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
            metavar="TABLE.csv", help="Columns of levels and readings, or a column for each level."
        ),
    ],
    level: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of the levels.")
    ] = None,
    reading: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of the readings.")
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Each column holds the readings of one level.")
    ] = False,
    margin: Annotated[
        float | None,
        typer.Option(help="Differences up to this do not matter, in the table's unit."),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(help="The probability of calling any two equal levels different."),
    ] = 0.05,
    accuracies: Annotated[
        bool | None,
        typer.Option(
            "--accuracies/--any-scores",
            help="Whether readings are accuracies; by default if all are in 0 to 1 or 0 to 100.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a table of readings shows: better, worse, the same, or undecided.

    Pairs are tested by Welch's t with Holm's correction, and whether they are the same by two
    one-sided tests. Readings that are all at most 1 are fractions, others are points; the default
    margin is half a point. The tests assume that this is the only verdict on these levels.
    """
    from toile.statistics import (
        TableForm,
        judge_readings,
        read_table,
        verdict_sentence,
    )

    if wide and (level is not None or reading is not None):
        raise ToileError("with --wide each column is a level; leave out --level and --reading")
    table = read_table(file, TableForm(level, reading, wide))
    result = judge_readings(table, margin=margin, alpha=alpha, accuracies=accuracies)
    if as_json:
        extra = {"sentence": verdict_sentence(result), "assumed": _assumed(result)}
        say_json(result.to_json() | extra)
        return
    say(verdict_tables(result))
    say(f"\n{plain(verdict_sentence(result))}\n\n{_assumed(result)}")


def _assumed(result: "Verdict") -> str:
    """The assumptions that a table cannot confirm."""
    from toile.statistics import assumed_sentence

    text = assumed_sentence(result)
    if not result.accuracies:
        return text
    return (
        f"{text} Also assumed: the readings are accuracies, which bounds the intervals; use "
        "--any-scores for other scores."
    )


def verdict_tables(result: "Verdict") -> str:
    """The tables of levels and pairs, and the sentence on the trend, as far as they exist."""
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
    """The interval, or a dash if single readings have none."""
    return "-" if math.isnan(low) else interval
