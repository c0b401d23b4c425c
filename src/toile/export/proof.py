"""Checks that a file computes what its network computes; no file is written without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64, UInt8

from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.export.about import ExportMetadata, Parity
from toile.export.opened import OpenedExport

# Another order of a sum changes a logit of 30 by about 5e-6. If all logits are small, the tolerance
# is smaller too, since otherwise a wrong file would pass.
TOLERANCE, LEAST_TOLERANCE = 1e-4, 1e-7
# Logits with an SD below this are small.
SMALL = 0.1
# Changed predictions of int8: 0 to 1.6 % for the presets after one epoch, .2 % after two on all
# images.
MOST_CHANGED = 0.02


@runtime_checkable
class ExportFile(Protocol):
    """A network in one format, without its final metadata."""

    about: ExportMetadata

    def content(self, about: ExportMetadata) -> bytes:
        """The bytes of the file with the metadata `about`; the same at every call."""
        ...

    @property
    def open(self) -> Callable[[bytes], OpenedExport]:
        """The function that opens such a file with the runtime of its format."""
        ...


@dataclass(frozen=True)
class Proven:
    """A checked file: its bytes and its metadata, with the result of the check."""

    content: bytes
    about: ExportMetadata


def prove(
    file: ExportFile,
    pixels: UInt8[np.ndarray, "n c h w"],
    reference: Float[np.ndarray, "n k"],
    labels: Int64[np.ndarray, " n"] | None = None,
) -> Proven:
    """Open `file`, compare its logits of `pixels` with `reference`, and store the result in it.

    `labels` of held-out images add the accuracies of an int8 file. Raises ToileError if a logit or
    a probability differs too much, or if int8 changes more than 2 % of the predictions.
    """
    opened = file.open(file.content(file.about))
    logits = opened.logits(pixels)
    parity = _parity(opened, pixels, logits, reference)
    if file.about.precision == "int8":
        if labels is not None:
            parity = parity.model_copy(
                update={
                    "accuracy": float((logits.argmax(1) == labels).mean()),
                    "accuracy_float32": float((reference.argmax(1) == labels).mean()),
                }
            )
        _refuse_changed(parity)
    else:
        _refuse_difference(parity, spread=float(reference.std()))
    about = file.about.model_copy(update={"parity": parity})
    content = file.content(about)
    again = file.open(content)
    # The checked file had no result in it yet; the final file has to compute the same.
    assert again.about == about
    assert np.array_equal(again.logits(pixels), logits)
    return Proven(content, about)


def _parity(
    opened: OpenedExport,
    pixels: UInt8[np.ndarray, "n c h w"],
    logits: Float[np.ndarray, "n k"],
    reference: Float[np.ndarray, "n k"],
) -> Parity:
    differences = (
        np.abs(logits - reference).max(),
        np.abs(opened.probabilities(pixels) - probabilities(reference)).max(),
    )
    return Parity(
        images=len(pixels),
        max_difference=float(np.max(differences)),
        agreement=float((logits.argmax(1) == reference.argmax(1)).mean()),
        runtime=opened.runtime,
    )


def _refuse_difference(parity: Parity, spread: float) -> None:
    most = max(TOLERANCE * min(spread / SMALL, 1.0), LEAST_TOLERANCE)
    # Not ">", because NaN must not pass.
    if not parity.max_difference <= most:
        raise ToileError(
            f"the export differs from the network: with {parity.runtime} by "
            f"{parity.max_difference:.3g} on {parity.images} images, and at most {most:.3g} is "
            "allowed; nothing was written: export to another format"
        )


def _refuse_changed(parity: Parity) -> None:
    changed = round((1 - parity.agreement) * parity.images)
    if changed > MOST_CHANGED * parity.images:
        accuracies = ""
        if parity.accuracy is not None and parity.accuracy_float32 is not None:
            accuracies = (
                f" (accuracy {100 * parity.accuracy:.2f} % instead of "
                f"{100 * parity.accuracy_float32:.2f} %)"
            )
        raise ToileError(
            f"int8 changes {changed} of {parity.images} predictions{accuracies}; at most "
            f"{MOST_CHANGED:.0%} may change. Nothing was written; export without --int8"
        )
