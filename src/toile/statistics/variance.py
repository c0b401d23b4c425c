"""How uncertain a mean is, and whether for other seeds or for other images.

Speaks hits: booleans (r, n), whether reading r answered image n right. Crossed random effects,
fitted by mean squares (Searle, Casella and McCulloch 1992, Variance Components, ch. 4), which takes
no normal numbers; a component that comes out below zero is taken for nothing.
"""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class LevelVariance:
    """The uncertainty of one level's mean accuracy, in fractions; NaN for a single reading.

    `seed_sd` is the spread of readings on these very images, and `seed_error` what it leaves of
    doubt in their mean. `image_error` is what these images leave of it, and would with any number
    of readings. `error` is that of both together: for other seeds and other images.
    """

    readings: int
    images: int
    seed_sd: float
    image_error: float
    error: float

    @property
    def seed_error(self) -> float:
        """The standard error of the mean on these images."""
        return self.seed_sd / math.sqrt(self.readings)


@dataclass(frozen=True)
class PairVariance:
    """The doubt of the difference of two levels that answered the same images.

    Images that are hard for both cancel, so `image_error` is far below that of either level.
    """

    difference: float
    seed_error: float
    image_error: float
    error: float


@dataclass(frozen=True)
class SeedCorrelation:
    """How far levels rise and fall together where they share a seed: Pearson's r, in [-1, 1].

    The mean over `pairs` of levels with at least three seeds in common, `seeds` at the most.
    """

    mean: float
    pairs: int
    seeds: int


def level_variance(correct: Bool[np.ndarray, "r n"]) -> LevelVariance:
    """The parts of the noise in the mean accuracy of one level's readings."""
    r, n = correct.shape
    if r < 2:
        return LevelVariance(r, n, math.nan, math.nan, math.nan)
    residual = _residual_variance(correct)
    seeds = float(correct.mean(axis=1).var(ddof=1))
    images = float(correct.mean(axis=0).var(ddof=1)) / n
    # Each mean square also holds its part of the rest, which is counted once in the sum.
    image_part = max(images - residual / (r * n), 0.0)
    seed_part = max(seeds - residual / n, 0.0) / r
    error = math.sqrt(seed_part + image_part + residual / (r * n))
    return LevelVariance(r, n, math.sqrt(seeds), math.sqrt(image_part), error)


def pair_variance(first: Bool[np.ndarray, "a n"], second: Bool[np.ndarray, "b n"]) -> PairVariance:
    """The parts of the noise in a difference of means; seeds of the levels count as independent."""
    difference = float(first.mean() - second.mean())
    if min(len(first), len(second)) < 2:
        return PairVariance(difference, math.nan, math.nan, math.nan)
    n = first.shape[1]
    per_image = first.mean(axis=0) - second.mean(axis=0)
    residual = (
        _residual_variance(first) / len(first) + _residual_variance(second) / len(second)
    ) / n
    image_part = max(float(per_image.var(ddof=1)) / n - residual, 0.0)
    seeds = sum(float(level.mean(axis=1).var(ddof=1)) / len(level) for level in (first, second))
    error = math.sqrt(max(seeds - residual, 0.0) + image_part + residual)
    return PairVariance(difference, math.sqrt(seeds), math.sqrt(image_part), error)


def seed_correlation(scores: Float[np.ndarray, "l r"]) -> SeedCorrelation | None:
    """Of scores by level and seed, NaN where one is missing; None where nothing can be measured.

    It is told and not used: where it is small, pairing by seed loses degrees of freedom and gains
    nothing.
    """
    correlations = []
    for first, second in combinations(scores, 2):
        shared = np.isfinite(first) & np.isfinite(second)
        if shared.sum() >= 3 and np.ptp(first[shared]) > 0 and np.ptp(second[shared]) > 0:
            correlations.append(
                (float(np.corrcoef(first[shared], second[shared])[0, 1]), int(shared.sum()))
            )
    if not correlations:
        return None
    return SeedCorrelation(
        sum(r for r, _ in correlations) / len(correlations),
        len(correlations),
        max(seeds for _, seeds in correlations),
    )


def _residual_variance(correct: Bool[np.ndarray, "r n"]) -> float:
    """The variance of a hit that neither its reading nor its image explains."""
    r, n = correct.shape
    fitted = (
        correct.mean(axis=1, keepdims=True) + correct.mean(axis=0, keepdims=True) - correct.mean()
    )
    return float(((correct - fitted) ** 2).sum()) / ((r - 1) * (n - 1))
