"""What always answering the commonest class would give: the least that a score has to beat."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

LEAST_IMBALANCE = 1.5


@dataclass(frozen=True)
class Commonest:
    """The class of most images, by its index, and its fraction of all."""

    label: int
    fraction: float


def commonest(counts: Int[np.ndarray, " k"]) -> Commonest | None:
    """The commonest class by how many images each has; None where classes are about balanced.

    They are where it has less than half as many again as a class has on average: a fraction near
    one in k is what anybody expects.
    """
    total = int(counts.sum())
    label = int(counts.argmax())
    if total == 0 or counts[label] * len(counts) < LEAST_IMBALANCE * total:
        return None
    return Commonest(label, float(counts[label] / total))
