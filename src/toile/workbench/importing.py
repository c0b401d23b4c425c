"""A network from elsewhere as a run: read, its pictures' scale found out, scored, proved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from scipy.optimize import linear_sum_assignment
from scipy.special import log_softmax

from toile import evaluation
from toile.conversion import (
    SCALINGS,
    ForeignNetwork,
    Scaling,
    network_of_module,
    network_of_state,
    ordered_outputs,
    read_bytes,
    read_network,
    read_state,
    scaled_inputs,
    transposed,
)
from toile.data import DataSource, Images, Progress, data_values, no_progress
from toile.errors import ToileError, did_you_mean
from toile.evaluation import Estimate
from toile.files import write_json
from toile.network import network_logits, pixels_of, trained_network
from toile.recipe import (
    NO_SETTINGS,
    Data,
    Recipe,
    data_of,
    plan_network,
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

PROVED = 100
"""Pictures on which our network and the file's own software are compared."""
Module = Any
"""A torch module."""


@dataclass(frozen=True)
class Tried:
    """One way to read the network, and its accuracy on the half of validation that chooses."""

    scaling: str
    is_transposed: bool
    is_reordered: bool
    accuracy: Estimate

    @property
    def words(self) -> str:
        """As `0 to 255, transposed`."""
        suffix = ", transposed" * self.is_transposed
        return f"{SCALINGS[self.scaling].words}{suffix}{', classes reordered' * self.is_reordered}"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "scaling": self.scaling,
            "transposed": self.is_transposed,
            "reordered": self.is_reordered,
            "accuracy": self.accuracy.to_json(),
        }


@dataclass(frozen=True)
class ImportProof:
    """The largest difference of logits, or of what the file gives, on `n` pictures."""

    runtime: str
    n: int
    largest: float


@dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """What `import_network` made: the `run`, what was tried, and which of it was `chosen`.

    `classes` says for each class of the data which output of the file it is, None where they are
    in order. `notes` say what was read otherwise than it stands in the file, and `proof` how close
    the run's network is to the file's own software, None where that is not at hand.
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
        """How its pictures were scaled, by the accuracies of all that was tried."""
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
    """A run of a network that was trained elsewhere, by which all that works on a run works on it.

    `source` is a Keras (.h5, .keras) or ONNX file, a safetensors state dict with the `recipe` of
    its network, or a torch Sequential. `settings` are of data alone. How its pictures were scaled
    (`scaling`, as "unit" or "bytes") is found out on the half of validation that chooses, where it
    is not said; so are transposed pictures and another order of classes, where no scaling works.
    The other half scores. Nothing tells what it was trained on, so its scores enter no comparison
    unless that is allowed. Raises ToileError naming the layer that no network here holds, or where
    nothing that is tried does better than chance.

        >>> module = run.classifier().module
        >>> imported = toile.import_network(module, "fashion-sample")
        >>> imported.run.status, imported.chosen.scaling
        ('imported', 'unit')
    """
    if scaling is not None and scaling not in SCALINGS:
        raise ToileError(
            f"scaling is {scaling}{did_you_mean(scaling, SCALINGS)}; it is one of "
            f"{', '.join(SCALINGS)}"
        )
    prepared = prepare_data(_data(data, recipe, settings), progress)
    network, prepared = _read(source, recipe, prepared, progress)
    _refuse_other_classes(network, prepared)
    search = _Search(network, prepared, progress)
    candidate = search.best(
        [scaling] if scaling else list(SCALINGS), is_explicit=scaling is not None
    )
    run = _begin(candidate.network, candidate.tried, prepared, source, out)
    imported = ImportedNetwork(
        run,
        tuple(search.tried),
        candidate.tried,
        candidate.classes,
        network.origins,
        (*network.notes, *candidate.notes),
        _proof(network, candidate, run, prepared),
    )
    write_json(run.folder / IMPORT, imported.to_json() | {"sentence": imported.sentence})
    return imported


def _data(
    data: DataSource, recipe: str | Path | Recipe | None, settings: Mapping[str, Any]
) -> Data:
    base = Data() if recipe is None else read_recipe(recipe).data
    if unknown := [address for address in settings if not address.startswith("data.")]:
        raise ToileError(f"{unknown[0]} is no setting of data; an import takes those alone")
    values = {
        address.removeprefix("data."): value
        for address, value in (data_values(data) | dict(settings)).items()
    }
    fields = base.model_dump(mode="json") | values
    if not fields["validation"] and fields["folds"] is None:
        raise ToileError(
            "data.validation is 0; an imported network's scaling is found out, and scored, on "
            "images held out"
        )
    return data_of(fields)


def _read(
    source: str | Path | Module,
    recipe: str | Path | Recipe | None,
    prepared: PreparedData,
    progress: Progress,
) -> tuple[ForeignNetwork, PreparedData]:
    """The network, and the data at the size and colours that it takes."""
    dataset = prepared.dataset
    if isinstance(source, str | Path):
        path = Path(source)
        if path.suffix.lower() == ".safetensors":
            if recipe is None:
                raise ToileError(
                    f"{path} holds weights without a network; say which it is: --recipe FILE, a "
                    "recipe or a preset's name"
                )
            layers = read_recipe(recipe).network
            state = read_state(read_bytes(path), path.name)
            classes = len(dataset.class_names)
            return network_of_state(state, path.name, layers, dataset.shape, classes), prepared
        network = read_network(path, dataset.shape)
    else:
        network = network_of_module(source, dataset.shape)
    if recipe is not None:
        raise ToileError(f"--recipe is of weights alone, and {network.source} says its own layers")
    if network.shape == dataset.shape:
        return network, prepared
    channels, height, width = network.shape
    if height != width or channels not in (1, 3):
        raise ToileError(
            f"{network.source} takes pictures of {shape_text(network.shape)}, and the data's are "
            f"{shape_text(dataset.shape)}; they can be made grey or rgb, and square, and no other"
        )
    fields = prepared.settings.model_dump(mode="json")
    fields |= {"size_px": height, "colour": "grey" if channels == 1 else "rgb"}
    note = (
        f"pictures are made {shape_text(network.shape)} for it (data.size_px={height}, data.colour="
        f"{fields['colour']}); the data's are {shape_text(dataset.shape)}"
    )
    again = prepare_data(data_of(fields), progress)
    if again.dataset.shape != network.shape:
        raise ToileError(
            f"{network.source} takes pictures of {shape_text(network.shape)}, and the data's, of "
            f"{shape_text(dataset.shape)}, cannot be made so"
        )
    return replace(network, notes=(*network.notes, note)), again


def _refuse_other_classes(network: ForeignNetwork, prepared: PreparedData) -> None:
    classes = len(prepared.dataset.class_names)
    # Labels that begin at 1 leave an output over that no class has.
    if network.outputs not in (classes, classes + 1):
        raise ToileError(
            f"{network.source} gives {network.outputs} outputs, and {prepared.dataset.name} has "
            f"{classes} classes; import it with the data it was trained on, and begin with its "
            "weights for other classes: toile train ... --from RUN"
        )


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A network that takes our pictures, as it was read."""

    network: ForeignNetwork
    tried: Tried
    classes: tuple[int, ...] | None
    notes: tuple[str, ...] = ()


class _Search:
    """Tries how a network's pictures were scaled on the half of validation that chooses."""

    def __init__(self, network: ForeignNetwork, prepared: PreparedData, progress: Progress) -> None:
        self.network, self.prepared, self.progress = network, prepared, progress
        split = prepared.split
        self.images: Images = split.validation.gather(np.flatnonzero(split.selection))
        self.classes = len(prepared.dataset.class_names)
        self.tried: list[Tried] = []
        counts = np.bincount(self.images.labels, minlength=self.classes)
        self.chance = float(counts.max() / max(1, counts.sum()))

    def best(self, names: Sequence[str], is_explicit: bool) -> _Candidate:
        """The way of reading it that does best; raises ToileError where none beats chance.

        A scaling that `is_explicit` is taken as it is, with a note where it does no better.
        """
        total = 2 * len(names)
        ways: dict[bool, list[_Way]] = {False: [], True: []}
        for is_transposed, network in ((False, self.network), (True, transposed(self.network))):
            for name in names if network is not None else ():
                assert network is not None
                self.progress(len(self.tried), total, "trying scales")
                ways[is_transposed].append(self._try(network, name, is_transposed))
        candidate = max(ways[False], key=_accuracy).candidate
        reordered = [self._reordered(way) for way in (*ways[False], *ways[True])]
        # What is unusual is taken where it is better beyond doubt: chance alone finds some order.
        for candidates in (
            [way.candidate for way in ways[True]],
            [way for way in reordered if way],
        ):
            rival = max(candidates, key=lambda rival: rival.tried.accuracy.value, default=candidate)
            if rival.tried.accuracy.low > candidate.tried.accuracy.high:
                candidate = rival
        self.progress(total, total, "trying scales")
        if candidate.tried not in self.tried:
            self.tried.append(candidate.tried)
        if self._works(candidate.tried):
            return candidate
        table = "; ".join(
            f"{tried.words}: {100 * tried.accuracy.value:.1f} %"
            for tried in sorted(self.tried, key=lambda tried: -tried.accuracy.value)[:8]
        )
        problem = (
            f"no way of reading {self.network.source} does better than always answering the "
            f"commonest class ({100 * self.chance:.1f} % of {len(self.images)} images): {table}"
        )
        if is_explicit:
            return replace(candidate, notes=(problem,))
        raise ToileError(
            f"{problem}. Tried were eight scales, transposed pictures, and other orders of the "
            "classes. It may have been trained on other pictures or classes than these, or on "
            "pictures that were prepared in another way; --scaling takes it as it is"
        )

    def _works(self, tried: Tried) -> bool:
        return tried.accuracy.low > self.chance

    def _try(self, network: ForeignNetwork, name: str, is_transposed: bool) -> "_Way":
        scaling = SCALINGS[name]
        scaled = scaled_inputs(network, scaling)
        logits = _logits(scaled, scaling, self.prepared, self.images)
        # An output more than there are classes is the first, which no label has.
        extra = scaled.outputs - self.classes
        accuracy = evaluation.accuracy(logits[:, : self.classes], self.images.labels)
        tried = Tried(name, is_transposed, False, accuracy)
        self.tried.append(tried)
        if extra:
            scaled = ordered_outputs(scaled, range(self.classes)) or scaled
        return _Way(_Candidate(scaled, tried, None), logits)

    def _reordered(self, way: "_Way") -> _Candidate | None:
        """The same with each class given the output that answers it most often."""
        candidate, logits = way.candidate, way.logits
        outputs = logits.shape[1]
        counts = np.zeros((self.classes, outputs), np.int64)
        np.add.at(counts, (self.images.labels, logits.argmax(1)), 1)
        order = tuple(int(index) for index in linear_sum_assignment(-counts)[1])
        if order == tuple(range(self.classes)):
            return None
        network = transposed(self.network) if candidate.tried.is_transposed else self.network
        assert network is not None
        scaled = scaled_inputs(network, SCALINGS[candidate.tried.scaling])
        network = ordered_outputs(scaled, order)
        if network is None:
            return None
        accuracy = evaluation.accuracy(logits[:, order], self.images.labels)
        tried = replace(candidate.tried, is_reordered=True, accuracy=accuracy)
        note = "its classes are in another order: " + ", ".join(
            f"output {output} is {name}"
            for output, name in zip(order, self.prepared.dataset.class_names, strict=True)
        )
        return _Candidate(network, tried, order, (note,))


@dataclass(frozen=True, eq=False)
class _Way:
    """A network as it was read, and all it gave: outputs that no class has among them."""

    candidate: _Candidate
    logits: Float32[np.ndarray, "n k"]


def _accuracy(way: _Way) -> float:
    return way.candidate.tried.accuracy.value


def _logits(
    network: ForeignNetwork, scaling: Scaling, prepared: PreparedData, images: Images
) -> Float32[np.ndarray, "n k"]:
    plan = plan_network(network.layers, network.shape, network.outputs)
    statistics = prepared.statistics
    pixels = pixels_of(
        "standard" if scaling.is_standard else "unit", statistics.mean, statistics.sd
    )
    return network_logits(trained_network(plan, network.weights), images.pixels, pixels)


def _begin(
    network: ForeignNetwork,
    tried: Tried,
    prepared: PreparedData,
    source: str | Path | Module,
    out: str | Path | None,
) -> Run:
    """The run, scored and with all that every run keeps."""
    file = Path(source).name if isinstance(source, str | Path) else type(source).__name__
    stem = "".join(c if c.isalnum() else "-" for c in Path(file).stem.lower()).strip("-")
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
                },
            },
        }
    )
    data = replace(prepared, settings=recipe.data)
    return begin_prepared(recipe, data, folder, imported=network.weights).finish()


def _proof(
    network: ForeignNetwork, candidate: _Candidate, run: Run, prepared: PreparedData
) -> ImportProof | None:
    """The file's own software beside the network that was made of it, on validation pictures."""
    if network.runtime is None:
        return None
    images = prepared.split.validation
    images = images.gather(np.arange(min(PROVED, len(images))))
    scaling = SCALINGS[candidate.tried.scaling]
    statistics = prepared.statistics
    pixels = pixels_of(
        "standard" if scaling.is_standard else "unit", statistics.mean, statistics.sd
    )
    inputs = (images.pixels / np.float32(255) - _columns(pixels.mean)) / _columns(pixels.sd)
    inputs = np.asarray(inputs * scaling.factor + scaling.offset, np.float32)
    if candidate.tried.is_transposed:
        inputs = inputs.transpose(0, 1, 3, 2)
    theirs = network.runtime(inputs)
    ours = run.classifier().model.logits(images.pixels)
    order = list(candidate.classes) if candidate.classes is not None else list(range(ours.shape[1]))
    functions: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
        "softmax": evaluation.probabilities,
        "log_softmax": lambda logits: log_softmax(logits, axis=1),
    }
    if theirs.shape[1] == ours.shape[1] + 1 or network.output_kind == "sigmoid":
        return None
    ours = functions.get(network.output_kind, lambda logits: logits)(ours)
    largest = float(np.abs(theirs[:, order] - ours).max())
    return ImportProof(network.runtime_name, len(images), largest)


def _columns(values: Sequence[float]) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(1, -1, 1, 1)
