"""A verdict in sentences whose strength is that of the numbers."""

import math
from itertools import pairwise

from toile.studies.needed import ALPHA, readings_ahead
from toile.studies.pairs import Pair
from toile.studies.result import StudyResult
from toile.studies.verdict import Verdict


def pair_words(pair: Pair, verdict: Verdict) -> str:
    """One pair: better, worse, the same within the margin, or not to be told yet."""
    points = 100 / verdict.unit
    gap, low, high = (points * one for one in (pair.difference, pair.low, pair.high))
    margin = points * verdict.margin
    if math.isnan(low):
        return (
            f"{pair.a} and {pair.b} cannot be told yet: {gap:+.2f} points, and no spread between "
            "readings to judge them by; take five or more of each"
        )
    ends = f"{signed(gap)} points ({signed(low)} to {signed(high)})"
    if pair.verdict == "same":
        return f"{pair.a} and {pair.b} are the same within {margin:g} points: {ends}"
    if pair.verdict == "undecided":
        if pair.more_readings is None:
            more = "more readings than can be promised would tell"
        else:
            each = f"about {pair.more_readings} more reading{'s' * (pair.more_readings > 1)} each"
            what = "that they are the same" if pair.by_finding == "same" else "which is better"
            more = f"{each} would tell {what}, were all as it seems now"
        return f"{pair.a} and {pair.b} cannot be told yet: {ends}; {more}"
    small = (
        f"; the difference is real and too small to matter (within {margin:g} points)"
        if pair.within_margin
        else ""
    )
    return f"{pair.a} is {pair.verdict} than {pair.b}: {ends}{small}"


def signed(points: float) -> str:
    """Two digits with the sign, or as many as show on which side of zero it lies; `-` for NaN."""
    if math.isnan(points):
        return "-"
    return f"{points:+.2f}" if abs(points) >= 0.005 or points == 0 else f"{points:+.1g}"


def folds_sentence(folds: int) -> str:
    """What is to be minded where the readings are folds of one training part."""
    return (
        f"The readings are of {folds} folds: they share training images, so they are not "
        "independent, and nobody can tell their spread without bias (Bengio and Grandvalet 2004, "
        "JMLR 5, 1089-1105). The verdict is surer of itself than it should be."
    )


def verdict_sentence(verdict: Verdict) -> str:
    """The whole table in a sentence or two."""
    names = [level.name for level in verdict.levels]
    if len(names) == 1:
        return f"{names[0]} stands alone; a comparison takes two levels or more."
    if all(level.n == 1 for level in verdict.levels):
        return (
            "One reading each says nothing of the spread between readings, so no level can be "
            "called better, worse or the same. Take five or more."
        )
    if len(verdict.pairs) == 1:
        (pair,) = verdict.pairs
        said = f"{pair_words(pair, verdict)}."
        return f"{_luck(verdict)}. {said}" if pair.verdict == "undecided" else said
    return " ".join([_standing(verdict), *_told(verdict)])


def study_sentence(result: StudyResult) -> str:
    """What a study's finished readings allow one to say, and which readings are missing."""
    verdict = result.verdict
    if verdict is not None:
        said = [verdict_sentence(verdict), analysis_sentence(verdict)]
    elif result.unlike:
        said = [f"There is no verdict, since scores do not mean the same: {result.unlike}."]
    elif result.count("finished"):
        said = ["The verdict is given when all readings are in."]
    else:
        said = ["No reading has finished, so nothing is known."]
    return " ".join(filter(None, [*said, seen_sentence(result), *_missing(result)]))


def analysis_sentence(verdict: Verdict) -> str:
    """Which analysis of a study it is, and what that costs; nothing of a table."""
    if verdict.analysis is None:
        return ""
    return (
        f"This is analysis {verdict.analysis} of the study, tested at {100 * verdict.alpha:.3g} %, "
        f"so that all of them together tell equal levels apart in at most {100 * ALPHA:g} % of "
        "studies."
    )


def seen_sentence(result: StudyResult) -> str:
    """A warning where readings began with weights that may have learnt what they are scored on."""
    warned = [one for one in result.readings if one.score is not None and one.seen]
    if not warned:
        return ""
    of = f"{len(warned)} of {result.count('finished')} readings"
    return f"Of {of} it must be said, as of {warned[0].level}, {warned[0].number}: {warned[0].seen}"


def _missing(result: StudyResult) -> list[str]:
    """A sentence for each level with readings that diverged or failed, and one for those to come.

    They are in no mean, so the verdict is of the readings that ended well.
    """
    said = []
    for level in result.levels:
        own = [one.status for one in result.readings if one.level == level.name]
        of = f"{len(own)} reading{'s' * (len(own) > 1)} of {level.name}"
        for status in ("diverged", "failed"):
            count = own.count(status)
            if count:
                are = "are" if count > 1 else "is"
                said.append(f"{count} of {of} {status} and {are} not in its mean.")
        if own.count("diverged") + own.count("failed") == len(own):
            said.append(f"So {level.name} has no mean and is in no pair.")
    waiting = len(result.readings) - result.count("finished", "diverged", "failed")
    if waiting:
        said.append(f"{waiting} reading{'s have' if waiting > 1 else ' has'} not ended yet.")
    return said


def planning_sentence(
    sd: float, margin: float, levels: int, unit: int = 1, alpha: float = ALPHA
) -> str:
    """How many readings a study of two or more `levels` will need, readings being spread by `sd`.

    `sd`, above 0, and `margin` are fractions where `unit` is 1 and points where it is 100. `alpha`
    is what its analysis may err.
    """
    ahead = readings_ahead(sd, margin, levels, alpha)
    points = 100 / unit
    gap = f"{points * margin:g} points"
    chances = [
        f"{n} in {_share(chance)}{' of pairs' * (place == 0)}"
        for place, (n, chance) in enumerate(ahead.chances.items())
    ]
    return (
        f"With {levels} levels and readings spread by {points * sd:.2f} points, a difference of "
        f"{gap} is told four times in five from {_readings(ahead.better)}, and equal levels are "
        f"shown the same within {gap} from {_readings(ahead.same)} (with {', '.join(chances)})."
    )


def trend_sentence(verdict: Verdict) -> str:
    """Whether readings rise or fall along numeric levels, and where they flatten; else nothing."""
    trend, plateau = verdict.trend, verdict.plateau
    if trend is None or plateau is None:
        return ""
    points, step = 100 / verdict.unit, "doubling"
    if trend.per == "unit":
        # A whole unit may lie far outside, as with rates from .1 to .5.
        places = sorted(float(level.name) for level in verdict.levels)
        width = min(after - before for before, after in pairwise(places) if after > before)
        points, step = points * width, f"step of {width:g}"
    sure = f"{100 * (1 - verdict.alpha):g} %"
    ends = f"{points * trend.low:+.3g} to {points * trend.high:+.3g}, {sure}"
    line = f"{points * trend.slope:+.3g} points with each {step} ({ends})"
    if verdict.bent:
        told = "Readings both rise and fall along the levels, so no straight line describes them."
    elif trend.low <= 0 <= trend.high:
        told = f"A straight line through the readings shows no rise or fall: {line}."
    else:
        way = "rises" if trend.slope > 0 else "falls"
        told = f"A straight line through the readings {way}: {line}."
    return f"{told} {_flat(verdict)}"


def _flat(verdict: Verdict) -> str:
    plateau = verdict.plateau
    assert plateau is not None
    margin = f"{100 / verdict.unit * verdict.margin:g} points"
    first = min((level.name for level in verdict.levels), key=float)
    if plateau.same_from == first:
        return f"All levels are the same within {margin}."
    if plateau.same_from:
        return f"It is flat from {plateau.same_from} on: those levels are the same within {margin}."
    if plateau.unseen_from is None:
        return "It does not flatten within these levels: the last two are told apart."
    if plateau.unseen_from == first:
        return "No two levels are told apart, so where it flattens cannot be told."
    return (
        f"From {plateau.unseen_from} on no two levels are told apart; that they are the same is "
        "not shown."
    )


def _share(chance: float) -> str:
    return f"{100 * chance:.0f} %" if chance >= 0.095 else f"{100 * chance:.2g} %"


def _readings(needed: int | None) -> str:
    if needed is None:
        return "more readings than can be promised"
    return f"{needed:,} readings a level"


def _standing(verdict: Verdict) -> str:
    """What is known of the level with the highest mean."""
    best = verdict.best
    rivals = [
        (pair, pair.b if pair.a == best.level else pair.a)
        for pair in verdict.pairs
        if best.level in (pair.a, pair.b)
    ]
    same = [name for pair, name in rivals if pair.verdict == "same"]
    open_ = [name for pair, name in rivals if pair.verdict == "undecided"]
    small = [name for pair, name in rivals if pair.within_margin]
    if same or open_:
        margin = 100 / verdict.unit * verdict.margin
        if not open_:
            return f"{_luck(verdict)}; {_list(same)} the same within {margin:g} points."
        names = _listed(open_, "or")
        return f"{_luck(verdict)}; whether it is better than {names} cannot be told yet."
    matters = "by a difference that is real and too small to matter"
    if len(small) == len(rivals):
        return f"{best.level} is better than every other level, {matters}."
    than = f"; than {_listed(small, 'and')} {matters}" if small else ""
    return f"{best.level} is better than every other level{than}."


def _luck(verdict: Verdict) -> str:
    best, points = verdict.best, 100 / verdict.unit
    return (
        f"{best.level} has the highest mean, {points * best.mean:.2f} %, of which about "
        f"{points * best.optimism:.2f} points are the luck of being the highest"
    )


def _told(verdict: Verdict) -> list[str]:
    """How many pairs are decided, and what deciding the rest would take."""
    apart = [pair for pair in verdict.pairs if pair.verdict in ("better", "worse")]
    same = [pair for pair in verdict.pairs if pair.verdict == "same"]
    open_ = [pair for pair in verdict.pairs if pair.verdict == "undecided"]
    small = sum(pair.within_margin for pair in apart)
    total = len(verdict.pairs)
    counted = (
        f"Of {total} pairs {len(apart)} {'is' if len(apart) == 1 else 'are'} told apart"
        f"{f' ({small} by a difference too small to matter)' if small else ''}, "
        f"{len(same)} shown to be the same, {len(open_)} open."
    )
    # More than two would be a list, and the table of pairs is one.
    named = apart if len(apart) <= 2 else []
    return [counted, *(pair_words(pair, verdict) + "." for pair in named)]


def _listed(names: list[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _list(names: list[str]) -> str:
    return f"{_listed(names, 'and')} {'is' if len(names) == 1 else 'are'}"
