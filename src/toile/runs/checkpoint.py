"""Checkpoints: one checked file each, the two newest kept."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from toile.errors import ToileError
from toile.runs.tensors import CorruptFile, Stored, load_arrays, save_arrays

KEPT = 2


def save_checkpoint(
    folder: Path, step: int, arrays: Mapping[str, np.ndarray], facts: dict[str, Any]
) -> None:
    """Write the checkpoint of `step` of the run in `folder`, then remove all but the newest two."""
    place = folder / "checkpoint"
    place.mkdir(exist_ok=True)
    save_arrays(place / f"step-{step}.safetensors", arrays, facts)
    # Only now, with the new one on disk under its name, may an old one go.
    for old in _newest_first(folder)[KEPT:]:
        old.unlink()
    for torn in place.glob(".*.tmp"):
        torn.unlink()


def load_checkpoint(folder: Path) -> tuple[Stored, list[str]]:
    """The newest checkpoint that is whole, and what was wrong with newer ones.

    Raises ToileError where there is none.
    """
    damaged: list[str] = []
    for path in _newest_first(folder):
        try:
            return load_arrays(path), damaged
        except CorruptFile as error:
            damaged.append(str(error))
    raise ToileError(
        f"{folder.name} has no checkpoint to go on from"
        + "".join(f"; {one}" for one in damaged)
        + f"; train it anew: toile train {folder / 'recipe.yaml'}"
    )


def has_checkpoint(folder: Path) -> bool:
    """Whether the run in `folder` ever came to write a checkpoint."""
    return bool(_newest_first(folder))


def _newest_first(folder: Path) -> list[Path]:
    steps = {}
    for path in (folder / "checkpoint").glob("step-*.safetensors"):
        if found := re.fullmatch(r"step-(\d+)\.safetensors", path.name):
            steps[int(found[1])] = path
    return [steps[step] for step in sorted(steps, reverse=True)]
