"""The layers of a whole network, and the order in which training runs them."""

from itertools import pairwise

from jaxtyping import Shaped
from torch import Tensor, nn

from toile.network.padding import MaxPool2d

# What never turns the order of two numbers round.
RISING = (nn.ReLU, nn.LeakyReLU)


class Sequence(nn.Sequential):
    """Layers one after another.

    While training, a max pool right behind a ReLU goes before it: the ReLU of the greatest is the
    greatest of the ReLUs, on a quarter as many numbers. Outside training each layer gets and gives
    what the recipe says, for whoever looks inside.
    """

    def forward(self, images: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n *made"]:
        """What the last layer gives."""
        for layer in pools_first(list(self)) if self.training else self:
            images = layer(images)
        return images


def pools_first(layers: list[nn.Module]) -> list[nn.Module]:
    """The same layers, every max pool before the rising activation in front of it."""
    ordered = list(layers)
    for place, (layer, after) in enumerate(pairwise(layers)):
        if isinstance(layer, RISING) and isinstance(after, MaxPool2d):
            ordered[place : place + 2] = [after, layer]
    return ordered
