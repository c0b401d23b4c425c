"""The accuracy of always predicting the commonest class: the least that a score has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

LEAST_IMBALANCE = 1.5


@dataclass(frozen=True)
class Commonest:
    """The class with most images: its index, and its fraction of all images."""

    label: int
    fraction: float

    def words(
        self, class_names: Sequence[str], images: str = "them", verb: str = "would be"
    ) -> str:
        """`always answering Coat would be right on 41.20 % of them`, which are the `images`."""
        fraction = f"{100 * self.fraction:.2f} %"
        return f"always answering {class_names[self.label]} {verb} right on {fraction} of {images}"


def commonest(counts: Int[np.ndarray, " k"]) -> Commonest | None:
    """The commonest class, from the number of images of each; None if they are about balanced.

    Balanced means that the commonest class has less than 1.5 times the images of an average class:
    its fraction is then near 1/k, which everybody expects.
    """
    total = int(counts.sum())
    label = int(counts.argmax())
    if total == 0 or counts[label] * len(counts) < LEAST_IMBALANCE * total:
        return None
    return Commonest(label, float(counts[label] / total))
