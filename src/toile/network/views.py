"""A network asked about several views of every picture: test-time augmentation."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.errors import ToileError
from toile.recipe import Plan, layers


class ViewStack(nn.Module):
    """The views of `layer` of pictures of `height` x `width`."""

    def __init__(self, layer: layers.Views, height: int, width: int) -> None:
        super().__init__()
        origins = layer.view_indices(height, width)
        self.count = len(origins)
        # They follow from the recipe, so they are not saved with the weights.
        for axis, indices in zip(("rows", "columns"), zip(*origins, strict=True), strict=True):
            self.register_buffer(axis, torch.tensor(indices), persistent=False)

    rows: Tensor
    columns: Tensor

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "looks c h w"]:
        """All pictures as they are, then all of the second view, and so on."""
        views = [
            images.index_select(2, rows).index_select(3, columns)
            for rows, columns in zip(self.rows, self.columns, strict=True)
        ]
        return torch.cat(views).contiguous(memory_format=torch.channels_last)


class MeanOfViews(nn.Module):
    """The mean of each picture's logits over its `count` views, in the order of `ViewStack`."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, logits: Float[Tensor, "looks k"]) -> Float[Tensor, "n k"]:
        """The mean."""
        return logits.unflatten(0, (self.count, -1)).mean(0)


class MultiViewNetwork(nn.Module):
    """`layers`, whose logits for a picture are the means over its views.

    While training the picture as it is alone is looked at. The layers know of no views: a loop over
    them, a slice and a hook see one picture for each that goes in. `name` is what the recipe calls
    the views.
    """

    def __init__(self, layers: nn.Sequential, views: ViewStack, name: str) -> None:
        super().__init__()
        self.layers = layers
        self.views = views
        self.mean = MeanOfViews(views.count)
        self.name = name

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """The logits."""
        if self.training:
            logits: Tensor = self.layers(images)
            return logits
        averaged: Tensor = self.mean(self.layers(self.views(images)))
        return averaged


def with_views(network: nn.Sequential, plan: Plan) -> nn.Module:
    """`network`, the layers of `plan`, around which the views are that the plan asks for, if any.

    The weights are the same tensors, and stay in training or evaluation mode.
    """
    if plan.views is None:
        return network
    first = plan.layers[0]
    views = ViewStack(plan.views, *first.input[1:])
    device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    viewed = MultiViewNetwork(network, views.to(device), first.name)
    # Of itself alone: frozen layers keep a mode of their own.
    viewed.training = network.training
    return viewed


def single_view(network: nn.Module) -> nn.Sequential:
    """The layers of `network` alone, for which a picture is looked at once, as it is.

    Raises ToileError if it is no row of layers, whose order would be unknown, or if a module is in
    it twice, since the two would have one name.
    """
    layers = network.layers if isinstance(network, MultiViewNetwork) else network
    if not isinstance(layers, nn.Sequential):
        raise ToileError(
            f"the network is a {type(layers).__name__}, and its layers are looked into in their "
            "order, as an nn.Sequential has them; bring it in first: toile.import_network"
        )
    if len(list(layers.children())) < len(layers):
        raise ToileError(
            "the network has a module at two positions, so its layers have no names of their own; "
            "make a module for each"
        )
    return layers


def num_views(network: nn.Module) -> int:
    """How many views of a picture `network` looks at for its logits."""
    return network.views.count if isinstance(network, MultiViewNetwork) else 1
