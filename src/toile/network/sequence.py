"""The layers of a whole network, and the order in which training runs them."""

from collections import OrderedDict
from collections.abc import Callable
from itertools import pairwise

from jaxtyping import Shaped
from torch import Tensor, nn

from toile.network.first_block import FirstBlock
from toile.network.flat_dense import FlatDense
from toile.network.flatten import Flatten
from toile.network.padding import Conv2d, MaxPool2d

# What never turns the order of two numbers round.
RISING = (nn.ReLU, nn.LeakyReLU)
Step = Callable[[Tensor], Tensor]


class Sequence(nn.Sequential):
    """Layers one after another.

    While training, a max pool right behind a ReLU goes before it: the ReLU of the greatest is the
    greatest of the ReLUs, on a quarter as many numbers. And a convolution at the beginning is done
    as a `FirstBlock`. Outside training each layer gets and gives what the recipe says, for whoever
    looks inside.
    """

    def __init__(self, layers: "OrderedDict[str, nn.Module]") -> None:
        super().__init__(layers)
        self._training_steps = training_steps(list(layers.values()))

    def forward(self, images: Shaped[Tensor, "n c h w"]) -> Shaped[Tensor, "n *made"]:
        """What the last layer gives."""
        for step in self._training_steps if self.training else self:
            images = step(images)
        return images


def training_steps(layers: list[nn.Module]) -> list[Step]:
    """The same layers in the order that training runs them."""
    steps: list[Step] = list(pools_first(layers))
    if isinstance(steps[0], Conv2d) and FirstBlock.fits(steps[0]):
        second = steps[1] if len(steps) > 1 else None
        pool = second if isinstance(second, MaxPool2d) and second.halves else None
        steps[: 1 if pool is None else 2] = [FirstBlock(steps[0], pool)]
    for place, (step, after) in enumerate(pairwise(steps)):
        if isinstance(step, Flatten) and isinstance(after, nn.Linear):
            steps[place : place + 2] = [FlatDense(step, after)]
            break
    return steps


def pools_first(layers: list[nn.Module]) -> list[nn.Module]:
    """The same layers, every max pool before the rising activation in front of it."""
    ordered = list(layers)
    for place, (layer, after) in enumerate(pairwise(layers)):
        if isinstance(layer, RISING) and isinstance(after, MaxPool2d):
            ordered[place : place + 2] = [after, layer]
    return ordered
