"""Imports a network from elsewhere as a run: reads it, finds its scaling, scores and checks it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax

from toile import evaluation
from toile.conversion import (
    SCALINGS,
    ForeignNetwork,
    network_of_module,
    network_of_state,
    ordered_outputs,
    read_bytes,
    read_network,
    read_state,
    scaled_inputs,
    transposed,
)
from toile.data import DataSource, Progress, data_values, no_progress
from toile.errors import ToileError, not_one_of
from toile.files import write_json
from toile.network import module_outputs
from toile.recipe import (
    NO_SETTINGS,
    Data,
    Recipe,
    data_of,
    read_recipe,
    recipe_of,
    shape_text,
)
from toile.runs import (
    IMPORT,
    PreparedData,
    Run,
    arrays_sha256,
    begin_prepared,
    new_run_id,
    prepare_data,
    runs_folder,
)
from toile.workbench.import_search import (
    ImportSearch,
    ReadNetwork,
    Tried,
    logits_of,
    pixels_as,
)

PROVED = 100
"""Pictures on which our network is compared with the file's own software."""
SAME = 1e-3
"""The most that the two may differ, relative to the largest output; both use float32."""
FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "logits": lambda logits: logits,
    "softmax": evaluation.probabilities,
    "log_softmax": lambda logits: log_softmax(logits, axis=1),
    "sigmoid": expit,
}
"""The functions that a file's last layer may apply to logits."""
Module = Any
"""A torch module."""


@dataclass(frozen=True)
class ImportProof:
    """The largest difference of the outputs on `n` pictures."""

    runtime: str
    n: int
    largest: float


@dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """The result of `import_network`: the `run`, the ways tried, and the `chosen` one.

    `classes` has the file's output for each class of the data; it is None if they are in order.
    `notes` name changes against the file. `proof` compares the run's network with the file's own
    software; it is None if that is not installed.

        >>> exported = toile.export_run(run, "onnx", "own.onnx")
        >>> imported = toile.import_network(exported.file, "fashion-sample", scaling="unit")
        >>> imported.chosen.words, imported.proof.n, imported.proof.largest < 1e-3
        ('0 to 1', 100, True)
    """

    run: Run
    tried: tuple[Tried, ...]
    chosen: Tried
    classes: tuple[int, ...] | None
    layers: Mapping[str, str]
    notes: tuple[str, ...]
    proof: ImportProof | None

    @property
    def sentence(self) -> str:
        """The best ways of scaling its pictures, with their accuracies."""
        ranked = sorted(self.tried, key=lambda tried: -tried.accuracy.value)
        rows = [f"{tried.words}: {100 * tried.accuracy.value:.1f} %" for tried in ranked[:4]]
        return "; ".join(rows)

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "run": str(self.run.folder),
            "chosen": self.chosen.to_json(),
            "tried": [tried.to_json() for tried in self.tried],
            "classes": None if self.classes is None else list(self.classes),
            "layers": dict(self.layers),
            "notes": list(self.notes),
            "proof": None if self.proof is None else vars(self.proof),
            "score": self.run.score.to_json(),
        }


def import_network(
    source: str | Path | Module,
    data: DataSource,
    *,
    recipe: str | Path | Recipe | None = None,
    scaling: str | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
    out: str | Path | None = None,
    progress: Progress = no_progress,
) -> ImportedNetwork:
    """Import a network that was trained elsewhere as a run, which can be used like any other.

    `source` is a Keras (.h5, .keras) or ONNX file, a safetensors state dict with the `recipe` of
    its network, or a torch Sequential. `settings` are only of data. The selection half of
    validation finds out how its pictures were scaled if `scaling` (such as "unit" or "bytes") is
    not set, and whether pictures are transposed or classes in another order. The other half scores.
    Its training data is unknown, so its scores enter no comparison unless that is allowed. Raises
    ToileError, which names the layer, if a layer is not supported; if no way of reading is good
    enough; or if its outputs differ from those of its own software.

        >>> exported = toile.export_run(run, "onnx", "network.onnx")
        >>> imported = toile.import_network(exported.file, "fashion-sample", scaling="unit")
        >>> imported.run.status, imported.run.score.of
        ('imported', 'the scoring half of validation')
    """
    if scaling is not None and scaling not in SCALINGS:
        raise not_one_of("scaling", scaling, SCALINGS)
    prepared = prepare_data(_data(data, recipe, settings), progress)
    network, prepared = _read(source, recipe, prepared, progress)
    _refuse_other_classes(network, prepared)
    search = ImportSearch(network, prepared, progress)
    channels = network.shape[0]
    fitting = [name for name, each in SCALINGS.items() if each.fits(channels)]
    if scaling is not None and scaling not in fitting:
        raise ToileError(
            f"scaling is {scaling}, which is of three channels, and {network.source} takes "
            f"pictures of {channels}; one of {', '.join(fitting)} fits"
        )
    read = search.best([scaling] if scaling else fitting, is_explicit=scaling is not None)
    proof = _proof(network, read, prepared)
    run = _begin(read.network, read.tried, prepared, source, out)
    imported = ImportedNetwork(
        run,
        tuple(search.tried),
        read.tried,
        read.classes,
        network.origins,
        (*network.notes, *read.notes),
        proof,
    )
    # By its id, since paths of this machine do not belong into a run that may be shared.
    record = imported.to_json() | {"run": run.id, "sentence": imported.sentence}
    write_json(run.folder / IMPORT, record)
    return imported


def _data(
    data: DataSource, recipe: str | Path | Recipe | None, settings: Mapping[str, Any]
) -> Data:
    base = Data() if recipe is None else read_recipe(recipe).data
    if unknown := [address for address in settings if not address.startswith("data.")]:
        raise ToileError(f"{unknown[0]} is no setting of data; an import has only those")
    values = {
        address.removeprefix("data."): value
        for address, value in (data_values(data) | dict(settings)).items()
    }
    fields = base.model_dump(mode="json") | values
    if not fields["validation"] and fields["folds"] is None:
        raise ToileError(
            "data.validation is 0; an imported network needs held-out images to find its scaling "
            "and to score it: hold some out"
        )
    return data_of(fields)


def _read(
    source: str | Path | Module,
    recipe: str | Path | Recipe | None,
    prepared: PreparedData,
    progress: Progress,
) -> tuple[ForeignNetwork, PreparedData]:
    """The network, and the data in the size and colours of its input."""
    dataset = prepared.dataset
    if isinstance(source, str | Path):
        path = Path(source)
        if path.suffix.lower() == ".safetensors":
            if recipe is None:
                raise ToileError(
                    f"{path} holds weights without a network; name the network by --recipe, a "
                    "recipe file or a preset"
                )
            layers = read_recipe(recipe).network
            state = read_state(read_bytes(path), path.name)
            classes = len(dataset.class_names)
            return network_of_state(state, path.name, layers, dataset.shape, classes), prepared
        network = read_network(path, dataset.shape)
    else:
        network = network_of_module(source, dataset.shape)
        runtime = partial(module_outputs, source)
        network = replace(network, runtime=runtime, runtime_name="the module itself")
    if recipe is not None:
        raise ToileError(
            f"--recipe is only for weights, and {network.source} has its layers; leave it out"
        )
    if network.shape == dataset.shape:
        return network, prepared
    channels, height, width = network.shape
    if height != width or channels not in (1, 3):
        raise ToileError(
            f"{network.source} needs pictures of {shape_text(network.shape)}, and the data's are "
            f"{shape_text(dataset.shape)}; they can only be made grey or rgb, and square"
        )
    fields = prepared.settings.model_dump(mode="json")
    fields |= {"size_px": height, "colour": "grey" if channels == 1 else "rgb"}
    note = (
        f"pictures are converted to {shape_text(network.shape)} for it (data.size_px={height}, "
        f"data.colour={fields['colour']}); the data's are {shape_text(dataset.shape)}"
    )
    again = prepare_data(data_of(fields), progress)
    if again.dataset.shape != network.shape:
        raise ToileError(
            f"{network.source} needs pictures of {shape_text(network.shape)}, to which the data's, "
            f"of {shape_text(dataset.shape)}, cannot be converted"
        )
    return replace(network, notes=(*network.notes, note)), again


def _refuse_other_classes(network: ForeignNetwork, prepared: PreparedData) -> None:
    classes = len(prepared.dataset.class_names)
    # If labels began at 1, one output has no class and can be cut off.
    is_cut = network.outputs == classes + 1 and ordered_outputs(network, range(classes)) is not None
    if network.outputs != classes and not is_cut:
        raise ToileError(
            f"{network.source} has {network.outputs} outputs, and {prepared.dataset.name} has "
            f"{classes} classes; import it with the data it was trained on, and then train other "
            "classes from its weights: toile train ... --from RUN"
        )


def _begin(
    network: ForeignNetwork,
    tried: Tried,
    prepared: PreparedData,
    source: str | Path | Module,
    out: str | Path | None,
) -> Run:
    """The run, scored, with the files of every run."""
    file = Path(source).name if isinstance(source, str | Path) else type(source).__name__
    stem = "".join(
        c if c.isascii() and c.isalnum() else "-" for c in Path(file).stem.lower()
    ).strip("-")
    name = (stem or "network")[:40].strip("-")
    folder = Path(out) if out is not None else runs_folder() / new_run_id(name)
    scaling = "standard" if SCALINGS[tried.scaling].is_standard else "unit"
    settings = prepared.settings.model_copy(update={"scaling": scaling})
    recipe = recipe_of(
        {
            "name": name,
            "about": {"title": f"Imported from {file}"[:200]},
            "data": settings.model_dump(mode="json"),
            "network": list(network.layers),
            "training": {
                "epochs": 0,
                "start": {
                    "run": str(folder.resolve()),
                    "file": file[:255],
                    "sha256": arrays_sha256(network.weights, {}),
                    "unknown": [file[:255]],
                    "selected": True,
                },
            },
        }
    )
    data = replace(prepared, settings=recipe.data)
    return begin_prepared(recipe, data, folder, imported=network.weights).finish()


def _proof(
    network: ForeignNetwork, read: ReadNetwork, prepared: PreparedData
) -> ImportProof | None:
    """Compare the network with its own software on validation pictures.

    Classes are in the file's order. Raises ToileError if the outputs differ by more than rounding:
    then it was read wrongly.
    """
    if network.runtime is None:
        return None
    images = prepared.split.validation
    images = images.gather(np.arange(min(PROVED, len(images))))
    scaling = SCALINGS[read.tried.scaling]
    across = transposed(network) if read.tried.is_transposed else network
    assert across is not None
    ours = logits_of(scaled_inputs(across, scaling), scaling, prepared, images)
    pixels = pixels_as(scaling, prepared)
    inputs = (images.pixels[:] / np.float32(255) - _columns(pixels.mean)) / _columns(pixels.sd)
    inputs = inputs * _columns(scaling.factor) + _columns(scaling.offset)
    theirs = network.runtime(inputs.transpose(0, 1, 3, 2) if read.tried.is_transposed else inputs)
    if theirs.shape[1] == 1:
        ours = ours[:, 1:] - ours[:, :1]
    ours = FUNCTIONS[network.output_kind](ours)
    largest = float(np.abs(theirs - ours).max()) if theirs.shape == ours.shape else np.inf
    if not largest <= SAME * max(1.0, float(np.abs(theirs).max())):
        raise ToileError(
            f"{network.source}: the outputs as read here differ from those of "
            f"{network.runtime_name} by up to {largest:.3g} of "
            f"{float(np.abs(theirs).max()):.3g}, so nothing was imported; one of its layers has a "
            "meaning that is not supported"
        )
    return ImportProof(network.runtime_name, len(images), largest)


def _columns(values: Sequence[float]) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(1, -1, 1, 1)
