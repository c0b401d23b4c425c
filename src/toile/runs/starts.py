"""The weights that readings and trials begin with: the same for all, however late they begin."""

from pathlib import Path

from toile.errors import ToileError
from toile.recipe import Recipe, Start
from toile.runs.listing import open_run
from toile.runs.run import Run
from toile.runs.tensors import load_arrays

Known = dict[tuple[str, str], str]
"""Hashes of weights, by the run they are of and which of its weights."""


def source_run(name: str) -> Run:
    """The run called `name`, to begin with. Raises ToileError, with what then stays, without it."""
    try:
        return open_run(name)
    except ToileError as error:
        if not Path(name).is_absolute():
            raise
        raise ToileError(
            f"training.start.run is {name}, and no run is there: it was removed or moved. Bring it "
            "back, as with  toile rm --undo , to take more of what begins with its weights; what "
            "was taken before is still read, by toile report"
        ) from error


def pin_start(recipe: Recipe, known: Known) -> Recipe:
    """`recipe` with the hash of the weights it begins with, those in `known` as they were then."""
    start = recipe.training.start
    if start is None or start.sha256:
        return recipe
    key = start.run, start.weights
    if key not in known:
        known[key] = sha256_now(start)
    pinned = start.model_copy(update={"sha256": known[key]})
    training = recipe.training.model_copy(update={"start": pinned})
    return recipe.model_copy(update={"training": training})


def sha256_now(start: Start) -> str:
    """The hash of the weights that a run begun now would begin with.

    That run may have been trained further. Empty where it has no such weights.
    """
    path = source_run(start.run).folder / f"{start.weights}.safetensors"
    return load_arrays(path).sha256 if path.exists() else ""
