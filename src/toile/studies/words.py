"""A verdict in sentences whose strength is that of the numbers."""

from toile.studies.pairs import Pair
from toile.studies.verdict import Verdict


def pair_words(pair: Pair, verdict: Verdict) -> str:
    """One pair: better, worse, the same within the margin, or not to be told yet."""
    points = 100 / verdict.unit
    gap, low, high = (points * one for one in (pair.difference, pair.low, pair.high))
    margin = points * verdict.margin
    ends = f"{gap:+.2f} points ({low:+.2f} to {high:+.2f})"
    if pair.verdict == "same":
        return f"{pair.a} and {pair.b} are the same within {margin:g} points: {ends}"
    if pair.verdict == "undecided":
        if pair.more_readings is None:
            more = "more readings than can be promised"
        else:
            more = f"about {pair.more_readings} more reading{'s' * (pair.more_readings > 1)} each"
        return f"{pair.a} and {pair.b} cannot be told yet: {ends}; {more} would tell"
    small = (
        f"; the difference is real and too small to matter (within {margin:g} points)"
        if pair.within_margin
        else ""
    )
    return f"{pair.a} is {pair.verdict} than {pair.b}: {ends}{small}"


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
    return " ".join([_standing(verdict), *_told(verdict)])


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
    points = 100 / verdict.unit
    if not same and not open_:
        matters = (
            ""
            if not all(pair.within_margin for pair, _ in rivals)
            else (", by a difference that is real and too small to matter")
        )
        return f"{best.level} is better than every other level{matters}."
    luck = (
        f"{best.level} has the highest mean, {points * best.mean:.2f} %, of which about "
        f"{points * best.optimism:.2f} points are the luck of being the highest"
    )
    if not open_:
        return f"{luck}; {_list(same)} the same within {points * verdict.margin:g} points."
    return f"{luck}; whether it is better than {_names(open_)} cannot be told yet."


def _told(verdict: Verdict) -> list[str]:
    """How many pairs are decided, and what deciding the rest would take."""
    apart = [pair for pair in verdict.pairs if pair.verdict in ("better", "worse")]
    same = [pair for pair in verdict.pairs if pair.verdict == "same"]
    open_ = [pair for pair in verdict.pairs if pair.verdict == "undecided"]
    total = len(verdict.pairs)
    if total == 1:
        return [pair_words(verdict.pairs[0], verdict) + "."]
    counted = (
        f"Of {total} pairs {len(apart)} {'is' if len(apart) == 1 else 'are'} told apart, "
        f"{len(same)} shown to be the same, {len(open_)} open."
    )
    # More than two would be a list, and the table of pairs is one.
    named = apart if len(apart) <= 2 else []
    return [counted, *(pair_words(pair, verdict) + "." for pair in named)]


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _list(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"
