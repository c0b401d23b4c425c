"""Beginning with another run's weights: which layers are copied, which are frozen."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import nn

from toile.errors import ToileError, did_you_mean
from toile.network import build_network
from toile.recipe import Plan, Start


def fill_start(start: Start, plan: Plan, weights: Mapping[str, np.ndarray]) -> Start:
    """`start` with the layers filled in that are copied (`copied`) and frozen.

    A layer is copied where every tensor has the same name and shape; without `up_to` a layer that
    does not fit, such as a head for other classes, starts anew. Raises ToileError for a layer that
    is not there, or that `up_to` asks for and does not fit, or when no layer is copied.
    """
    network = build_network(plan, 0)
    names = [name for name, _ in network.named_children()]
    shapes = {name: _shapes(network.get_submodule(name)) for name in names}
    saved_shapes = {key: value.shape for key, value in weights.items()}
    # All tensors of a layer or none: a batch norm with half of another's would be neither.
    copied = []
    for name in _first(names, start.up_to, "up_to"):
        fits = all(
            saved_shapes.get(f"{name}.{key}") == shape for key, shape in shapes[name].items()
        )
        if not fits and start.up_to is not None:
            raise ToileError(
                f"training.start.up_to is {start.up_to}, but {name} does not fit: here its shapes "
                f"are {shapes[name]}, in {start.run} they are "
                f"{ {key: saved_shapes.get(f'{name}.{key}') for key in shapes[name]} }"
            )
        if fits and shapes[name]:
            copied.append(name)
    if not copied:
        theirs = dict.fromkeys(key.rpartition(".")[0] for key in saved_shapes)
        raise ToileError(
            f"training.start.run is {start.run}: none of its layers fits this network by name and "
            f"shape; this one has {', '.join(name for name in names if shapes[name])}, and that "
            f"one {', '.join(theirs)}; call layers here as they are called there, or train the "
            "recipe in its folder"
        )
    frozen = [] if start.freeze_up_to is None else _first(names, start.freeze_up_to, "freeze_up_to")
    frozen = [name for name in frozen if shapes[name]]
    if uncopied := [name for name in frozen if name not in copied]:
        raise ToileError(
            f"training.start.freeze_up_to is {start.freeze_up_to}, which freezes "
            f"{', '.join(uncopied)} at random first weights; only {', '.join(copied)} are taken"
        )
    if frozen == [name for name in names if shapes[name]]:
        raise ToileError(
            f"training.start.freeze_up_to is {start.freeze_up_to}, which leaves nothing to train"
        )
    return start.model_copy(update={"copied": tuple(copied), "frozen": tuple(frozen)})


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in module.state_dict().items()}


def copy_layers(
    network: nn.Module, weights: Mapping[str, np.ndarray], layers: Iterable[str]
) -> None:
    """Copy the weights of `layers` into `network`, in place."""
    with torch.no_grad():
        for name in layers:
            for key, tensor in network.get_submodule(name).state_dict().items():
                tensor.copy_(torch.from_numpy(weights[f"{name}.{key}"]))


def _first(names: list[str], last: str | None, setting: str) -> list[str]:
    """The names up to `last`, with it; all names where `last` is None."""
    if last is None:
        return names
    if last not in names:
        raise ToileError(
            f"training.start.{setting} is {last}, which is no layer of this network; its layers "
            f"are {', '.join(names)}{did_you_mean(last, names)}"
        )
    return names[: names.index(last) + 1]
