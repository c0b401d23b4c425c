"""The interface of every opened export."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, UInt8

from toile.data import DataFacts
from toile.errors import ToileError
from toile.export.about import ExportMetadata

LEAST_SD = 1e-6
# The largest number of weights of a recipe needs 800 MB in float32.
MAX_BYTES = 1_000_000_000


@runtime_checkable
class OpenedExport(Protocol):
    """An export, opened by the runtime of its format."""

    about: ExportMetadata
    runtime: str
    """The runtime's name and version."""

    def logits(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float32[np.ndarray, "n k"]:
        """The logits of pictures of the shape in `about.data`."""
        ...

    def probabilities(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float[np.ndarray, "n k"]:
        """The probabilities of pictures, in [0, 1]; each row sums to 1."""
        ...


def scaled(
    pixels: UInt8[np.ndarray, "n c h w"], facts: DataFacts
) -> Float32[np.ndarray, "n c h w"]:
    """Pictures scaled exactly as in training.

    Raises ToileError if an SD in `facts` is less than 1e-6.
    """
    images = pixels.astype(np.float32) * (1 / 255)
    if facts.scaling == "standard":
        mean, sd = (
            np.array(values, np.float32)[:, None, None] for values in (facts.mean, facts.sd)
        )
        if sd.min() < LEAST_SD:
            raise ToileError(
                f"the SD of its data is {facts.sd}, by which pictures are divided; it has to be at "
                f"least {LEAST_SD:g}; export the run again"
            )
        images = (images - mean) / sd
    return images


def read_export(path: Path) -> bytes:
    """The bytes of an exported file. Raises ToileError if it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ToileError(
                f"{path} has {path.stat().st_size:,} bytes; an export has at most {MAX_BYTES:,}"
            )
        return path.read_bytes()
    except OSError as error:
        raise ToileError(f"{path} cannot be read: {error.strerror}") from None
