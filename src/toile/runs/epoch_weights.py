"""The weights after every epoch, where a recipe keeps them."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from toile.errors import ToileError
from toile.network import Network, trained_network
from toile.runs.corrupt_file import CorruptFile
from toile.runs.run import Run
from toile.runs.tensors import load_arrays, save_arrays

FOLDER = "epochs"


def keep_weights(folder: Path, weights: Mapping[str, np.ndarray], epoch: int) -> None:
    """Keep the weights scored after `epoch` in a run's folder."""
    (folder / FOLDER).mkdir(exist_ok=True)
    save_arrays(_path(folder, epoch), weights)


def has_saved_epochs(run: Run) -> bool:
    """Whether `run` keeps weights of its epochs."""
    return any((run.folder / FOLDER).glob("epoch-*.safetensors"))


def saved_epochs(run: Run) -> list[int]:
    """The epochs whose weights `run` keeps, in order. Raises ToileError where it keeps none."""
    names = [path.name for path in (run.folder / FOLDER).glob("epoch-*.safetensors")]
    matches = [re.fullmatch(r"epoch-([1-9][0-9]*)\.safetensors", name) for name in names]
    epochs = sorted(int(match[1]) for match in matches if match)
    if not epochs:
        raise ToileError(
            f"{run.id} keeps no weights of its epochs; train it with --set training.keep=epochs"
        )
    return epochs


def epoch_network(run: Run, epoch: int) -> Network:
    """The network of `run` as it was after `epoch`, in evaluation mode, on the CPU.

    Raises CorruptFile where its weights are damaged or another network's.
    """
    path = _path(run.folder, epoch)
    try:
        return trained_network(run.plan, load_arrays(path).arrays)
    except CorruptFile:
        raise
    except ToileError as error:
        raise CorruptFile(f"{path} does not fit {run.folder / 'recipe.yaml'}: {error}") from None


def _path(folder: Path, epoch: int) -> Path:
    return folder / FOLDER / f"epoch-{epoch}.safetensors"
