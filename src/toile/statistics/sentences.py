"""A verdict in sentences that claim no more than its numbers show."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from toile.statistics.pairs import Pair
from toile.statistics.power import ALPHA, MOST, required_readings
from toile.statistics.verdict import Verdict

ANALYSES = (
    f": however many there will be, at most {100 * ALPHA:g} % of studies of equal levels ever call "
    "two of them different."
)
MOST_NAMES = 4
"""More levels than these are counted in a sentence, where they are all others."""


def pair_words(pair: Pair, verdict: Verdict) -> str:
    """One pair: better, worse, the same within the margin, or undecided and what would decide."""
    a, b = _quoted(pair.a), _quoted(pair.b)
    points = 100 / verdict.unit
    gap, low, high = (points * value for value in (pair.difference, pair.low, pair.high))
    margin = f"{points * verdict.margin:g} points"
    if math.isnan(low):
        return (
            f"{a} and {b} are undecided: they differ by {gap:+.2f} points, and without a "
            "spread between readings nothing says how much of that is chance; take five or more "
            "readings of each"
        )
    ends = f"{signed(gap)} points ({signed(low)} to {signed(high)})"
    if pair.verdict == "same":
        return f"{a} and {b} are the same within {margin}: {ends}"
    if pair.verdict == "undecided":
        finding = f"that they are the same within {margin}"
        if pair.by_finding != "same":
            finding = "which is better"
        more = more_words(pair.more_readings, finding)
        return f"{a} and {b} are undecided: {ends}; {more}"
    small = (
        f"; the difference is real and too small to matter (within {margin})"
        if pair.within_margin
        else ""
    )
    return f"{a} is {pair.verdict} than {b}: {ends}{small}"


def more_words(more: int | None, finding: str) -> str:
    """How many more readings of each of two levels would show what `finding` says."""
    if more is None:
        return f"it would take over {MOST:,} readings of each to decide"
    readings = f"about {more} more reading{'s' * (more > 1)} of each"
    return f"{readings} would show {finding}, if they come out like those so far"


def list_names(names: Sequence[str], word: str = "") -> str:
    """`a, b and c`, where `word` is `and`; with semicolons where a name has a comma, as in a grid.

    Without a `word`, `a, b, c`.
    """
    between = "; " if any(", " in name for name in names) else ", "
    if not word or len(names) < 2:
        return between.join(names)
    return f"{between.join(names[:-1])}{';' * (between == '; ')} {word} {names[-1]}"


def signed(points: float) -> str:
    """Two digits with the sign, or as many as show on which side of zero it lies; `-` for NaN."""
    if math.isnan(points):
        return "-"
    return f"{points:+.2f}" if abs(points) >= 0.005 or points == 0 else f"{points:+.1g}"


def folds_sentence(folds: int) -> str:
    """What to keep in mind where the readings are folds of one training part."""
    return (
        f"The readings are of {folds} folds: they share training images, so they are not "
        "independent, and their spread cannot be estimated without bias (Bengio and Grandvalet "
        "2004, JMLR 5, 1089-1105). So the verdict finds differences more often than it should."
    )


def verdict_sentence(verdict: Verdict) -> str:
    """The whole table in a few sentences, the first of which is the finding.

    >>> readings = {"relu": [0.912, 0.915, 0.913], "gelu": [0.921, 0.924, 0.92]}
    >>> verdict = toile.judge_readings(readings)
    >>> toile.verdict_sentence(verdict)
    'relu is worse than gelu: -0.83 points (-1.26 to -0.40).'
    """
    names = [level.name for level in verdict.levels]
    if len(names) == 1:
        return f"{_quoted(names[0])} stands alone; a comparison takes two levels or more."
    if all(level.n == 1 for level in verdict.levels):
        return (
            "Undecided: with one reading of each level nothing is known of the spread between "
            "readings. Take five or more of each."
        )
    if len(verdict.pairs) == 1:
        (pair,) = verdict.pairs
        sentence = f"{pair_words(pair, verdict)}."
        return f"{sentence} {_highest(verdict)}" if pair.verdict == "undecided" else sentence
    return " ".join([_best_words(verdict), *_counted(verdict)])


def of_setting(sentence: str, setting: str) -> str:
    """A verdict's `sentence`, whose levels are bare values of `setting`, naming that."""
    if not setting:
        return sentence
    first = sentence[0].lower() if sentence.startswith("Undecided") else sentence[0]
    return f"For {setting}, {first}{sentence[1:]}"


def analysis_sentence(verdict: Verdict, of: str = "study") -> str:
    """Which analysis of a study it is, and what that costs; nothing of a table."""
    if verdict.analysis is None:
        return ""
    return (
        f"This is analysis {verdict.analysis} of the {of}, tested at {100 * verdict.alpha:.3g} %"
        f"{ANALYSES}"
    )


def assumed_sentence(verdict: Verdict) -> str:
    """What a verdict takes for granted where nobody knows how often one has looked before."""
    return (
        "Assumed: this is the only verdict on these levels. If readings were added after an "
        f"earlier look, over {100 * verdict.alpha:g} % of such tables call equal levels different."
    )


def explained_once(texts: Iterable[str]) -> list[str]:
    """`texts` of one page, of which only the first says what it is that analyses are tested at."""
    shown, is_explained = [], False
    for text in texts:
        shown.append(text.replace(ANALYSES, ".") if is_explained else text)
        is_explained = is_explained or ANALYSES in text
    return shown


def planning_sentence(
    sd: float, margin: float, levels: int, unit: int = 1, alpha: float = ALPHA
) -> str:
    """How many readings a study of two or more `levels` will need, readings being spread by `sd`.

    `sd`, above 0, and `margin` are fractions where `unit` is 1 and points where it is 100. `alpha`
    is what its analysis may err.
    """
    required = required_readings(sd, margin, levels, alpha)
    points = 100 / unit
    gap = f"{points * margin:g} points"
    chances = [
        f"with {n} in {_percent(chance)}{' of pairs' * (index == 0)}"
        for index, (n, chance) in enumerate(required.chances.items())
    ]
    return (
        f"With {levels} levels and a spread (SD) of {points * sd:.2f} points between readings, "
        f"4 of 5 studies find a difference of {gap} with {_readings(required.better)}, and find "
        f"equal levels the same within {gap} with {_readings(required.same)} "
        f"({', '.join(chances)})."
    )


def trend_sentence(verdict: Verdict) -> str:
    """Whether readings rise or fall along numeric levels, and where they flatten; else nothing."""
    trend, plateau = verdict.trend, verdict.plateau
    if trend is None or plateau is None:
        return ""
    points, step = 100 / verdict.unit, "doubling"
    if trend.per == "unit":
        # A whole unit may lie far outside, as with rates from .1 to .5.
        positions = sorted(float(level.name) for level in verdict.levels)
        width = min(after - before for before, after in pairwise(positions) if after > before)
        points, step = points * width, f"step of {width:g}"
    confidence = f"{100 * (1 - verdict.alpha):g} %"
    ends = f"{points * trend.low:+.3g} to {points * trend.high:+.3g}, {confidence}"
    line = f"{points * trend.slope:+.3g} points with each {step} ({ends})"
    if verdict.bent:
        sentence = (
            "Readings both rise and fall along the levels, so no straight line describes them."
        )
    elif trend.low <= 0 <= trend.high:
        sentence = f"A straight line through the readings shows no rise or fall: {line}."
    else:
        way = "rises" if trend.slope > 0 else "falls"
        sentence = f"A straight line through the readings {way}: {line}."
    return f"{sentence} {_flat(verdict)}"


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
        return "It does not flatten within these levels: the last two still differ."
    if plateau.unseen_from == first:
        return "No two levels are shown to differ, so nothing is known of where it flattens."
    return (
        f"From {plateau.unseen_from} on no two levels are shown to differ; that they are the same "
        "is not shown."
    )


def _percent(chance: float) -> str:
    return f"{100 * chance:.0f} %" if chance >= 0.095 else f"{100 * chance:.2g} %"


def _readings(required: int | None) -> str:
    if required is None:
        return f"over {MOST:,} readings of each level"
    return f"{required:,} readings of each level"


def _best_words(verdict: Verdict) -> str:
    """What is known of the level with the highest mean, the finding first."""
    best = verdict.best
    name = _quoted(best.level)
    rivals = [
        (pair, pair.b if pair.a == best.level else pair.a)
        for pair in verdict.pairs
        if best.level in (pair.a, pair.b)
    ]
    same = [_quoted(rival) for pair, rival in rivals if pair.verdict == "same"]
    open_ = [_quoted(rival) for pair, rival in rivals if pair.verdict == "undecided"]
    small = [_quoted(rival) for pair, rival in rivals if pair.within_margin]
    if open_:
        names = _names_or_all(open_, len(rivals), "or", "any")
        return f"Undecided: whether {name} is better than {names}. {_highest(verdict)}"
    if same:
        margin = 100 / verdict.unit * verdict.margin
        names = _names_or_all(same, len(rivals), "and", "all")
        return f"{name} is the same as {names} within {margin:g} points. {_highest(verdict)}"
    matters = "by a difference that is real and too small to matter"
    if len(small) == len(rivals):
        return f"{name} is better than every other level, {matters}."
    than = f"; than {list_names(small, 'and')} {matters}" if small else ""
    return f"{name} is better than every other level{than}."


def _quoted(level: str) -> str:
    """A level's name, in quotes where it has words that could be the sentence's.

    What stands in brackets behind a name, such as `64 (exercise 2)`, could not be.
    """
    name = level.partition(" (")[0] if level.endswith(")") else level
    return f'"{level}"' if " " in name and ", " not in name else level


def _names_or_all(names: list[str], num_rivals: int, word: str, all_: str) -> str:
    """`names` in a sentence; where they are many and all others, how many."""
    if len(names) == num_rivals > MOST_NAMES:
        return f"{all_} of the {num_rivals} other levels"
    return list_names(names, word)


def _highest(verdict: Verdict) -> str:
    """The highest mean, and how much of it to expect to be chance."""
    best, points = verdict.best, 100 / verdict.unit
    # The sign would make a share of what may be any score.
    mean = f"{points * best.mean:.2f}{' %' * (verdict.accuracies or verdict.unit == 1)}"
    ahead = [
        _quoted(level.name)
        for level in verdict.levels
        if math.isclose(level.mean, best.mean, rel_tol=1e-12)
    ]
    names = list_names(ahead, "and") if len(ahead) <= MOST_NAMES else f"{len(ahead)} levels"
    finding = f"{names} {'have' if len(ahead) > 1 else 'has'} the highest mean, {mean}"
    if not best.optimism > 0:
        # Equal readings have no spread from which to know it.
        return f"{finding}."
    return (
        f"{finding}; about {points * best.optimism:.2f} points of it are chance, since the highest "
        "of several means is on average too high."
    )


def _counted(verdict: Verdict) -> list[str]:
    """How many pairs are decided, and those that differ where they are one or two."""
    apart = [pair for pair in verdict.pairs if pair.verdict in ("better", "worse")]
    same = sum(pair.verdict == "same" for pair in verdict.pairs)
    open_ = sum(pair.verdict == "undecided" for pair in verdict.pairs)
    small = sum(pair.within_margin for pair in apart)
    counted = (
        f"Of {len(verdict.pairs)} pairs, {len(apart)} differ{'s' * (len(apart) == 1)}"
        f"{f' ({small} by too little to matter)' if small else ''}, {same} "
        f"{'is' if same == 1 else 'are'} the same, and {open_} {'is' if open_ == 1 else 'are'} "
        "undecided."
    )
    # More than two would be a list, and the table of pairs is one.
    named = apart if len(apart) <= 2 else []
    return [counted, *(pair_words(pair, verdict) + "." for pair in named)]
