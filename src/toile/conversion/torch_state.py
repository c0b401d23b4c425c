"""Weights under torch's names, put into the layers of a recipe."""

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from toile.conversion.foreign import ForeignNetwork, InputScale
from toile.errors import ToileError
from toile.recipe import LayerPlan, layers, plan_network

Shapes = Mapping[str, tuple[int, ...]]
COUNTER = "num_batches_tracked"


def read_state(content: bytes, source: str) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, in float32. Raises ToileError where it is damaged."""
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        kinds = {entry["dtype"] for name, entry in header.items() if name != "__metadata__"}
        if "BF16" in kinds:
            raise ToileError(
                f"{source} has weights in bfloat16, which numpy does not know; save them as "
                "float32: {name: value.float() for name, value in state.items()}"
            )
        arrays = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ToileError(f"{source} is damaged or no safetensors file") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise ToileError(f"{source}: {name} is of {array.dtype}, and weights are numbers")
        if not np.isfinite(array).all():
            raise ToileError(f"{source}: {name} has values that are not finite")
    return arrays


def network_of_state(
    state: Mapping[str, np.ndarray],
    source: str,
    network: Sequence[layers.Layer],
    shape: tuple[int, int, int],
    classes: int,
) -> ForeignNetwork:
    """The layers of a recipe with the weights of `state`, as torch's `state_dict` names them.

    Each layer of torch's is matched with one of the recipe's: by its name, else in order among
    those of the same shapes. Raises ToileError where one is left over on either side.
    """
    plan = plan_network(tuple(network), shape, classes)
    wanted = [(leaf.name, _shapes(leaf)) for leaf in plan.walk() if _shapes(leaf)]
    modules: dict[str, dict[str, np.ndarray]] = {}
    for key in sorted(state, key=_natural):
        module, _, name = key.rpartition(".")
        if name != COUNTER:
            modules.setdefault(module, {})[name] = state[key]
    weights: dict[str, np.ndarray] = {}
    origins = _matched(dict(wanted), modules, source)
    for name, shapes in wanted:
        for key, array in modules.pop(origins[name]).items():
            weights[f"{name}.{key}"] = np.asarray(array, np.float32)
        if "running_var" in shapes:
            weights[f"{name}.{COUNTER}"] = np.zeros((), np.int64)
    if modules:
        raise ToileError(
            f"{source} has weights of {', '.join(modules)}, which no layer of the recipe takes; "
            "the recipe's network is another one. Nothing was imported"
        )
    notes = [f"{origin} is {name}" for name, origin in origins.items() if origin != name]
    return ForeignNetwork(
        source,
        tuple(network),
        weights,
        shape,
        classes,
        InputScale((1.0,) * shape[0], (0.0,) * shape[0]),
        origins,
        notes=(f"matched by order and shape: {', '.join(notes)}",) if notes else (),
    )


def _matched(
    wanted: Mapping[str, Shapes], modules: Mapping[str, Mapping[str, np.ndarray]], source: str
) -> dict[str, str]:
    """For each of our layers the module of torch's whose weights it takes."""
    theirs = {
        module: {key: array.shape for key, array in arrays.items()}
        for module, arrays in modules.items()
    }
    origins = {name: name for name, shapes in wanted.items() if theirs.get(name) == shapes}
    for name, shapes in wanted.items():
        if name in origins:
            continue
        fitting = [
            module
            for module, module_shapes in theirs.items()
            if module_shapes == shapes and module not in origins.values()
        ]
        if not fitting:
            left = "; ".join(
                f"{module} with {_in_words(module_shapes)}"
                for module, module_shapes in list(theirs.items())[:4]
            )
            raise ToileError(
                f"{source}: no weights fit the recipe's {name}, which has {_in_words(shapes)}; "
                f"the file has {left or 'none'}. Nothing was imported"
            )
        # Numbers tell the order of modules that are called alike, and nothing else does.
        if len({re.sub(r"\d+", "", module) for module in fitting}) > 1:
            raise ToileError(
                f"{source}: {' and '.join(fitting)} have the same shapes, and nothing says which "
                f"of them is the recipe's {name}; give the recipe's layers these names, as in "
                f"name: {fitting[0].rpartition('.')[2]}. Nothing was imported"
            )
        origins[name] = fitting[0]
    return {name: origins[name] for name in wanted}


def _in_words(shapes: Shapes) -> str:
    """Tensors with their shapes, such as `weight 6 x 1 x 3 x 3, bias 6`."""
    return ", ".join(f"{key} {' x '.join(map(str, shape))}" for key, shape in shapes.items())


def _shapes(plan: LayerPlan) -> dict[str, tuple[int, ...]]:
    """The tensors of a layer by torch's names."""
    layer, channels = plan.layer, plan.output[0]
    match layer:
        case layers.Conv():
            weight = (channels, plan.input[0] // layer.groups, layer.kernel, layer.kernel)
            shapes: dict[str, tuple[int, ...]] = {"weight": weight}
        case layers.Dense():
            shapes = {"weight": (channels, plan.input[0])}
        case layers.BatchNorm():
            names = ("weight", "bias", "running_mean", "running_var")
            return dict.fromkeys(names, (channels,))
        case layers.LayerNorm() | layers.GroupNorm():
            return dict.fromkeys(("weight", "bias"), (channels,))
        case _:
            return {}
    return shapes | ({"bias": (channels,)} if layer.bias else {})


def _natural(key: str) -> list[tuple[int, str]]:
    """Sorts 2.weight before 10.weight."""
    return [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", key)
        if part
    ]
