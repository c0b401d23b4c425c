"""Temperature scaling: one number that makes a network less or more sure, same predictions."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.log_loss import cross_entropy

LOWEST, HIGHEST = 0.01, 100.0


@dataclass(frozen=True)
class Temperature:
    """The divisor of logits: above 1 the network was too sure, below 1 not sure enough.

    `loss_before` and `loss_after` are the mean cross-entropies of the `n` images it was fitted
    on, before and after the logits are divided.
    """

    value: float
    loss_before: float
    loss_after: float
    n: int

    def to_json(self) -> dict[str, float | int | None]:
        """The four fields as JSON has them: a value that is not finite is null."""
        fields = vars(self).items()
        return {name: value if math.isfinite(value) else None for name, value in fields}


UNFITTED = Temperature(1.0, math.nan, math.nan, 0)
"""The temperature if there are no images to fit it on: logits stay as they are."""


def fit_temperature(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Temperature:
    """The temperature from 0.01 to 100 that makes the mean cross-entropy least.

    Fit it on other images than those on which its effect is measured (on the selection half of
    validation, not the scoring half): on the images of the fit it never makes the loss worse. If
    every prediction is right it comes near 0.01, and if the predictions are worse than guesses near
    100. It is 1 if no temperature is better, and NaN if the loss is not finite, as after a training
    that diverged.
    Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """
    # Imported here: listing runs imports this room, and scipy.optimize takes a third of a second.
    from scipy.optimize import minimize_scalar

    # In float32 the rounding of the division would make the minimised curve rough.
    precise = logits.astype(np.float64)
    before = cross_entropy(precise, labels)
    if not math.isfinite(before):
        return Temperature(math.nan, before, math.nan, len(labels))

    def loss(log_temperature: float) -> float:
        return cross_entropy(precise / math.exp(log_temperature), labels)

    # The loss is convex in 1/T, so in ln T it has one minimum, which a bounded search finds.
    bounds = math.log(LOWEST), math.log(HIGHEST)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    # If the loss is 0 for a range of temperatures, the search would return any of them.
    if best.fun >= before:
        return Temperature(1.0, before, before, len(labels))
    return Temperature(math.exp(best.x), before, float(best.fun), len(labels))
