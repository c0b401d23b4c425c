"""Whether two networks that answered the same images differ in how often they are right."""

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool


@dataclass(frozen=True)
class McNemar:
    """How many images both, one or neither of two networks got right, and the test's `p`.

    `p` is the chance that networks equally often right split their differing images at least as
    unevenly; in (0, 1], and small speaks for a difference.
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
    """The exact two-sided test on the images that one network alone got right; 1 where none.

    It tells these two trained networks apart on such images, not their recipes: another seed may
    turn it round. McNemar 1947, Psychometrika 12, 153-157.
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
