"""The verdict: what a table of readings shows, and no more."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

from toile.errors import ToileError
from toile.statistics.pairs import Pair, compare_pairs
from toile.statistics.plateau import Plateau, find_plateau
from toile.statistics.power import ALPHA
from toile.statistics.trend import Trend, find_trend
from toile.statistics.welch import Sample, anova_p, sample

MARGIN_POINTS = 0.5
"""By default differences up to this many percentage points do not matter."""


@dataclass(frozen=True)
class Level:
    """One level's readings: their mean, spread and the 95 % interval of the mean.

    `sd`, `low` and `high` are NaN for a single reading. Those of accuracies lie
    where accuracies can be.
    """

    name: str
    readings: tuple[float, ...]
    mean: float
    sd: float
    low: float
    high: float

    @property
    def n(self) -> int:
        """How many readings."""
        return len(self.readings)

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON has it."""
        return {"n": self.n, "mean": self.mean, "sd": self.sd, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Best:
    """The level with the highest mean, and its mean less the luck of being the highest.

    `optimism` is the expected greatest of as many equal means as are not told apart from it.
    """

    level: str
    mean: float
    optimism: float

    @property
    def honest(self) -> float:
        """What to expect of it again."""
        return self.mean - self.optimism


@dataclass(frozen=True)
class Verdict:
    """What the readings of all levels say together.

    Values are fractions where `unit` is 1 and points where it is 100; `margin` is in the same.
    `accuracies`: whether readings are taken for such, which lie between 0 and 1, or 100.

        >>> readings = {"relu": [0.912, 0.915, 0.913], "gelu": [0.921, 0.924, 0.92]}
        >>> verdict = toile.judge_readings(readings)
        >>> verdict.best.level, verdict.pairs[0].verdict, round(verdict.pairs[0].p, 4)
        ('gelu', 'worse', 0.0065)
    """

    levels: tuple[Level, ...]
    unit: int
    accuracies: bool
    margin: float
    alpha: float
    anova_p: float
    pairs: tuple[Pair, ...]
    trend: Trend | None
    plateau: Plateau | None
    best: Best
    analysis: int | None = None
    """Which analysis of a study it is, from 1; None for a table whose earlier ones nobody knows."""

    @property
    def decided(self) -> bool:
        """Whether every pair is better, worse or the same."""
        return all(pair.verdict != "undecided" for pair in self.pairs)

    @property
    def bent(self) -> bool:
        """Whether two levels differ against the trend, which is then no straight line."""
        return self.trend is not None and any(
            pair.verdict in ("better", "worse")
            and not pair.within_margin
            and (float(pair.a) - float(pair.b)) * pair.difference * self.trend.slope < 0
            for pair in self.pairs
        )

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON has them, in the table's own unit."""
        return {
            "levels": {level.name: level.to_json() for level in self.levels},
            "unit": self.unit,
            "accuracies": self.accuracies,
            "margin": self.margin,
            "alpha": self.alpha,
            "analysis": self.analysis,
            "anova_p": self.anova_p,
            "pairs": [pair.to_json() for pair in self.pairs],
            "trend": self.trend and self.trend.to_json(),
            "bent": self.bent,
            "plateau": self.plateau and self.plateau.to_json(),
            "best": {
                "level": self.best.level,
                "mean": self.best.mean,
                "optimism": self.best.optimism,
                "honest": self.best.honest,
            },
        }


def judge_readings(
    readings: Mapping[str, Sequence[float] | Float[np.ndarray, " n"]],
    *,
    margin: float | None = None,
    alpha: float = ALPHA,
    accuracies: bool | None = None,
    analysis: int | None = None,
) -> Verdict:
    """The verdict on one or more levels of one or more readings each; higher is better.

    Readings that are all at most 1 are fractions, else points. `margin`, by default half a point,
    is in their unit. `alpha` is the chance, all pairs together, of telling equal levels apart, and
    again of calling levels the same that are not; a level's own interval holds 95 % whatever it is.
    `accuracies` says whether readings are fractions of images: then no interval goes on where no
    accuracy can be. Unless said they are where all lie between 0 and 1, or 0 and 100; a table of
    which most do so, and others do not, is refused. `analysis` is its number in a study,
    where the next one is held to half of `alpha`. Raises ToileError for what is no such table.

        >>> readings = {"relu": [0.912, 0.915, 0.913], "gelu": [0.921, 0.924, 0.92]}
        >>> verdict = toile.judge_readings(readings)
        >>> verdict.decided, verdict.levels[1].n
        (True, 3)
    """
    checked = _checked_table(readings)
    if accuracies is None:
        _refuse_two_units(checked)
        for bound in (1, 100):
            _refuse_some_above(checked, bound)
    unit = 1 if max(max(values) for values in checked.values()) <= 1 else 100
    margin = MARGIN_POINTS * unit / 100 if margin is None else margin
    if not margin > 0:
        raise ToileError(f"margin is {margin:g}; it has to be above 0")
    if not 0 < alpha < 1:
        raise ToileError(f"alpha is {alpha:g}; it has to be above 0 and below 1")
    most = _most(checked, unit, accuracies, margin)
    samples = [sample(values) for values in checked.values()]
    levels = tuple(
        _level(name, values, level_sample, most)
        for (name, values), level_sample in zip(checked.items(), samples, strict=True)
    )
    ahead = next_alpha(alpha, analysis)
    pairs = compare_pairs(list(checked), samples, margin, alpha, ahead, most)
    trend = _trend(checked, alpha, most)
    return Verdict(
        levels,
        unit,
        most < math.inf,
        margin,
        alpha,
        anova_p(samples),
        pairs,
        trend,
        find_plateau(list(checked), pairs) if trend else None,
        _best(levels, samples, pairs, most),
        analysis,
    )


def next_alpha(alpha: float, analysis: int | None) -> float:
    """What the next analysis may err: of a study half of what is left, which is what this spent."""
    return alpha if analysis is None else alpha / 2


def expected_maximum(count: int) -> float:
    """The mean of the greatest of `count` standard normal numbers: 0, .56, .85, 1.03, ..."""
    # For a function that falls off so smoothly on both sides a plain sum is the integral.
    x, step = np.linspace(-10, 10, 401, retstep=True)
    density = count * special.ndtr(x) ** (count - 1) * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return float(step * (x * density).sum())


def _checked_table(readings: Any) -> dict[str, tuple[float, ...]]:
    """The readings as plain numbers by the text of their level."""
    # A table of pandas' has its columns so too.
    if not hasattr(readings, "items"):
        raise ToileError(
            f"readings are a {type(readings).__name__}; they are a mapping from levels to numbers, "
            "as {'relu': [0.91, 0.92], 'gelu': [0.92, 0.93]}"
        )
    names = [str(name) for name, _ in readings.items()]
    if not names:
        raise ToileError("the table has no levels; a verdict takes one or more, with readings")
    checked = {str(name): _checked(str(name), values) for name, values in readings.items()}
    if len(checked) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ToileError(f"two levels are called {twice}; a level has a name of its own")
    return checked


def _checked(name: str, values: Any) -> tuple[float, ...]:
    try:
        checked = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise ToileError(
            f"level {name} has the readings {values!r}; they are a list of numbers, as "
            "[0.91, 0.92], also where there is only one"
        ) from None
    if not checked:
        raise ToileError(f"level {name} has no readings; give it one or more, or leave it out")
    for value in checked:
        if not math.isfinite(value):
            raise ToileError(
                f"level {name} has the reading {value}; a reading is a finite number. Leave a "
                "reading that failed out and say so: the verdict is then of those that did not"
            )
    return checked


def _most(
    readings: Mapping[str, Sequence[float]], unit: int, accuracies: bool | None, margin: float
) -> float:
    """The highest that a mean can be, 0 being the lowest; infinite where nothing bounds it."""
    ends = [end for values in readings.values() for end in (min(values), max(values))]
    fit = min(ends) >= 0 and max(ends) <= unit
    if accuracies and not fit:
        raise ToileError(
            f"the readings go from {min(ends):g} to {max(ends):g}; accuracies lie between 0 and 1, "
            "or 0 and 100"
        )
    if not (fit if accuracies is None else accuracies):
        return math.inf
    if margin >= unit:
        raise ToileError(
            f"margin is {margin:g}; it is below {unit}, as accuracies differ by no more"
        )
    return float(unit)


def _refuse_two_units(readings: Mapping[str, Sequence[float]]) -> None:
    """Raise ToileError for fractions in one level and percentages in another.

    They would look like a large difference.
    """
    low = [name for name, values in readings.items() if max(values) <= 1]
    high = [name for name, values in readings.items() if max(values) > 1]
    if low and high and min(min(readings[name]) for name in high) > 1:
        ends = [max(readings[names[0]]) for names in (low, high)]
        raise ToileError(
            f"the readings of {low[0]} go up to {ends[0]:g} and those of {high[0]} up to "
            f"{ends[1]:g}: fractions and percentages, it seems; write all in one way. Where they "
            "are as they should be, say whether they are accuracies: --accuracies or --any-scores, "
            "in Python accuracies=True or False"
        )


def _refuse_some_above(readings: Mapping[str, Sequence[float]], bound: int) -> None:
    """Raise ToileError where most readings could be accuracies, but not all.

    `bound` is 1 for fractions, 100 for percentages. A slip such as 171 for 71 would else make
    scores without bounds of them all, and 9.2 for .92 percentages, in silence.
    """
    values = sorted(value for level in readings.values() for value in level)
    if values[0] >= 0 and values[len(values) // 2] <= bound < values[-1]:
        name = next(name for name, level in readings.items() if values[-1] in level)
        raise ToileError(
            f"level {name} has the reading {values[-1]:g}, and most lie between 0 and "
            f"{bound}, as accuracies do; correct it. Where all are as they should be, say whether "
            "they are accuracies: --accuracies or --any-scores, in Python accuracies=True or False"
        )


def _level(name: str, values: tuple[float, ...], level_sample: Sample, most: float) -> Level:
    if level_sample.n == 1:
        return Level(name, values, level_sample.mean, level_sample.sd, math.nan, math.nan)
    reach = -float(special.stdtrit(level_sample.n - 1, ALPHA / 2)) * math.sqrt(
        level_sample.squared_error
    )
    low, high = level_sample.mean - reach, level_sample.mean + reach
    if most < math.inf:
        # The mean lies between these ends for sure, so the interval holds as often as before.
        low, high = max(low, 0.0), min(high, most)
    return Level(name, values, level_sample.mean, level_sample.sd, low, high)


def _trend(readings: Mapping[str, Sequence[float]], alpha: float, most: float) -> Trend | None:
    """Only where every level is a number."""
    try:
        positions = [float(name) for name in readings]
    except ValueError:
        return None
    if not all(map(math.isfinite, positions)):
        return None
    return find_trend(positions, list(readings.values()), alpha, most)


def _best(
    levels: Sequence[Level], samples: Sequence[Sample], pairs: Sequence[Pair], most: float
) -> Best:
    index = int(np.argmax([level_sample.mean for level_sample in samples]))
    best = levels[index]
    rivals = [
        samples[[level.name for level in levels].index(pair.b if pair.a == best.name else pair.a)]
        for pair in pairs
        if best.name in (pair.a, pair.b) and pair.verdict not in ("better", "worse")
    ]
    errors = [
        level_sample.squared_error
        for level_sample in [samples[index], *rivals]
        if level_sample.n > 1
    ]
    error = math.sqrt(sum(errors) / len(errors)) if errors else math.nan
    luck = expected_maximum(1 + len(rivals)) * error if rivals else 0.0
    # What is left of an accuracy is one.
    return Best(best.name, best.mean, min(luck, best.mean) if most < math.inf else luck)
