"""How many more readings would decide undecided pairs, and how long they would take here."""

import math
from collections.abc import Mapping

from toile.report.page.numbers import duration
from toile.statistics import Pair, Verdict, next_alpha, planning_sentence, pooled_sd
from toile.studies import StudyResult


def next_words(result: StudyResult, verdict: Verdict) -> list[str]:
    """Sentences on the two highest levels, on all undecided pairs, and on planning by the SD.

    Needs two or more levels.
    """
    sentences = [_highest_words(result, verdict)]
    open_ = [pair for pair in verdict.pairs if pair.verdict == "undecided"]
    if len(verdict.pairs) > 1 and open_:
        sentences.append(_open_words(result, open_))
    sd = pooled_sd([level.readings for level in verdict.levels])
    if sd:
        alpha = next_alpha(verdict.alpha, verdict.analysis)
        levels = len(verdict.levels)
        sentences.append(planning_sentence(sd, verdict.margin, levels, verdict.unit, alpha))
    return sentences


def _highest_words(result: StudyResult, verdict: Verdict) -> str:
    first, second = sorted(verdict.levels, key=lambda level: level.mean, reverse=True)[:2]
    names = {first.name, second.name}
    (pair,) = [candidate for candidate in verdict.pairs if {candidate.a, candidate.b} == names]
    two = f"{first.name} and {second.name}"
    if pair.verdict != "undecided":
        return f"The two highest, {two}, need no more readings."
    if math.isnan(pair.low):
        return f"The two highest, {two}, need five readings each to show how far these spread."
    if pair.more_readings is None:
        return (
            f"How many readings would decide the two highest, {two}, cannot be estimated: they are "
            "too close."
        )
    count = f"{pair.more_readings} more reading{'s' * (pair.more_readings > 1)} of each"
    more = dict.fromkeys(names, pair.more_readings)
    conclusion = "are the same" if pair.by_finding == "same" else "differ"
    return (
        f"About {count} would probably show that the two highest, {two}, {conclusion}"
        f"{_time_words(result, more)}."
    )


def _open_words(result: StudyResult, open_: list[Pair]) -> str:
    """How many more readings would decide all undecided pairs that can be estimated."""
    more: dict[str, int] = {}
    for pair in open_:
        for name in (pair.a, pair.b):
            more[name] = max(more.get(name, 0), pair.more_readings or 0)
    promised = sum(pair.more_readings is not None for pair in open_)
    amount = "all" if promised == len(open_) else f"{promised} of {len(open_)}"
    if not promised:
        return "How many readings would decide the undecided pairs cannot be estimated."
    count = sum(more.values())
    return (
        f"About {count:,} more readings would probably decide {amount} undecided pairs"
        f"{_time_words(result, more)}."
    )


def _time_words(result: StudyResult, more: Mapping[str, int]) -> str:
    """The time of `more` readings, from that of finished ones; empty if it is not known."""
    seconds_by_level: dict[str, list[float]] = {}
    for reading in result.readings:
        if reading.seconds is not None and reading.score is not None:
            seconds_by_level.setdefault(reading.level, []).append(reading.seconds)
    if not all(name in seconds_by_level for name in more):
        return ""
    seconds = sum(
        n * sum(seconds_by_level[name]) / len(seconds_by_level[name]) for name, n in more.items()
    )
    cores = (result.environment.cores if result.environment else None) or 1
    text = f": {duration(seconds)} here one after another"
    return text if cores == 1 else f"{text}, or {duration(seconds / cores)} on {cores} cores"
