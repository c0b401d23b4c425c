"""Pictures and counts that a caller passes, refused in words before torch meets them."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.layers import layer_names, layer_of
from toile.network import single_view
from toile.torch_private import BatchNorm

Pictures = Any
"""Pictures scaled for a network: a tensor (n, c, h, w). What is none is refused in words."""
Labels = Any
"""A class for each picture, in an array or a tensor. What is none is refused in words."""
NEXT_STEP = "classifier.preprocess(pictures) makes them"


def checked_pictures(network: nn.Module, images: Pictures, fits: bool = False) -> Tensor:
    """`images`, if `network` computes logits from them; `fits` if that is known of their shape.

    Raises ToileError for what is no tensor (n, c, h, w) of at least one picture, in the precision
    of the weights, and for sizes and colours that a layer refuses.
    """
    return _checked(network, images, "nchw", fits)


def checked_picture(network: nn.Module, image: Pictures) -> Tensor:
    """`image`, if it is one picture (c, h, w) that `network` computes logits from."""
    return _checked(network, image, "chw", fits=False)


def checked_batches(network: nn.Module, batches: Iterable[Pictures]) -> Iterator[Tensor]:
    """The `batches`, each checked when its turn comes."""
    shape = None
    for batch in batches:
        same = isinstance(batch, Tensor) and batch.shape[1:] == shape
        images = checked_pictures(network, batch, fits=same)
        shape = images.shape[1:]
        yield images


def whole_number(name: str, value: int, least: int = 1) -> int:
    """`value`, refused if it is no whole number or below `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ToileError(f"{name} is {value}; it is a whole number, at least {least}")
    return int(value)


def refuse_not_finite(values: Tensor, what: str) -> None:
    """Raise ToileError if `values` of a network, called `what`, have NaN or an infinity."""
    if not torch.isfinite(values).all():
        raise ToileError(
            f"{what} are not all finite, so they have no order and no gradient: the network has "
            "diverged, or the pictures are not finite; train it again with a lower learning rate"
        )


def checked_colours(empty: Tensor, images: Tensor) -> Tensor:
    """`empty`, refused if it has not one number for each colour of `images` (..., c, h, w)."""
    colours = images.shape[-3]
    if tuple(empty.shape) != (colours,):
        raise ToileError(
            f"empty has the shape {tuple(empty.shape)}; it is the empty picture's colours, a "
            f"tensor of {colours}"
        )
    return empty


def checked_labels(labels: Labels, n: int, classes: int) -> Labels:
    """`labels`, refused if they are no whole numbers below `classes`, one for each of n pictures.

    They are an array or a tensor.
    """
    wanted = f"labels are whole numbers from 0 to {classes - 1}, one for each of the {n} pictures"
    if not isinstance(labels, np.ndarray | Tensor):
        raise ToileError(f"labels came as {type(labels).__name__}; {wanted}, in an array")
    kind = str(labels.dtype).removeprefix("torch.")
    if tuple(labels.shape) != (n,) or not kind.lstrip("u").startswith("int"):
        raise ToileError(f"labels are {kind} of the shape {tuple(labels.shape)}; {wanted}")
    for bound in (labels.min(), labels.max()):
        if not 0 <= bound < classes:
            raise ToileError(f"a label is {int(bound)}; {wanted}")
    return labels


def checked_form(network: nn.Module, images: Pictures, axes: str = "nchw") -> Tensor:
    """`images`, if it is a tensor with `axes`, of some numbers, in the precision of the weights."""
    weight = next(network.parameters(), torch.zeros(0))
    dtype, device = weight.dtype, weight.device
    wanted = (
        f"pass a torch tensor ({', '.join(axes)}) of {str(dtype).removeprefix('torch.')}, scaled "
        f"for the network: {NEXT_STEP}"
    )
    if not isinstance(images, Tensor):
        shape = f" {tuple(images.shape)}" if isinstance(images, np.ndarray) else ""
        raise ToileError(f"pictures came as {type(images).__name__}{shape}; {wanted}")
    if images.dim() != len(axes):
        step = {(3, "nchw"): "; of one picture, image[None]", (4, "chw"): "; of several, images[0]"}
        raise ToileError(
            f"pictures have the shape {tuple(images.shape)}; {wanted}"
            f"{step.get((images.dim(), axes), '')}"
        )
    if images.dtype != dtype:
        raise ToileError(f"pictures are {str(images.dtype).removeprefix('torch.')}; {wanted}")
    if images.device != device:
        raise ToileError(f"pictures are on {images.device}, and the weights on {device}; move one")
    if not images.numel():
        raise ToileError(f"there is no picture in the shape {tuple(images.shape)}; {wanted}")
    return images


def _checked(network: nn.Module, images: Pictures, axes: str, fits: bool) -> Tensor:
    checked = checked_form(network, images, axes)
    if not fits:
        refuse_misfits(network, checked[:1] if axes == "nchw" else checked[None])
    return checked


def refuse_misfits(network: nn.Module, image: Tensor, next_step: str | None = None) -> None:
    """Raise ToileError, which names the layer, if `network` computes nothing from `image`."""
    looked = single_view(network)
    arrived: list[tuple[str, tuple[int, ...]]] = []
    handles = []
    for name in layer_names(looked):
        layer = layer_of(looked, name)

        def note(module: nn.Module, inputs: Any, name: str = name) -> None:
            arrived.append((name, tuple(inputs[0].shape[1:])))

        handles.append(layer.register_forward_pre_hook(note))
    try:
        with evaluating(looked), torch.no_grad():
            looked(image)
    except (RuntimeError, ValueError) as error:
        where = "it refuses them"
        if arrived:
            name, shape = arrived[-1]
            where = f"{name} gets {_sizes(shape)}{_expected(layer_of(looked, name))}"
        raise ToileError(
            f"pictures of {_sizes(tuple(image.shape[1:]))} (colours, rows, columns) do not fit the "
            f"network: {where}; {next_step or f'{NEXT_STEP} in its size and colours'}"
        ) from error
    finally:
        for handle in handles:
            handle.remove()


def _expected(layer: nn.Module) -> str:
    if isinstance(layer, nn.Linear):
        return f" and expects {layer.in_features}"
    if isinstance(layer, nn.Conv2d):
        rows, columns = layer.kernel_size
        return f" and expects {layer.in_channels} channels of {rows} x {columns} or more, padded"
    if isinstance(layer, BatchNorm):
        return f" and expects {layer.num_features} channels"
    return ""


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
