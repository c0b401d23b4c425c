"""Wrong predictions: the most confident of one network, and those that several networks share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Int64


def confident_errors(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> Int64[np.ndarray, " m"]:
    """Indices of the wrongly predicted images, the most confident first; ties keep their order."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


@dataclass(frozen=True)
class RepeatedErrors:
    """Which errors several `readings` on the same `images` have in common.

    `always` counts the images that all readings predict wrong, `flipping` those that only some do.
    `errors` counts the wrong predictions of all readings, `flipping_errors` those of them on
    flipping images. `luck` is the fraction of one reading's errors that another reading predicts
    right, averaged over all ordered pairs of readings: unlike the counts it does not depend on the
    number of readings. It is NaN with fewer than two readings, or without errors.
    """

    readings: int
    images: int
    errors: int
    always: int
    flipping: int
    flipping_errors: int
    luck: float


def repeated_errors(wrong: Bool[np.ndarray, "readings n"]) -> RepeatedErrors:
    """Count the errors in `wrong`, true where a reading predicts an image wrong."""
    readings, images = wrong.shape
    counts = wrong.sum(axis=0)
    errors = int(counts.sum())
    # An image that c of r readings predict wrong gives c (r - c) ordered pairs (wrong, right).
    pairs = errors * (readings - 1)
    luck = float((counts * (readings - counts)).sum() / pairs) if pairs else float("nan")
    always = int((counts == readings).sum())
    flipping = int((counts > 0).sum()) - always
    flipping_errors = errors - always * readings
    return RepeatedErrors(readings, images, errors, always, flipping, flipping_errors, luck)
