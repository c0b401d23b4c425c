"""Attribution: which pixels a class's logit, or a channel inside the network, depends on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.class_maps import cam_cells, cam_layer, gradcam_cells, last_maps, spread
from toile.inspection.evaluation_mode import evaluating
from toile.inspection.flat_outputs import FlatOutputs, class_per_image, classes_of, outputs_of
from toile.inspection.inputs import (
    Pictures,
    checked_colours,
    checked_pictures,
    refuse_not_finite,
)
from toile.inspection.layer_paths import way_to
from toile.inspection.layers import layer_names, layer_of
from toile.inspection.methods import Method, method_of
from toile.inspection.receptive_fields import receptive_field
from toile.inspection.watching import watch
from toile.inspection.windows import NORMS, PASSES_ON
from toile.network import AvgPool2d, GlobalPool2d, MaxPool2d, single_view

BATCH = 250
FOR_RELU_METHODS = (
    nn.ReLU, nn.Conv2d, nn.Linear, nn.Flatten, MaxPool2d, AvgPool2d, GlobalPool2d, nn.MaxPool2d,
    nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, *NORMS, *PASSES_ON,
)  # fmt: skip
"""Layers through which deconvolution and guided backprop are defined: ReLUs and no activation."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Maps of n pictures by `method`: for every pixel a number for each colour, or one for all.

    `outputs` are the explained values: the logits of `classes`, or the outputs `units` of `layer`,
    numbered by channel, row and column. `cells` are the values of Grad-CAM and CAM at the positions
    of `layer`. For integrated gradients, `errors` are the fractions of the difference between
    picture and empty picture that the map misses, with so many `steps` between them.
    """

    method: Method
    maps: Float32[np.ndarray, "n colours h w"]
    outputs: Float32[np.ndarray, " n"]
    layer: str | None = None
    classes: Int[np.ndarray, " n"] | None = None
    units: Int[np.ndarray, " n"] | None = None
    cells: Float32[np.ndarray, "n rows columns"] | None = None
    errors: Float32[np.ndarray, " n"] | None = None
    steps: Int[np.ndarray, " n"] | None = None

    @property
    def heat(self) -> Float32[np.ndarray, "n h w"]:
        """One number for each pixel: the sum over colours, or for gradients the largest size."""
        if self.method.name in ("saliency", "deconvolution", "guided"):
            return np.abs(self.maps).max(1)
        return self.maps.sum(1)


def attribute(
    network: nn.Module,
    images: Pictures,
    method: str,
    classes: int | Sequence[int] | None = None,
    layer: str | None = None,
    channel: int | None = None,
    position: tuple[int, int] | None = None,
    empty: Tensor | None = None,
) -> Attribution:
    """Maps of the pixels of `images` that the logit of `classes` (default: predicted) depends on.

    With `layer` and `channel` it explains an output inside: that of the channel at `position` (row,
    column), or its greatest. Grad-CAM explains a class by the maps of `layer`, by default the last
    convolution. `empty` has the scaled colours of an empty picture, 0 by default, where integrated
    gradients begin and by which occlusion covers. If the network begins with `views`, a logit is
    that of all views; the outputs of layers, and so the maps of Grad-CAM and CAM, are those of the
    unchanged picture.

    Raises ToileError if there is no such class, layer, channel or position, or if the method is not
    defined for the network, naming the layer.
    """
    way = method_of(method)
    images = checked_pictures(network, images).detach().clone()
    if empty is not None:
        checked_colours(empty, images)
    class_indices = class_per_image(classes, len(images))
    if method == "gradcam":
        _refuse_channel(way, channel)
        return _by_layer(network, images, way, class_indices, layer or last_maps(network))
    if method == "cam":
        _refuse_channel(way, channel)
        averaged = cam_layer(network)
        if layer not in (None, averaged):
            raise ToileError(
                f"cam uses only the averaged maps, those of {averaged}; leave layer out"
            )
        return _by_layer(network, images, way, class_indices, averaged)
    if (layer is None) != (channel is None):
        raise ToileError("a channel needs its layer: name both, or neither to explain a class")
    if channel is not None and classes is not None:
        raise ToileError(
            f"classes is {classes}, and channel {channel} of {layer} is named too; a map explains "
            "a class or a channel, so leave one out"
        )
    if method in ("deconvolution", "guided"):
        _refuse_other_activations(network, way, layer)
    return _of_pixels(network, images, way, class_indices, layer, channel, position, empty)


def _of_pixels(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    way: Method,
    class_indices: Sequence[int] | None,
    layer: str | None,
    channel: int | None,
    position: tuple[int, int] | None,
    empty: Float[Tensor, " c"] | None,
) -> Attribution:
    # Imported here: Grad-CAM and CAM do not need Captum.
    from toile.inspection.captum_methods import METHODS

    outputs = _outputs(network, images, layer)
    if layer is None:
        index = classes_of(outputs, class_indices)
    else:
        assert channel is not None
        index = outputs_of(outputs, layer, channel, position)
    nothing = images.new_zeros(images.shape[1]) if empty is None else empty.to(images)
    with evaluating(network):
        result = METHODS[way.name](
            FlatOutputs(network, layer), images, index, nothing[None, :, None, None]
        )
    return Attribution(
        way,
        result.maps.float().numpy(),
        outputs.flatten(1).gather(1, index[:, None])[:, 0].float().numpy(),
        layer,
        index.numpy() if layer is None else None,
        None if layer is None else index.numpy(),
        None,
        result.errors,
        result.steps,
    )


def _outputs(network: nn.Module, images: Tensor, layer: str | None) -> Tensor:
    """The logits, or the outputs of `layer`, without gradients."""
    looked = network if layer is None else single_view(network)
    outputs = []
    for batch in images.split(BATCH):
        with torch.no_grad(), watch(looked, [] if layer is None else [layer]) as layer_outputs:
            logits = looked(batch)
        outputs.append(logits if layer is None else layer_outputs[layer])
    result = torch.cat(outputs)
    refuse_not_finite(result, "the logits" if layer is None else f"the outputs of {layer}")
    return result


def _by_layer(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    way: Method,
    class_indices: Sequence[int] | None,
    layer: str,
) -> Attribution:
    """Grad-CAM or CAM of the maps of `layer`, interpolated to the pixels."""
    looked = single_view(network)
    field = receptive_field(looked, layer)
    outputs: Tensor | None = None
    if looked is not network:
        # All views together may predict another class than the picture as it is.
        outputs = _outputs(network, images, None)
        class_indices = classes_of(outputs, class_indices).tolist()
    cells_of = gradcam_cells if way.name == "gradcam" else cam_cells
    parts = []
    for at in range(0, len(images), BATCH):
        batch_classes = None if class_indices is None else class_indices[at : at + BATCH]
        parts.append(cells_of(looked, images[at : at + BATCH], batch_classes, layer))
    joined = [torch.cat(part) for part in zip(*parts, strict=True)]
    refuse_not_finite(joined[1], "the logits")
    cells, logits = (tensor.float().numpy() for tensor in joined[:2])
    chosen = joined[2].numpy()
    if outputs is not None:
        logits = np.take_along_axis(outputs.float().numpy(), chosen[:, None], axis=1)[:, 0]
    if field is None:
        raise ToileError(
            f"{layer} has no maps; name a layer with maps, such as {last_maps(network)}"
        )
    height, width = images.shape[2:]
    maps = spread(cells, field, (height, width))[:, None]
    return Attribution(way, maps, logits, layer, chosen, None, cells)


def _refuse_channel(way: Method, channel: int | None) -> None:
    if channel is not None:
        raise ToileError(
            f"{way.name} explains a class; use saliency or deconvolution for a channel"
        )


def _refuse_other_activations(network: nn.Module, way: Method, layer: str | None) -> None:
    """Raise ToileError for other activations than ReLU, which Captum passes over without a word."""
    last = layer_names(network)[-1] if layer is None else layer
    for name, module in way_to(network, last):
        if not isinstance(module, FOR_RELU_METHODS):
            raise ToileError(
                f"{way.name} is not defined here: {name} is {type(module).__name__}, and every "
                "layer before the output has to be a ReLU or without an activation; use saliency "
                "or integrated"
            )
    layer_of(network, last)
