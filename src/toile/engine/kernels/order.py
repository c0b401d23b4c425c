"""The order in which a step runs the layers: every max pool before the ReLU in front of it.

    max(relu(a), relu(b)) = relu(max(a, b))

which holds of whatever never turns the order of two numbers round, on a quarter as many of them:
the ReLU of 32 x 32 x 26 x 26 numbers took 51 us behind the pool and 195 before it (one core of a
Zen 5, torch 2.13; docs/log.md).

It must agree with the layers as written to the bit, gradients too: of numbers that a ReLU makes
equal, 0, none passes a gradient on, whichever the pool takes.
"""

from collections.abc import Iterable
from itertools import pairwise

from torch import nn

from toile.network import MaxPool2d, ViewStack

# What never turns the order of two numbers round.
RISING = (nn.ReLU, nn.LeakyReLU)


def pools_first(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """The layers but for views, every max pool before the rising activation in front of it.

    The ReLU of the greatest is the greatest of the ReLUs, on a quarter as many numbers.
    """
    layers = [layer for layer in layers if not isinstance(layer, ViewStack)]
    ordered = list(layers)
    for index, (layer, after) in enumerate(pairwise(layers)):
        if isinstance(layer, RISING) and isinstance(after, MaxPool2d):
            ordered[index : index + 2] = [after, layer]
    return ordered
