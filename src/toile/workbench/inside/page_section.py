"""The section of a run's page on the inside of its network: quick, and without test images."""

from typing import Any

import numpy as np
from jaxtyping import UInt8

from toile.data import AnyPixels
from toile.errors import ToileError
from toile.evaluation import confident_errors, probabilities
from toile.recipe import LayerPlan, Plan, layers
from toile.report import CensusRow, InsideSection, Mosaic, Origin, ShownHeat, heat_uri, mosaic
from toile.runs import CorruptFile, Run, load_arrays, read_state
from toile.streams import numpy_stream

ACTIVATIONS = (
    layers.ReLU, layers.LeakyReLU, layers.ELU, layers.GELU, layers.SiLU, layers.Tanh,
    layers.Sigmoid,
)  # fmt: skip
MISTAKES = 3
"""Most confident mistakes with Grad-CAM, besides a validation image drawn by seed 0."""


def inside_section(run: Run, pixels: AnyPixels | None) -> InsideSection:
    """The section of `run`; `pixels` are its validation images; without them no network runs.

    Kernels are read from its weights, and the census from its records. torch is loaded only if
    there is a census to read, or `pixels`.
    """
    kernels = _kernels(run)
    section: dict[str, Any] = {"origin": _origin(run), **_census(run)}
    mosaics = [kernels] if kernels is not None else []
    fits = pixels is not None and len(pixels) and pixels.shape[1:] == run.data.shape
    if pixels is not None and fits and (run.folder / "last.safetensors").exists():
        seen = _seen(run, pixels)
        mosaics += seen.pop("mosaics")
        section |= seen
    return InsideSection(**section, mosaics=tuple(mosaics))


def _origin(run: Run) -> Origin | None:
    start = run.recipe.training.start
    if start is None or not start.cut:
        return None
    cut = ", ".join(f"{len(part.channels)} channels of {part.layer}" for part in start.cut)
    return Origin(start.run.rpartition("/")[2], cut, _price(run))


def _price(run: Run) -> str:
    """The effect of the cut, and whether it was measured with the run's present weights."""
    pruning = run.pruning
    if pruning is None:
        return ""
    # Every scored epoch replaces the weights. Older records have no epoch.
    priced, now = pruning.get("epoch"), read_state(run.folder).epoch
    if priced == now or (priced is None and not run.recipe.training.extended):
        return str(pruning["sentence"])
    when = "before it was trained further" if priced is None else f"at epoch {priced}"
    return f"{pruning['sentence']}. That was {when}; the weights of epoch {now} were not measured"


def _census(run: Run) -> dict[str, Any]:
    if not (run.folder / "census").is_dir():
        return {}
    from toile.runs import epoch_censuses

    counted = epoch_censuses(run)
    if not counted:
        return {}
    first, last = counted[0][1], counted[-1][1]
    rows = tuple(
        CensusRow(
            layer.name,
            layer.units,
            before.never / before.units,
            layer.never / layer.units,
            layer.rarely / layer.units,
            layer.always / layer.units,
            len(layer.dead_channels),
            layer.channels,
        )
        for before, layer in zip(first.layers, last.layers, strict=True)
    )
    return {"census": rows, "counted": last.images, "epochs": len(counted)}


def _first_convolution(plan: Plan) -> LayerPlan | None:
    return next((layer for layer in plan.walk() if isinstance(layer.layer, layers.Conv)), None)


def _kernels(run: Run) -> Mosaic | None:
    convolution = _first_convolution(run.plan)
    path = run.folder / "last.safetensors"
    if convolution is None or not path.exists():
        return None
    weights = load_arrays(path).arrays.get(f"{convolution.name}.weight")
    if weights is None:
        raise CorruptFile(f"{path} lacks {convolution.name}.weight")
    filters, seen, height, width = weights.shape
    on = "" if seen == 1 else f", on the first of {seen} channels"
    says = f"Kernels of {convolution.name}, {filters} of {height} by {width}{on}"
    return mosaic(weights[:, 0].astype(np.float32), says)


def _seen(run: Run, pixels: AnyPixels) -> dict[str, Any]:
    """The activations of a validation image, and Grad-CAM of it and of confident mistakes."""
    from toile.inspection import activations

    classifier, validation = run.classifier(), run.validation
    index = int(numpy_stream(0, "inspect/picture").choice(validation.indices))
    chosen = [int(np.flatnonzero(validation.indices == index)[0])]
    chances = probabilities(validation.logits)
    errors = confident_errors(chances, validation.labels)[:MISTAKES]
    chosen += [int(row) for row in errors if row != chosen[0]]
    images = classifier.model.inputs(pixels[chosen])
    convolution = _first_convolution(run.plan)
    if convolution is None:
        return {"mosaics": []}
    name = _activation_behind(run.plan, convolution)
    (maps,) = activations(classifier.module, images[:1], name).maps
    names = run.data.class_names
    what = f"{name} on validation image {index}, {names[int(validation.labels[chosen[0]])]}"
    shown = mosaic(maps, f"{what}, {len(maps)} channels")
    return {"mosaics": [shown], **_heats(run, classifier.module, images, pixels[chosen], chosen)}


def _activation_behind(plan: Plan, convolution: LayerPlan) -> str:
    """The first activation after the convolution, or the convolution if none follows it."""
    names = [layer.name for layer in plan.layers]
    if convolution.name not in names:
        return convolution.name
    behind = plan.layers[names.index(convolution.name) :]
    kinds = (layer.name for layer in behind if isinstance(layer.layer, ACTIVATIONS))
    return next(kinds, convolution.name)


def _heats(
    run: Run,
    network: Any,
    images: Any,
    pixels: UInt8[np.ndarray, "m c h w"],
    rows: list[int],
) -> dict[str, Any]:
    from toile.inspection import attribute

    try:
        attribution = attribute(network, images, method="gradcam")
    except ToileError:
        # Grad-CAM is not defined for this network, or needs an extra: nothing is shown.
        return {}
    validation, names = run.validation, run.data.class_names
    heats: list[ShownHeat] = []
    for at, row in enumerate(rows):
        index, label = int(validation.indices[row]), names[int(validation.labels[row])]
        answer = names[int(attribution.classes[at])]  # type: ignore[index]
        caption = answer if answer == label else f"{answer}, but is {label}"
        heat = attribution.heat[at]
        nothing = "" if heat.any() else "; no part of the picture supports it"
        heats.append(ShownHeat(heat_uri(pixels[at], heat), f"{index}: {caption}{nothing}"))
    return {"heats": tuple(heats), "heat_layer": attribution.layer or ""}
