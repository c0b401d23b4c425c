"""The census of every epoch, where a recipe asks for it: units counted on a few training images."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Int, Int64

from toile.inspection import Census, LayerCensus, run_census
from toile.runs.corrupt_file import CorruptFile
from toile.runs.run import Run
from toile.runs.tensors import load_arrays, save_arrays
from toile.streams import numpy_stream
from toile.training import Fit, all_threads

NUM_COUNTED = 2000
NUM_AT_ONCE = 64
"""Images a batch: a quarter less time than with 250, for its outputs stay near the processor."""
FOLDER = "census"


def keep_census(folder: Path, fit: Fit, epoch: int) -> None:
    """Count the units of the weights that `fit` scores, and keep the counts in a run's folder.

    On the same images after every epoch, so that an epoch trained again has the same file.
    """
    indices = census_images(fit.batches.labels.cpu().numpy(), NUM_COUNTED)
    pixels = fit.batches.gather(fit.batches.labels.new_tensor(indices))
    batches = (fit.batches.pixels.scaled(part) for part in pixels.split(NUM_AT_ONCE))
    with all_threads(fit.recipe.training):
        census = run_census(fit.scored, batches, correlations=False)
    arrays: dict[str, np.ndarray] = {}
    for layer in census.layers:
        arrays[f"{layer.name}/fired"] = layer.fired.astype(np.uint16)
        arrays[f"{layer.name}/flat"] = layer.flat.astype(np.uint16)
        arrays[f"{layer.name}/greatest"] = layer.greatest
    kinds = [[layer.name, layer.kind] for layer in census.layers]
    (folder / FOLDER).mkdir(exist_ok=True)
    save_arrays(
        folder / FOLDER / f"epoch-{epoch}.safetensors",
        arrays,
        {"images": census.images, "layers": kinds},
    )


def epoch_censuses(run: Run) -> list[tuple[int, Census]]:
    """The census after each epoch, in order; none where the run kept none.

    Raises CorruptFile where a file is damaged.
    """
    paths = {}
    for path in (run.folder / FOLDER).glob("epoch-*.safetensors"):
        if number := re.fullmatch(r"epoch-([1-9][0-9]*)\.safetensors", path.name):
            paths[int(number[1])] = path
    return [(epoch, _read(paths[epoch])) for epoch in sorted(paths)]


def census_images(labels: Int[np.ndarray, " n"], most: int) -> Int64[np.ndarray, " m"]:
    """Where `most` of the images lie, or all where there are fewer, ascending.

    Always the same ones, each class in its proportion to one image.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    shuffled = numpy_stream(0, "census").permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    # Evenly spaced along the classes in a row.
    return np.sort(by_class[np.arange(most) * len(labels) // most])


def _read(path: Path) -> Census:
    stored = load_arrays(path)
    try:
        images = int(stored.facts["images"])
        layers = tuple(
            LayerCensus(
                str(name),
                str(kind),
                images,
                stored.arrays[f"{name}/fired"].astype(np.int64),
                stored.arrays[f"{name}/flat"].astype(np.int64),
                stored.arrays[f"{name}/greatest"],
                (),
            )
            for name, kind in stored.facts["layers"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFile(f"{path} is damaged: it holds no census ({error!r:.60})") from None
    return Census(images, layers)
