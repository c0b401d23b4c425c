"""McNemar's test: whether two networks differ in how often they are right on the same images."""

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True)
class McNemar:
    """How many images both, one or neither of two networks got right, and the test's `p`.

    `p`, in (0, 1], is the probability that two networks which are right equally often split the
    images on which they differ at least as unevenly. A small `p` speaks for a difference.
    """

    both: int
    only_first: int
    only_second: int
    neither: int
    p: float

    def to_json(self) -> dict[str, float | int]:
        """The five fields as JSON has them."""
        return asdict(self)


def mcnemar(first_right: Bool[np.ndarray, " n"], second_right: Bool[np.ndarray, " n"]) -> McNemar:
    """The exact two-sided test on the images that only one network got right; p is 1 without any.

    It compares these two trained networks, not their recipes: with another seed the difference may
    be the other way round. McNemar 1947, Psychometrika 12, 153-157.
    """
    # Imported here: listing runs imports this room, and scipy.stats takes over half a second.
    from scipy.stats import binomtest

    both, only_first, only_second, neither = (
        int(np.count_nonzero(mask))
        for mask in (
            first_right & second_right,
            first_right & ~second_right,
            ~first_right & second_right,
            ~first_right & ~second_right,
        )
    )
    differing = only_first + only_second
    p = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(both, only_first, only_second, neither, p)
