"""What a run keeps of its validation images: their logits, labels and indices."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8

from toile.data import DataFacts
from toile.runs.corrupt_file import CorruptFile
from toile.runs.tensors import Stored


@dataclass(frozen=True)
class Validation:
    """What the scored weights answered on the validation images."""

    logits: Float[np.ndarray, "n k"]
    labels: Int[np.ndarray, " n"]
    indices: Int[np.ndarray, " n"]
    selection: UInt8[np.ndarray, " n"]


def validation_in(stored: Stored, facts: DataFacts, path: Path) -> Validation:
    """What `path` holds, held to what the run knows of its data."""
    n, k = facts.validation, len(facts.class_names)
    # NumPy's letter for the kind of number: floating, signed and unsigned whole ones.
    fitting = {
        "logits": ("f", (n, k)),
        "labels": ("i", (n,)),
        "indices": ("i", (n,)),
        "selection": ("u", (n,)),
    }
    held = {name: (array.dtype.kind, array.shape) for name, array in stored.arrays.items()}
    for name, form in fitting.items():
        if held.get(name) != form:
            raise CorruptFile(
                f"{path}: its {name} are {held.get(name, 'missing')}; by data.json they are {form}"
            )
    validation = Validation(**{name: stored.arrays[name] for name in fitting})
    if set(validation.selection.tolist()) != {0, 1}:
        raise CorruptFile(f"{path}: its selection does not mark two halves by 0 and 1")
    ends = {"labels": k, "indices": facts.train + n + facts.copies}
    for name, end in ends.items():
        values = stored.arrays[name]
        if values.min() < 0 or values.max() >= end:
            raise CorruptFile(f"{path}: its {name} leave the range from 0 to {end - 1}")
    return validation
