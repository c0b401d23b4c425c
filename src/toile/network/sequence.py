"""The layers of a whole network, and what of them training runs in which order."""

from collections.abc import Iterable
from itertools import pairwise

from jaxtyping import Shaped
from torch import Tensor, nn

from toile.network.padding import MaxPool2d
from toile.network.views import MeanOfViews, Views

# What never turns the order of two numbers round.
RISING = (nn.ReLU, nn.LeakyReLU)


class Sequence(nn.Sequential):
    """Layers one after another.

    While training, a max pool right behind a ReLU goes before it: the ReLU of the greatest is the
    greatest of the ReLUs, on a quarter as many numbers; and there is one view of a picture. Outside
    training each layer gets and gives what the recipe says, for whoever looks inside.
    """

    def forward(self, images: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n *made"]:
        """What the last layer gives."""
        for layer in as_trained(self) if self.training else as_scored(self):
            images = layer(images)
        return images


def as_scored(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """The layers, and behind them the mean over views where there are several."""
    layers = list(layers)
    means = [MeanOfViews(layer.count) for layer in layers[:1] if isinstance(layer, Views)]
    return [*layers, *means]


def as_trained(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """The layers but for views, every max pool before the rising activation in front of it."""
    layers = [layer for layer in layers if not isinstance(layer, Views)]
    ordered = list(layers)
    for place, (layer, after) in enumerate(pairwise(layers)):
        if isinstance(layer, RISING) and isinstance(after, MaxPool2d):
            ordered[place : place + 2] = [after, layer]
    return ordered
