"""How the training images look as a whole, and how far from it each validation image lies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32

from toile.data import Novelty
from toile.prediction import Abstention, find_abstention
from toile.runs.corrupt_file import CorruptFile
from toile.runs.layout import NOVELTY
from toile.runs.run import Run
from toile.runs.tensors import load_arrays, save_arrays

_KINDS = {
    "mean": (np.float32, 1),
    "components": (np.float32, 2),
    "variances": (np.float32, 1),
    "distances": (np.float32, 1),
    "out_of_distribution": (np.uint8, 1),
}


@dataclass(frozen=True, eq=False)
class RunNovelty:
    """What a run keeps; `distances` and `out_of_distribution` of validation images, in order."""

    novelty: Novelty
    distances: Float32[np.ndarray, " n"]
    out_of_distribution: Bool[np.ndarray, " n"]


def write_novelty(folder: Path, run_novelty: RunNovelty) -> None:
    """Keep it in a run's folder."""
    arrays = {
        "mean": run_novelty.novelty.mean,
        "components": run_novelty.novelty.components,
        "variances": run_novelty.novelty.variances,
        "distances": run_novelty.distances,
        "out_of_distribution": run_novelty.out_of_distribution.astype(np.uint8),
    }
    facts = {"rest": run_novelty.novelty.residual_variance, "factor": run_novelty.novelty.factor}
    save_arrays(folder / NOVELTY, arrays, facts)


def read_novelty(folder: Path) -> RunNovelty | None:
    """What the run in `folder` keeps; None in runs from before it was kept.

    Raises CorruptFile where the file is damaged.
    """
    path = folder / NOVELTY
    if not path.exists():
        return None
    stored = load_arrays(path)
    arrays = stored.arrays
    rest, factor = stored.facts.get("rest"), stored.facts.get("factor")
    if not (
        isinstance(rest, float)
        and isinstance(factor, int)
        and arrays.keys() >= _KINDS.keys()
        and all(
            arrays[name].dtype == kind and arrays[name].ndim == axes
            for name, (kind, axes) in _KINDS.items()
        )
        and arrays["components"].shape == (len(arrays["variances"]), len(arrays["mean"]))
        and len(arrays["distances"]) == len(arrays["out_of_distribution"])
        and rest > 0
        and factor >= 1
    ):
        raise CorruptFile(f"{path} is damaged: it does not say how the training images look")
    known = Novelty(arrays["mean"], arrays["components"], arrays["variances"], rest, factor)
    return RunNovelty(known, arrays["distances"], arrays["out_of_distribution"] == 1)


def abstention_of(run: Run, weights: str = "last") -> Abstention:
    """When `run` gives no answer, and what that costs.

    What its `last` weights found in the validation images is kept, so only they have bounds and a
    cost by it. Runs from before `novelty.safetensors` have no bound by distance.
    """
    if not run.has_validation:
        return Abstention()
    validation = run.validation
    run_novelty, n = read_novelty(run.folder), len(validation.labels)
    if run_novelty is not None and len(run_novelty.distances) != n:
        raise CorruptFile(
            f"{run.folder / NOVELTY} is damaged: it is of {len(run_novelty.distances)} validation "
            f"images, and there are {n}"
        )
    if run_novelty is not None and not run_novelty.novelty.fits(run.data.shape):
        raise CorruptFile(f"{run.folder / NOVELTY} is damaged: it is of pictures of another shape")
    abstention = find_abstention(
        validation.logits,
        validation.labels,
        validation.selection == 1,
        np.zeros(n, bool) if run_novelty is None else run_novelty.out_of_distribution,
        None if run_novelty is None else run_novelty.distances,
        None if run_novelty is None else run_novelty.novelty,
    )
    if weights == "last":
        return abstention
    return Abstention(distance=abstention.distance, novelty=abstention.novelty)
