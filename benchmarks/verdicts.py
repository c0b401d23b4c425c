"""How often verdicts err and what their intervals hold, by simulation.

    python benchmarks/verdicts.py tables     # one analysis: errors and coverage
    python benchmarks/verdicts.py analyses   # several analyses of a growing study
    python benchmarks/verdicts.py sequences  # ways to pay for several analyses, side by side

10,000 tables or studies a figure, normal readings unless said, always the same ones (`--seed`). The
tests are those that verdicts run (`toile.studies.stepwise`), on thousands of tables at once.
"""

import argparse
import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from toile.studies.stepwise import Settled, settle

ALPHA, MARGIN, SD = 0.05, 0.5, 0.37
EPOCHS = [1.05, 0.66, 0.70, 0.69, 0.20]
"""The spreads of the lab sheet's table of epochs."""


def judge(readings: np.ndarray, counts: np.ndarray, alpha: float, margin: float) -> Settled:
    """All pairs of (tables, levels, n) readings, of which each level has its first `counts`."""
    there = np.arange(readings.shape[2]) < counts[..., None]
    means = (readings * there).sum(axis=2) / counts
    rest = (readings - means[..., None]) * there
    errors = (rest**2).sum(axis=2) / (counts - 1) / counts
    one, other = np.array(list(combinations(range(readings.shape[1]), 2))).T
    both = errors[:, one] + errors[:, other]
    degrees = both**2 / (
        errors[:, one] ** 2 / (counts[:, one] - 1) + errors[:, other] ** 2 / (counts[:, other] - 1)
    )
    return settle(means[:, one] - means[:, other], np.sqrt(both), degrees, margin, alpha)


def draw(
    rng: np.random.Generator, tables: int, means: Sequence[float], sds: Sequence[float], n: int,
    skewed: bool = False,
) -> np.ndarray:  # fmt: skip
    """Readings (tables, levels, n); skewed ones a mirrored gamma of shape 2: a few far low."""
    size = (tables, len(means), n)
    noise = (2 - rng.gamma(2, size=size)) / math.sqrt(2) if skewed else rng.standard_normal(size)
    return np.asarray(means)[:, None] + np.asarray(sds)[:, None] * noise


def true_gaps(means: Sequence[float]) -> np.ndarray:
    """The differences of all pairs."""
    return np.array([first - second for first, second in combinations(means, 2)])


def errors(found: Settled, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By table: whether equal levels are told apart, or told the wrong way; and a false same."""
    wrong = (found.low > 0) & (gaps <= 0) | (found.high < 0) & (gaps >= 0)
    return wrong.any(axis=1), (found.inside & (np.abs(gaps) >= MARGIN - 1e-9)).any(axis=1)


MEANS = {
    "all equal": lambda k: [0.0] * k,
    "one a margin above": lambda k: [MARGIN, *[0.0] * (k - 1)],
    "one .45 above": lambda k: [0.45, *[0.0] * (k - 1)],
    "every other a margin above": lambda k: [MARGIN * (place % 2) for place in range(k)],
    "steps of .45": lambda k: [0.45 * place for place in range(k)],
    "steps of 1": lambda k: [1.0 * place for place in range(k)],
    "steps of 5": lambda k: [5.0 * place for place in range(k)],
}
SPREADS = {
    "equal": lambda k: [SD] * k,
    "as epochs": lambda k: EPOCHS,
    "one ten times": lambda k: [SD, SD, 10 * SD, SD, SD],
}


def one_analysis(tables: int, seed: int) -> None:
    """Errors and coverage of a single analysis."""
    print("| levels, means, spreads, n | better | same | least pair | all pairs |")
    print(f"|{'---|' * 5}")
    for k, spread in [(2, "equal"), (3, "equal"), *((5, one) for one in SPREADS), (10, "equal")]:
        for name, of in MEANS.items():
            for n in (4, 5, 10, 20, 40):
                means = of(k)
                rng = np.random.default_rng(seed)
                readings = draw(rng, tables, means, SPREADS[spread](k), n)
                found = judge(readings, np.full((tables, k), n), ALPHA, MARGIN)
                gaps = true_gaps(means)
                held = (found.low <= gaps + 1e-12) & (gaps - 1e-12 <= found.high)
                better, same = (share.mean() for share in errors(found, gaps))
                figures = better, same, held.mean(axis=0).min(), held.all(axis=1).mean()
                said = " | ".join(f"{100 * one:.1f} %" for one in figures)
                print(f"| {k}, {name}, {spread}, {n} | {said} |", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["tables"])
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    one_analysis(asked.tables, asked.seed)


if __name__ == "__main__":
    main()
