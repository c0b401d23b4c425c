"""Attribution maps: which pixels an output depends on, with checks of the map."""

from functools import partial
from typing import Any

import numpy as np

from toile.inspection import (
    RandomisationTest,
    RemovalCurves,
    attribute,
    method_of,
    randomisation_test,
    removal_curves,
)
from toile.network import Network
from toile.report import evidence_figure
from toile.workbench.inside.inside_view import InsideView
from toile.workbench.inside.opened import InspectedRun, ShownPicture

PICTURES = 8
"""Validation images whose maps are compared with random networks'; half for slow methods."""
SLOW = ("integrated", "occlusion")


def view_attribution(
    opened: InspectedRun,
    picture: ShownPicture,
    method: str,
    class_name: str | None = None,
    layer: str | None = None,
    channel: int | None = None,
    position: tuple[int, int] | None = None,
    check: bool = True,
) -> InsideView:
    """The map by `method` of the pixels that the class's logit depends on, or that of a `channel`.

    Values: `maps` (colours, h, w), `heat` (h, w), and with `check` the curves `fractions`,
    `deletion`, `insertion`, `random_deletion` and `random_insertion`. A channel's map is not
    checked, since the checks need a class.
    """
    way = method_of(method)
    class_index = None if class_name is None else opened.class_index(class_name)
    ask = partial(
        attribute,
        method=method,
        layer=layer,
        channel=channel,
        position=position,
        empty=opened.empty,
    )
    image = opened.inputs(picture.pixels[None])
    attribution = ask(opened.network, image, classes=class_index)
    heat = attribution.heat[0]
    record: dict[str, Any] = {
        "run": opened.run.id, **picture.to_json(), "method": method, "says": way.says,
        "paper": way.reference, "layer": attribution.layer, "channel": channel,
        "number": float(attribution.outputs[0]),
    }  # fmt: skip
    values = {"maps": attribution.maps[0], "heat": heat, "picture": picture.pixels}
    if attribution.classes is None:
        of = f"{layer} channel {channel}"
    else:
        of = opened.class_names[int(attribution.classes[0])]
        record["class"] = of
    # The class explained is the predicted one unless another is asked for.
    true = "" if picture.label is None else f", {opened.class_names[picture.label]}"
    says = [f"{method} of {of} on {picture.name}{true}: {way.says} ({way.reference})"]
    if not heat.any():
        says.append("the map is 0 everywhere: this method finds no pixel that supports this output")
    elif heat.min() == heat.max():
        says.append("the map is the same everywhere: it has no pixels that count more than others")
    if attribution.errors is not None and attribution.steps is not None:
        record |= {
            "completeness_error": float(attribution.errors[0]),
            "steps": int(attribution.steps[0]),
        }
        says.append(
            "the contributions miss the difference to the empty picture by "
            f"{100 * attribution.errors[0]:.2g} % with {attribution.steps[0]} steps"
        )
    curves, checks = None, []
    if check and attribution.classes is not None and heat.min() != heat.max():
        curves, test = _check(opened, image[0], heat, int(attribution.classes[0]), ask)
        record |= _checked(curves, test)
        values |= {
            "fractions": curves.fractions,
            "deletion": curves.deletion,
            "insertion": curves.insertion,
            "random_deletion": curves.random_deletion,
            "random_insertion": curves.random_insertion,
        }
        checks = [f"{method} {test.sentence}", curves.sentence]
    return InsideView(
        record,
        values,
        (*says, *checks),
        lambda narrow: evidence_figure(
            picture.pixels, heat, of, curves, "\n".join((*says, *checks)), narrow
        ),
    )


def _check(
    opened: InspectedRun, image: Any, heat: np.ndarray, class_index: int, ask: Any
) -> tuple[RemovalCurves, RandomisationTest]:
    curves = removal_curves(opened.network, image, heat, class_index, opened.empty)
    num = PICTURES // 2 if ask.keywords["method"] in SLOW else PICTURES
    held_out = opened.run.validation_indices
    indices = held_out if len(held_out) else opened.training_indices
    pixels = opened.dataset.train.pixels[indices[:num]]
    images = opened.inputs(pixels)
    # All networks explain the classes that this network predicts.
    classes = ask(opened.network, images).classes.tolist()

    def heats(network: Network) -> np.ndarray:
        return np.asarray(ask(network, images, classes=classes).heat)

    return curves, randomisation_test(opened.network, images, heats)


def _checked(curves: RemovalCurves, test: RandomisationTest) -> dict[str, Any]:
    deleted, inserted = curves.num_worse
    return {
        "removal": {
            "deletion_area": curves.areas[0], "insertion_area": curves.areas[1],
            "random_maps": len(curves.random_deletion), "worse_at_deletion": deleted,
            "worse_at_insertion": inserted, "sentence": curves.sentence,
        },
        "randomisation": {
            "similarity": _finite(test.similarity[-1]), "low": _finite(test.low),
            "high": _finite(test.high), "networks": test.num_networks, "tells": test.tells,
            "pairs": test.num_pairs, "compared": test.num_compared,
            "constant": test.num_constant, "random_constant": test.num_random_constant,
            "sentence": test.sentence,
        },
    }  # fmt: skip


def _finite(value: float) -> float | None:
    """`value` as JSON has it: NaN, of nothing to compare, is null there."""
    return float(value) if np.isfinite(value) else None
