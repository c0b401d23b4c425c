"""Which pictures a run knows: those that its weights were trained on, and its sealed ones.

Kept as hashes (see `toile.data`), eight bytes each, so that a picture is known again in another
folder, size or colour, and where the data is gone. Weights that a run began with count: what they
were trained on, it was trained on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from toile.data import Dataset, HashSet, Split, load_here, split_data
from toile.errors import ToileError
from toile.prediction import Seal
from toile.recipe import Start
from toile.runs.corrupt_file import CorruptFile
from toile.runs.listing import open_run
from toile.runs.run import Run
from toile.runs.run_files import PICTURES
from toile.runs.tensors import load_arrays, save_arrays
from toile.runs.workspace import RunsFolder


@dataclass(frozen=True, eq=False)
class Pictures:
    """Hashes of what was `trained` on and of what is `sealed`, each once and sorted.

    `unknown` are the ids of runs that the weights came from whose pictures nobody knows.
    """

    trained: HashSet
    sealed: HashSet
    unknown: tuple[str, ...] = ()


def pictures_to_keep(dataset: Dataset, split: Split, before: Pictures | None) -> Pictures:
    """What a new run knows; `before` is what the run knows whose weights it begins with."""
    pictures = Pictures(split.train.hash_set, dataset.test.hashes)
    if before is None:
        return pictures
    return Pictures(np.union1d(pictures.trained, before.trained), pictures.sealed, before.unknown)


def write_pictures(folder: Path, pictures: Pictures) -> None:
    """Keep `pictures` in a run's folder."""
    arrays = {"trained": pictures.trained, "sealed": pictures.sealed}
    save_arrays(folder / PICTURES, arrays, {"unknown": list(pictures.unknown)})


def read_pictures(folder: Path) -> Pictures | None:
    """What the run in `folder` keeps; None in runs from before it was kept.

    Raises CorruptFile where the file is damaged.
    """
    path = folder / PICTURES
    if not path.exists():
        return None
    stored = load_arrays(path)
    unknown: Any = stored.facts.get("unknown")
    is_valid = isinstance(unknown, list) and all(isinstance(run_id, str) for run_id in unknown)
    for name in ("trained", "sealed"):
        hashes = stored.arrays.get(name)
        is_valid &= hashes is not None and hashes.dtype == np.uint64 and hashes.ndim == 1
    if not is_valid:
        raise CorruptFile(f"{path} is damaged: it holds no hashes of pictures")
    return Pictures(stored.arrays["trained"], stored.arrays["sealed"], tuple(unknown))


def pictures_of(run: Run) -> Pictures:
    """What `run` knows; of a run from before it was kept, what follows from its data and recipe.

    Where its data is not here, or is no longer the same, the run itself is among the `unknown`.
    """
    return _pictures_of(run, ())


def seal_of(run: Run, known: Pictures) -> Seal:
    """The seal on the test part of the data of `run`, by what it knows.

    With a doubt where nothing tells a test picture: in a run of an older Toile, its data gone.
    """
    doubt = (
        f"it may be of the sealed test part of {run.name}: which pictures that has is not known "
        f"without its data, {run.recipe.data.name}"
    )
    return Seal(
        known.sealed,
        # The recipe has the whole path also in older runs, whose data.json may have it as typed.
        Path(run.recipe.data.name),
        f"of the sealed test part of {run.name}'s data; take other pictures, or look: toile "
        f"evaluate {run.name} --open-test --why REASON",
        (doubt,) if run.id in known.unknown else (),
    )


def _source_of(start: Start) -> Run:
    """The run whose weights `start` names, also once it was renamed, or is in the bin."""
    try:
        return open_run(start.run)
    except ToileError:
        for run in RunsFolder().runs_called(Path(start.run).name):
            path = run.folder / f"{start.weights}.safetensors"
            if path.exists() and load_arrays(path).sha256 == start.sha256:
                return run
        raise


def _dataset_here(run: Run) -> Dataset | None:
    """The data of `run` where it is here: by a path of another machine nothing is opened."""
    from toile.runs.known_data import data_settings

    try:
        return load_here(data_settings(run))
    except ToileError:
        return None


def _pictures_of(run: Run, after: Iterable[Path]) -> Pictures:
    stored = read_pictures(run.folder)
    if stored is not None:
        return stored
    nothing = np.empty(0, np.uint64)
    recipe = run.recipe
    dataset = _dataset_here(run)
    if dataset is None or dataset.order != run.data.order:
        pictures = Pictures(nothing, nothing, (run.id,))
    else:
        pictures = pictures_to_keep(dataset, split_data(dataset.train, recipe.data), None)
    if recipe.training.start is None:
        return pictures
    name = recipe.training.start.run
    try:
        source = _source_of(recipe.training.start)
        # A folder that was edited by hand may begin with itself.
        if source.folder.resolve() in (run.folder.resolve(), *after):
            raise ToileError(f"{name} begins with its own weights")
        before = _pictures_of(source, (run.folder.resolve(), *after))
    except ToileError:
        before = Pictures(nothing, nothing, (Path(name).name,))
    unknown = tuple(dict.fromkeys((*pictures.unknown, *before.unknown)))
    return Pictures(np.union1d(pictures.trained, before.trained), pictures.sealed, unknown)
