"""The one number that makes a network less sure, or more, and changes no answer."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from toile.evaluation.cross_entropy import cross_entropy

LOWEST, HIGHEST = 0.01, 100.0


@dataclass(frozen=True)
class Temperature:
    """What to divide logits by; above 1 the network was too sure, below 1 not sure enough.

    `loss_before` and `loss_after` are the mean cross-entropies of the `n` images it was fitted
    on, undivided and divided.
    """

    value: float
    loss_before: float
    loss_after: float
    n: int

    def to_json(self) -> dict[str, float | int | None]:
        """The four fields as JSON has them: what is not finite is null."""
        fields = vars(self).items()
        return {name: value if math.isfinite(value) else None for name, value in fields}


UNFITTED = Temperature(1.0, math.nan, math.nan, 0)
"""Where no images are at hand to fit one on: logits as they are."""


def fit_temperature(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Temperature:
    """The temperature from 0.01 to 100 by which the mean cross-entropy is least.

    Fit it on images other than those it is judged on (the half that chooses, not the half that
    scores): on its own images it never makes the loss worse. Where every answer is right the
    loss falls all the way towards 0.01, and where the answers are worse than guesses towards 100.
    1 where nothing is better; NaN where the loss is not finite, as after a training that diverged.
    Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """
    # Imported here: listing runs imports this room, and scipy.optimize takes a third of a second.
    from scipy.optimize import minimize_scalar

    # In float32 the division's rounding would roughen the curve that is minimised.
    precise = logits.astype(np.float64)
    before = cross_entropy(precise, labels)
    if not math.isfinite(before):
        return Temperature(math.nan, before, math.nan, len(labels))

    def loss(log_temperature: float) -> float:
        return cross_entropy(precise / math.exp(log_temperature), labels)

    # The loss is convex in 1/T, so in ln T it has one valley and a search within bounds finds it.
    bounds = math.log(LOWEST), math.log(HIGHEST)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    # A loss that is 0 over a stretch of temperatures would give an arbitrary one of them.
    if best.fun >= before:
        return Temperature(1.0, before, before, len(labels))
    return Temperature(math.exp(best.x), before, float(best.fun), len(labels))
