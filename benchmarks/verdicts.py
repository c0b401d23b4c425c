"""How often verdicts err and what their intervals hold, by simulation.

    python benchmarks/verdicts.py tables     # one analysis: errors and coverage
    python benchmarks/verdicts.py analyses   # several analyses of a growing study
    python benchmarks/verdicts.py sequences  # ways to pay for several analyses, side by side

10,000 tables or studies a figure, normal readings unless said, always the same ones (`--seed`). The
tests are those that verdicts run (`toile.statistics.stepwise`), on thousands of tables at once.
"""

import argparse
import math
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from toile.statistics import ALPHA
from toile.statistics.stepwise import Differences, Findings
from toile.studies import alpha_of

MARGIN, SD = 0.5, 0.37
EPOCHS = [1.05, 0.66, 0.70, 0.69, 0.20]
"""The spreads of the lab sheet's table of epochs."""


def differences(readings: np.ndarray, counts: np.ndarray) -> Differences:
    """Of all pairs of (tables, levels, n) readings, of which each level has its first `counts`."""
    there = np.arange(readings.shape[2]) < counts[..., None]
    means = (readings * there).sum(axis=2) / counts
    rest = (readings - means[..., None]) * there
    errors = (rest**2).sum(axis=2) / (counts - 1) / counts
    one, other = np.array(list(combinations(range(readings.shape[1]), 2))).T
    both = errors[:, one] + errors[:, other]
    degrees = both**2 / (
        errors[:, one] ** 2 / (counts[:, one] - 1) + errors[:, other] ** 2 / (counts[:, other] - 1)
    )
    return Differences(means[:, one] - means[:, other], np.sqrt(both), degrees)


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


def errors(value: np.ndarray, found: Findings, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By table: whether equal levels are told apart, or told the wrong way; and a false same."""
    wrong = found.apart & (np.sign(value) != np.sign(gaps))
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
                seen = differences(readings, np.full((tables, k), n))
                found = seen.find(MARGIN, ALPHA)
                low, high = seen.intervals(found, MARGIN)
                gaps = true_gaps(means)
                held = (low <= gaps + 1e-12) & (gaps - 1e-12 <= high)
                better, same = (share.mean() for share in errors(seen.value, found, gaps))
                figures = better, same, held.mean(axis=0).min(), held.all(axis=1).mean()
                said = " | ".join(f"{100 * one:.1f} %" for one in figures)
                print(f"| {k}, {name}, {spread}, {n} | {said} |", flush=True)


SEQUENCES = {
    "5 % each time": lambda k, looks: ALPHA,
    "equal shares": lambda k, looks: ALPHA / looks,
    "half of the rest": lambda k, looks: alpha_of(k),
    "a third of the rest": lambda k, looks: ALPHA / 3 * (2 / 3) ** (k - 1),
    "1 / k (k + 1)": lambda k, looks: ALPHA / (k * (k + 1)),
    "6 / (pi k)^2": lambda k, looks: ALPHA * 6 / (math.pi * k) ** 2,
}


def mixture_p(readings: np.ndarray, count: int, scale: float) -> np.ndarray:
    """An anytime-valid p of two levels paired by seed: one over the e-value of a mixture t test.

    The effect is normal with variance `scale`, in squared spreads (Lai 1976, Ann. Stat. 4, 265-280;
    Wang and Ramdas, arXiv:2310.03722).
    """
    gaps = readings[:, 0, :count] - readings[:, 1, :count]
    odds = gaps.mean(axis=1) ** 2 / gaps.var(axis=1)
    shrunk = (1 + odds / (1 + count * scale)) / (1 + odds)
    return np.minimum(np.sqrt(1 + count * scale) * shrunk ** (count / 2), 1.0)


def sequences(tables: int, seed: int) -> None:
    """Ways to pay, by the share of studies that tell two levels apart and the readings it took."""
    print(f"| gap in spreads, analyses with | way | told apart | readings |\n|{'---|' * 4}")
    looks = {"5, 10, 15 ... 40": range(5, 41, 5), "5, 10, 20, 40": (5, 10, 20, 40)}
    looks["5, 6, 7 ... 40"] = range(5, 41)
    for gap, (name, counts) in product((0, 0.75, 1.0, 1.5, 2.0, 3.0), looks.items()):
        readings = draw(np.random.default_rng(seed), tables, [gap, 0.0], [1.0, 1.0], 40)
        p = [
            differences(readings, np.full((tables, 2), n)).find(MARGIN, ALPHA).p[:, 0]
            for n in counts
        ]
        ways = {
            way: np.stack(p, 1) <= [alpha(k, len(counts)) for k in range(1, len(counts) + 1)]
            for way, alpha in SEQUENCES.items()
        }
        for scale in (0.5, 2, 8):
            mixed = np.stack([mixture_p(readings, n, scale) for n in counts], 1)
            ways[f"mixture t, {scale:g}"] = mixed <= ALPHA
        for way, told in ways.items():
            first = np.where(told.any(axis=1), told.argmax(axis=1), len(counts) - 1)
            figures = (
                f"{100 * told.any(axis=1).mean():.1f} % | {np.array(counts)[first].mean():.1f}"
            )
            print(f"| {gap:g}, {name} | {way} | {figures} |", flush=True)


def open_levels(found: Findings, levels: int) -> np.ndarray:
    """By table, the levels of a pair that is neither told apart nor the same."""
    undecided = ~found.apart & ~found.inside
    wanted = np.zeros((len(undecided), levels), bool)
    for place, pair in enumerate(combinations(range(levels), 2)):
        wanted[:, pair] |= undecided[:, place, None]
    return wanted


def as_it_looks(counts: np.ndarray, k: int, found: Findings, levels: int) -> np.ndarray:
    """One reading more where something nearly shows, five where not, ten where nothing does."""
    least = np.nanmin(found.p, axis=1)[:, None]
    return counts + np.where(least < 0.1, 1, np.where(least < 0.5, 5, 10))


def until_decided(counts: np.ndarray, k: int, found: Findings, levels: int) -> np.ndarray:
    """As `--until-decided`: 5, 10, 20, 40 for levels of open pairs."""
    return np.where(open_levels(found, levels), 5 * 2**k, counts)


HABITS = {
    "5 more each time": lambda counts, k, found, levels: counts + 5,
    "1 more each time": lambda counts, k, found, levels: counts + 1,
    "1, 5 or 10 as it looks": as_it_looks,
    "--until-decided": until_decided,
    "5 more of open levels": lambda counts, k, found, levels: (
        counts + 5 * open_levels(found, levels)
    ),
    "a level more each time": lambda counts, k, found, levels: counts,
}
MOST = 40


def grow(readings: np.ndarray, habit: str, gaps: np.ndarray, pay: bool) -> tuple[float, float]:
    """Shares of studies that err at any of their analyses: a false better, a false same."""
    tables, all_levels = readings.shape[:2]
    counts, better, same = np.full((tables, all_levels), 5), *np.zeros((2, tables), bool)
    levels = 2 if habit == "a level more each time" else all_levels
    for k in range(1, MOST):
        among = [place for place, pair in enumerate(combinations(range(all_levels), 2))
                 if max(pair) < levels]  # fmt: skip
        seen = differences(readings[:, :levels], counts[:, :levels])
        found = seen.find(MARGIN, alpha_of(k) if pay else ALPHA)
        wrong, called = errors(seen.value, found, gaps[among])
        better, same = better | wrong, same | called
        grown = np.minimum(HABITS[habit](counts[:, :levels], k, found, levels), MOST)
        if levels == all_levels and (grown == counts).all():
            break
        counts[:, :levels] = grown
        levels = min(levels + 1, all_levels)
    return float(better.mean()), float(same.mean())


def analyses(tables: int, seed: int) -> None:
    """Errors of studies that grow, with an analysis at every step, up to 40 readings a level."""
    print(f"| levels, spreads | habit | better | the same | better, unpaid |\n|{'---|' * 5}")
    for (k, spread), habit in product([(2, "equal"), *((5, one) for one in SPREADS)], HABITS):
        figures = []
        for means, pay in ((MEANS["all equal"](k), 1), (MEANS["one a margin above"](k), 1),
                           (MEANS["all equal"](k), 0)):  # fmt: skip
            rng = np.random.default_rng(seed)
            readings = draw(rng, tables, means, SPREADS[spread](k), MOST)
            figures.append(grow(readings, habit, true_gaps(means), bool(pay)))
        shown = figures[0][0], figures[1][1], figures[2][0]
        said = " | ".join(f"{100 * one:.1f} %" for one in shown)
        print(f"| {k}, {spread} | {habit} | {said} |", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["tables", "analyses", "sequences"])
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    run = {"tables": one_analysis, "analyses": analyses, "sequences": sequences}[asked.what]
    run(asked.tables, asked.seed)


if __name__ == "__main__":
    main()
