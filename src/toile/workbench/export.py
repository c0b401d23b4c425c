"""Exports a run's network to a file, and proves that the file predicts the same."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from jaxtyping import Int

from toile.data import DataSource, Progress, no_progress, portable
from toile.distribution import VERSION
from toile.errors import ToileError
from toile.export import (
    SUFFIXES,
    ExportMetadata,
    InputKind,
    Parity,
    Trained,
    build_file,
    format_of,
    prove,
)
from toile.files import write_atomically
from toile.runs import Run, abstention_of, open_run, same_data, stored_weights

INPUT_KINDS = get_args(InputKind)
NUM_PROVEN = 100
# For int8: images on which changed predictions are counted, and images for calibration.
NUM_JUDGED, NUM_CALIBRATING = 5_000, 200


@dataclass(frozen=True)
class Exported:
    """An exported file with its metadata."""

    file: Path
    format: str
    about: ExportMetadata

    @property
    def parity(self) -> Parity:
        """The comparison of its outputs with those of the network."""
        assert self.about.parity is not None
        return self.about.parity


def export_run(
    run: str | Path | Run,
    to: str | None = None,
    file: str | Path | None = None,
    *,
    weights: str = "last",
    int8: bool = False,
    input_kind: InputKind = "scaled",
    force: bool = False,
    data: DataSource | None = None,
    progress: Progress = no_progress,
) -> Exported:
    """Write the network of `run` to `file` as safetensors, onnx or keras.

    By default `file` is named by the run's id, in the present folder. `to`, the format, may be left
    out if the suffix of `file` says it; `weights` are `last` or `best`. Before
    anything is written, the file is opened by its own runtime and compared with the network on
    validation images, or on training images if none are held out. `int8` (only onnx) may change a
    few predictions; the proof says how many, and has both accuracies if images were held out.
    `input_kind` is the input of the file: `scaled` values as in training, or `bytes` from 0 to 255
    (only onnx), which it scales itself. `data` is the present path of the run's images, if they
    were moved. Raises ToileError for all that a user can mend.

        >>> exported = toile.export_run(run, file="garments.onnx")
        >>> exported.about.parity.images, exported.about.parity.max_difference < 1e-4
        (100, True)
    """
    to = format_of(to, None if file is None else Path(file))
    _refuse_unfit(to, int8, input_kind)
    run = open_run(run)
    file = Path(f"{run.id}{SUFFIXES[to]}" if file is None else file)
    _refuse_path(file, force)
    trained = _trained(run, weights, to)
    dataset = same_data(run, progress, data)
    held_out = run.validation_indices
    learnt = np.setdiff1d(np.arange(len(dataset.train)), held_out)
    proof = held_out if len(held_out) else learnt
    images = dataset.train.gather(_spread(proof, NUM_JUDGED if int8 else NUM_PROVEN))
    calibration = None
    if int8:
        calibration = dataset.train.pixels[_spread(learnt, NUM_CALIBRATING)]
    proven = prove(
        build_file(to, trained, calibration, input_kind),
        images.pixels[:],
        trained.model.logits(images.pixels),
        # Accuracies on training images, some of them used to calibrate, would be too high.
        images.labels if int8 and len(held_out) else None,
    )
    write_atomically(file, proven.content)
    return Exported(file, to, proven.about)


def _refuse_unfit(to: str, int8: bool, input_kind: str) -> None:
    """Raise ToileError for options that the format `to` does not have."""
    if int8 and to != "onnx":
        raise ToileError(f"--int8 is only for onnx, and the format is {to}; leave it out")
    if input_kind not in INPUT_KINDS:
        raise ToileError(f"input_kind is {input_kind}; it is {' or '.join(INPUT_KINDS)}")
    if input_kind == "bytes" and to != "onnx":
        raise ToileError(
            f"--input bytes is only for onnx, and the format is {to}; leave it out, and scale the "
            "inputs of the file as its metadata says"
        )


def _refuse_path(file: Path, force: bool) -> None:
    if not file.parent.is_dir():
        raise ToileError(f"{file.parent} is no folder; make it, or name another file")
    if file.exists() and not force:
        raise ToileError(
            f"{file} is there already; name another, or replace it with --force (in Python "
            "force=True)"
        )


def _trained(run: Run, weights: str, to: str) -> Trained:
    stored = stored_weights(run, weights)
    # An attribute of an .h5 is too small for it, and Toile does not predict with the others.
    abstention = abstention_of(run, weights).to_json() if to == "onnx" else None
    recipe, facts = portable(run.recipe, run.data)
    about = ExportMetadata.model_validate(
        {
            "toile": VERSION,
            "run": run.id,
            "name": run.recipe.name,
            "weights": weights,
            "weights_sha256": stored.sha256,
            "recipe": recipe,
            "data": facts,
            "abstention": abstention,
        }
    )
    return Trained(about, stored.arrays)


def _spread(indices: Int[np.ndarray, " n"], count: int) -> Int[np.ndarray, " m"]:
    """At most `count` of the indices, evenly spaced, with the first and the last."""
    positions = np.linspace(0, len(indices) - 1, min(count, len(indices)))
    return indices[positions.round().astype(np.int64)]
