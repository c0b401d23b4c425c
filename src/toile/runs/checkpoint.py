"""Checkpoints: one checked file each, the two newest kept."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from toile.errors import ToileError
from toile.recipe import read_text
from toile.runs.corrupt_file import CorruptFile
from toile.runs.tensors import Arrays, Stored, load_arrays, save_arrays

CHECKPOINT_SECONDS = 30.0
"""Between two checkpoints within an epoch, unless another number is asked for."""
NUM_CHECKPOINTS = 2
OPTIMIZER = "optimizer/"


def save_checkpoint(
    folder: Path, step: int, arrays: Mapping[str, np.ndarray], facts: dict[str, Any]
) -> None:
    """Write the checkpoint of `step` of the run in `folder`, then remove all but the newest two."""
    checkpoints = folder / "checkpoint"
    checkpoints.mkdir(exist_ok=True)
    save_arrays(checkpoints / f"step-{step}.safetensors", arrays, facts)
    # Old ones are removed only now, when the new one is on disk under its name.
    for old in _newest_first(folder)[NUM_CHECKPOINTS:]:
        old.unlink()
    for torn in checkpoints.glob(".*.tmp"):
        torn.unlink()


def load_checkpoint(
    folder: Path, refuse: Callable[[Stored], None] = lambda stored: None
) -> tuple[Stored, list[str]]:
    """The newest checkpoint that is whole, and what was wrong with newer ones.

    `refuse` raises CorruptFile for one that is whole and still not to be taken. Raises ToileError
    where there is none.
    """
    damaged: list[str] = []
    for path in _newest_first(folder):
        try:
            stored = load_arrays(path)
            try:
                refuse(stored)
            except CorruptFile as error:
                raise CorruptFile(f"{path}: {error}") from None
            return stored, damaged
        except CorruptFile as error:
            damaged.append(str(error))
    raise ToileError(
        f"{folder.name} has no checkpoint to go on from"
        + "".join(f"; {fault}" for fault in damaged)
        + f"; train it anew: toile train {folder / 'recipe.yaml'}"
    )


def has_checkpoint(folder: Path) -> bool:
    """Whether the run in `folder` ever came to write a checkpoint."""
    return bool(_newest_first(folder))


def run_version(folder: Path) -> tuple[str, ...]:
    """A value that changes whenever the run in `folder` is trained on or asked for more epochs."""
    recipe = read_text(folder / "recipe.yaml")
    return (recipe, *(path.name for path in _newest_first(folder)))


def refuse_other_network(stored: Stored, expected: Arrays) -> None:
    """Raise CorruptFile unless `stored` fits a training whose arrays after a step are `expected`.

    Those of the optimiser, which has none before, may be missing. They are held to be laid out
    without gaps: a layout with gaps could ask for any amount of memory.
    """
    arrays, strides = stored.arrays, stored.facts.get("strides")
    if not isinstance(strides, dict):
        raise CorruptFile("it does not say how its arrays lie in memory")
    # The optimiser has all or none of what it keeps of a weight.
    begun = {name.rpartition("/")[0] for name in arrays if name.startswith(OPTIMIZER)}
    for name, array in expected.items():
        held = arrays.get(name)
        if held is None and name.startswith(OPTIMIZER) and name.rpartition("/")[0] not in begun:
            continue
        if held is None or (held.shape, held.dtype) != (array.shape, array.dtype):
            actual = "missing" if held is None else f"{held.dtype} {held.shape}"
            raise CorruptFile(
                f"its {name} is {actual}, and by the recipe {array.dtype} {array.shape}; it is "
                "another training's"
            )
    for name, array in arrays.items():
        if name not in expected:
            raise CorruptFile(f"its {name!r:.60} is nothing that this training keeps")
        if name.startswith(OPTIMIZER) and not _is_dense(array, strides.get(name)):
            raise CorruptFile(f"its {name} lies in memory by {strides.get(name)!r:.60}")


def _is_dense(array: np.ndarray, strides: Any) -> bool:
    """Whether `strides` lay out the elements of `array` with no gap."""
    if not isinstance(strides, list) or len(strides) != array.ndim:
        return False
    if not all(type(stride) is int and 0 < stride <= array.size for stride in strides):
        return False
    steps = zip(array.shape, strides, strict=True)
    return array.size > 0 and 1 + sum((n - 1) * stride for n, stride in steps) == array.size


def _newest_first(folder: Path) -> list[Path]:
    steps = {}
    for path in (folder / "checkpoint").glob("step-*.safetensors"):
        if match := re.fullmatch(r"step-(\d+)\.safetensors", path.name):
            steps[int(match[1])] = path
    return [steps[step] for step in sorted(steps, reverse=True)]
