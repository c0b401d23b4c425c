"""Wrong answers: the surest of one network, and those that several networks share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Int64


def confident_errors(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]
) -> Int64[np.ndarray, " m"]:
    """The wrongly answered images, the most probable answer first; equal ones keep their order."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


@dataclass(frozen=True)
class RepeatedErrors:
    """How the errors of several `readings` of the same `images` fall together.

    `always` counts images that all readings answer wrong, `flipping` those that some do, `errors`
    the wrong answers of all readings, `flipping_errors` those among them to images that flip.
    `luck` is the fraction of one reading's errors that another reading answers right, the mean over
    all ordered pairs: unlike the counts it does not depend on how many readings there are. NaN
    below two readings, or where nothing was wrong.
    """

    readings: int
    images: int
    errors: int
    always: int
    flipping: int
    flipping_errors: int
    luck: float


def repeated_errors(wrong: Bool[np.ndarray, "readings n"]) -> RepeatedErrors:
    """Count `wrong`, which says what each reading answered wrongly."""
    readings, images = wrong.shape
    counts = wrong.sum(axis=0)
    errors = int(counts.sum())
    # An image that c of r readings answer wrong is c (r - c) ordered pairs of wrong and right.
    pairs = errors * (readings - 1)
    luck = float((counts * (readings - counts)).sum() / pairs) if pairs else float("nan")
    always = int((counts == readings).sum())
    flipping = int((counts > 0).sum()) - always
    flipping_errors = errors - always * readings
    return RepeatedErrors(readings, images, errors, always, flipping, flipping_errors, luck)
