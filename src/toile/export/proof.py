"""Proof that a file answers as its network does: nothing is handed out without it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64, UInt8

from toile.errors import ToileError
from toile.evaluation import probabilities
from toile.export.about import ExportMetadata, Parity
from toile.export.opened import OpenedExport

# Sums in another order move a logit of 30 by some 5e-6. Where all logits are small it is less:
# a file that answers nothing of the kind would else be near enough.
TOLERANCE, LEAST_TOLERANCE = 1e-4, 1e-7
# The SD of logits below which they are small.
SMALL = 0.1
# Of int8's answers. The presets changed 0 to 1.6 % after one epoch, .2 % after two on all images.
MOST_CHANGED = 0.02


@runtime_checkable
class ExportFile(Protocol):
    """A network in one format, waiting for its metadata."""

    about: ExportMetadata

    def content(self, about: ExportMetadata) -> bytes:
        """The file, saying `about` of itself; the same every time."""
        ...

    @property
    def open(self) -> Callable[[bytes], OpenedExport]:
        """Opens such a file with the runtime it is meant for."""
        ...


@dataclass(frozen=True)
class Proven:
    """A file's bytes, and what they say of themselves, the proof included."""

    content: bytes
    about: ExportMetadata


def prove(
    file: ExportFile,
    pixels: UInt8[np.ndarray, "n c h w"],
    reference: Float[np.ndarray, "n k"],
    labels: Int64[np.ndarray, " n"] | None = None,
) -> Proven:
    """`file` with the proof inside: opened again, it answers `pixels` as `reference` has it.

    With `labels`, which are of images that were held out, the proof of an int8 file also gives
    accuracies. Raises ToileError where a logit or a probability is too far off, or too many of
    int8's answers change.
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
    # The proof was not in the file it speaks of; that file must be this one otherwise.
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
    # Not ">": a difference that is no number must not pass.
    if not parity.max_difference <= most:
        raise ToileError(
            f"the export answers otherwise than the network: {parity.runtime} differs by "
            f"{parity.max_difference:.3g} on {parity.images} images, at most "
            f"{most:.3g} is allowed; nothing was written"
        )


def _refuse_changed(parity: Parity) -> None:
    changed = round((1 - parity.agreement) * parity.images)
    if changed > MOST_CHANGED * parity.images:
        accuracies = ""
        if parity.accuracy is not None and parity.accuracy_float32 is not None:
            accuracies = (
                f" (accuracy {100 * parity.accuracy:.2f} % for {100 * parity.accuracy_float32:.2f} "
                "%)"
            )
        raise ToileError(
            f"int8 changes {changed} of {parity.images} answers{accuracies}; at most "
            f"{MOST_CHANGED:.0%} may change. Export it without --int8; nothing was written"
        )
