"""Abstention: when a network's outputs or the picture itself allow no prediction.

The bounds are quantiles on one half of the validation set; their cost is counted on the other.
"""

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from toile.data import Novelty
from toile.errors import ToileError
from toile.evaluation import probabilities

REFUSED = 0.005
"""The fraction of genuine pictures that each bound refuses; three bounds refuse up to 1.5 %."""
LEAST_PICTURES = 100
"""Fewer pictures set no bound: 1 in n + 1 genuine pictures lies beyond the most extreme of n."""


@dataclass(frozen=True)
class Cost:
    """How many of `n` genuine validation pictures get no answer, and how many would be right."""

    refused: int
    right: int
    n: int

    @property
    def sentence(self) -> str:
        """`51 of 2,500 genuine validation pictures (2.0 %) get no answer; 34 would be right`."""
        return (
            f"{self.refused:,} of {self.n:,} genuine validation pictures "
            f"({100 * self.refused / self.n:.1f} %) get no answer; {self.right:,} would be right"
        )


@dataclass(frozen=True, eq=False)
class Abstention:
    """Bounds beyond which a picture gets no prediction; an unknown bound is None.

    `confidence` is the smallest allowed probability of the most probable class. `energy` is the
    largest allowed -log(sum(exp(logits))), which is high if all logits are low (Liu et al. 2020,
    arXiv:2010.03759). `distance` is the largest allowed distance of `novelty`.
    """

    confidence: float | None = None
    energy: float | None = None
    distance: float | None = None
    novelty: Novelty | None = None
    cost: Cost | None = None

    def reasons(
        self, logits: Float[np.ndarray, " k"], pixels: UInt8[np.ndarray, "c h w"]
    ) -> tuple[str, ...]:
        """Why this picture gets no prediction; empty if it gets one."""
        top_probability, energy = (
            float(probabilities(logits[None]).max()),
            float(energies(logits[None])[0]),
        )
        reasons = []
        if self.confidence is not None and not top_probability >= self.confidence:
            reasons.append(
                f"the most probable class has {100 * top_probability:.1f} %, and at least "
                f"{100 * self.confidence:.1f} % in nearly all genuine pictures"
            )
        if self.energy is not None and not energy <= self.energy:
            reasons.append(
                "the logits of all classes together are lower than in nearly all genuine pictures"
            )
        if self.distance is not None and self.novelty is not None:
            distance = float(self.novelty.distances(pixels[None])[0])
            if distance > self.distance:
                reasons.append(
                    f"its distance from the training images is {distance:.3g}, and at most "
                    f"{self.distance:.3g} for nearly all genuine pictures"
                )
        return tuple(reasons)

    def to_json(self) -> dict[str, Any]:
        """The bounds as an export stores them; `abstention_from_json` reads them."""
        record: dict[str, Any] = {
            "confidence": self.confidence,
            "energy": self.energy,
            "distance": self.distance,
            "cost": self.cost and vars(self.cost),
        }
        if (known := self.novelty) is not None:
            record["novelty"] = {
                "shape": list(known.components.shape),
                "mean": _packed(known.mean),
                "components": _packed(known.components),
                "variances": [float(variance) for variance in known.variances],
                "rest": known.residual_variance,
                "factor": known.factor,
            }
        return record


def energies(logits: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """The energy -log(sum(exp(logits))) of each row; high if all logits are low."""
    most = logits.max(1)
    sums: Float[np.ndarray, " n"] = np.exp(logits - most[:, None]).sum(1)
    return -(most + np.log(sums))


def find_abstention(
    logits: Float[np.ndarray, "n k"],
    labels: Int[np.ndarray, " n"],
    selection: Bool[np.ndarray, " n"],
    out_of_distribution: Bool[np.ndarray, " n"],
    distances: Float[np.ndarray, " n"] | None = None,
    novelty: Novelty | None = None,
) -> Abstention:
    """The bounds of the validation pictures in `selection`, and their cost on the others.

    Pictures in `out_of_distribution` get no prediction anyway. Without 100 pictures in `selection`
    no bound is set.
    """
    top_probability, energy = probabilities(logits).max(1), energies(logits)
    if selection.sum() < LEAST_PICTURES:
        return Abstention()
    least = float(np.quantile(top_probability[selection], REFUSED, method="lower"))
    most = float(np.quantile(energy[selection], 1 - REFUSED, method="higher"))
    refused = out_of_distribution | (top_probability < least) | (energy > most)
    farthest = None
    if distances is not None:
        farthest = float(np.quantile(distances[selection], 1 - REFUSED, method="higher"))
        refused |= distances > farthest
    refused_holdout = refused[~selection]
    correct = (logits.argmax(1) == labels)[~selection] & refused_holdout
    cost = (
        Cost(int(refused_holdout.sum()), int(correct.sum()), len(refused_holdout))
        if len(refused_holdout)
        else None
    )
    return Abstention(least, most, farthest, novelty, cost)


def abstention_from_json(
    record: dict[str, Any], shape: tuple[int, int, int], export_name: str
) -> Abstention:
    """The bounds in the metadata of the export `export_name`.

    Raises ToileError unless they fit pictures of `shape`.
    """
    try:
        names = ("confidence", "energy", "distance")
        confidence, energy, distance = (record[name] for name in names)
        if any(
            bound is not None and not math.isfinite(bound)
            for bound in (confidence, energy, distance)
        ):
            raise ValueError("a bound is NaN or infinite")
        cost = record["cost"] and Cost(
            **{name: int(count) for name, count in record["cost"].items()}
        )
        known = _novelty(record.get("novelty"))
        if known is not None and not known.fits(shape):
            raise ValueError(f"it does not fit pictures of {shape}")
        return Abstention(confidence, energy, distance, known, cost)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ToileError(
            f"{export_name} has damaged metadata: abstention: {error!s:.100}; export the run again"
        ) from None


def _novelty(record: dict[str, Any] | None) -> Novelty | None:
    if record is None:
        return None
    num, size = record["shape"]
    factor, residual_variance = int(record["factor"]), float(record["rest"])
    if factor < 1 or not residual_variance > 0:
        raise ValueError("a factor or variance is 0 or less")
    return Novelty(
        mean=_unpacked(record["mean"]).reshape(size),
        components=_unpacked(record["components"]).reshape(num, size),
        variances=np.array(record["variances"], np.float32).reshape(num),
        residual_variance=residual_variance,
        factor=factor,
    )


def _packed(values: Float[np.ndarray, "..."]) -> str:
    # Half precision changes a distance by less than .01, and halves an export's metadata.
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> Float[np.ndarray, " n"]:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
