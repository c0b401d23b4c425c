"""What in a picture an answer, or a channel inside the network, is owed to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor, nn

from toile.errors import ToileError
from toile.inspection.class_maps import cam_cells, cam_layer, gradcam_cells, last_maps, spread
from toile.inspection.flat_outputs import FlatOutputs, class_per_image, classes_of, outputs_of
from toile.inspection.layers import layer_names, layer_of
from toile.inspection.methods import Method, method_of
from toile.inspection.sight import receptive_field
from toile.inspection.watching import evaluating, watch
from toile.inspection.way import way_to
from toile.network import single_view

BATCH = 250
NO_RELU = (nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid)


@dataclass(frozen=True, eq=False)
class Attribution:
    """Maps of n pictures by `method`: numbers for every pixel, one for each colour or one for all.

    `outputs` are what was attributed: the logits of `classes`, or the outputs `units` of `layer`,
    counted channel after channel and row by row. `cells` are what Grad-CAM and CAM have at the
    places of `layer`. `errors` say for integrated gradients which fraction of the difference
    between picture and empty picture is missed, with so many `steps` from one to the other.
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
        """One number a pixel: the sum over colours, of gradients the largest."""
        if self.method.name in ("saliency", "deconvolution", "guided"):
            return np.abs(self.maps).max(1)
        return self.maps.sum(1)


def attribute(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    method: str,
    classes: int | Sequence[int] | None = None,
    layer: str | None = None,
    channel: int | None = None,
    position: tuple[int, int] | None = None,
    empty: Float[Tensor, " c"] | None = None,
) -> Attribution:
    """What in `images` the logit of `classes` is owed to: of the likeliest class unless said.

    With `layer` and `channel` it is an output inside: the channel's at `position` (row, column), or
    where it is greatest. Grad-CAM is of a class and looks at the maps of `layer`, of the last
    convolution unless said. `empty` are the colours of a picture of nothing, scaled as the network
    takes them, 0 unless said: integrated gradients begin there, and occlusion covers with it.

    A logit is that of all views, where the network begins with `views`; what is asked of a layer is
    of the picture as it is.

    Raises ToileError where there is no such class, layer, channel or place, and where the method is
    not defined for the network, with the layer.
    """
    way = method_of(method)
    images = images.detach().clone()
    class_indices = class_per_image(classes, len(images))
    if method == "gradcam":
        _refuse_channel(way, channel)
        return _by_layer(network, images, way, class_indices, layer or last_maps(network))
    if method == "cam":
        _refuse_channel(way, channel)
        averaged = cam_layer(network)
        if layer not in (None, averaged):
            raise ToileError(f"cam looks at the maps that are averaged, of {averaged} alone")
        return _by_layer(network, images, way, class_indices, averaged)
    if (layer is None) != (channel is None):
        raise ToileError("a channel is one of a layer: name both, or neither for a class")
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
    # Here, for the other two methods do without Captum.
    from toile.inspection.captum_methods import METHODS

    outputs = _outputs(network, images, layer)
    if layer is None:
        index = classes_of(outputs, class_indices)
    else:
        assert channel is not None
        index = outputs_of(outputs, layer, channel, position)
    nothing = torch.zeros(images.shape[1]) if empty is None else empty
    with evaluating(network):
        result = METHODS[way.name](
            FlatOutputs(network, layer), images, index, nothing[None, :, None, None]
        )
    return Attribution(
        way,
        result.maps.numpy(),
        outputs.flatten(1).gather(1, index[:, None])[:, 0].numpy(),
        layer,
        index.numpy() if layer is None else None,
        None if layer is None else index.numpy(),
        None,
        result.errors,
        result.steps,
    )


def _outputs(network: nn.Module, images: Tensor, layer: str | None) -> Tensor:
    """The logits, or what `layer` gives, without gradients."""
    looked = network if layer is None else single_view(network)
    outputs = []
    for batch in images.split(BATCH):
        with torch.no_grad(), watch(looked, [] if layer is None else [layer]) as layer_outputs:
            logits = looked(batch)
        outputs.append(logits if layer is None else layer_outputs[layer])
    return torch.cat(outputs)


def _by_layer(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    way: Method,
    class_indices: Sequence[int] | None,
    layer: str,
) -> Attribution:
    """Grad-CAM or CAM of the maps of `layer`, spread on the pixels."""
    looked = single_view(network)
    cells_of = gradcam_cells if way.name == "gradcam" else cam_cells
    parts = []
    for at in range(0, len(images), BATCH):
        batch_classes = None if class_indices is None else class_indices[at : at + BATCH]
        parts.append(cells_of(looked, images[at : at + BATCH], batch_classes, layer))
    cells, logits, chosen = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    field = receptive_field(looked, layer)
    assert field is not None
    height, width = images.shape[2:]
    maps = spread(cells, field, (height, width))[:, None]
    return Attribution(way, maps, logits, layer, chosen, None, cells)


def _refuse_channel(way: Method, channel: int | None) -> None:
    if channel is not None:
        raise ToileError(f"{way.name} asks for a class; saliency or deconvolution for a channel")


def _refuse_other_activations(network: nn.Module, way: Method, layer: str | None) -> None:
    """Captum changes the gradients of ReLUs alone, and says nothing of other activations."""
    last = layer_names(network)[-1] if layer is None else layer
    for name, module in way_to(network, last):
        if isinstance(module, NO_RELU):
            raise ToileError(
                f"{way.name} is not defined here: {name} is {type(module).__name__}, and every "
                "activation on the way has to be a ReLU; saliency and integrated take any"
            )
    layer_of(network, last)
