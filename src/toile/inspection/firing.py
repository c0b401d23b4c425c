"""When a unit of each kind of activation fires, and when it is saturated."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Firing:
    """A kind of activation, with the inputs at which it fires and is saturated.

    A unit of any kind fires if its input is above 0: the output of a ReLU is then above 0, that of
    a tanh or sigmoid above the middle of its range. It is saturated if its slope is below .01 for
    this input and all further ones: below `low` or above `high`. For ReLU and leaky ReLU there are
    no such bounds, since firing already shows on which side of 0 the input is.
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf


# The outermost x with |f'(x)| = .01, by Brent's method; a test compares them with autograd.
_KINDS: dict[type[nn.Module], Callable[[Any], Firing]] = {
    nn.ReLU: lambda layer: Firing("relu"),
    nn.LeakyReLU: lambda layer: Firing("leaky_relu"),
    nn.ELU: lambda layer: Firing("elu", low=math.log(0.01 / max(layer.alpha, 0.01))),
    nn.GELU: lambda layer: Firing("gelu", low=-3.0674),
    nn.SiLU: lambda layer: Firing("silu", low=-6.2614),
    nn.Tanh: lambda layer: Firing("tanh", low=-2.9932, high=2.9932),
    nn.Sigmoid: lambda layer: Firing("sigmoid", low=-4.5849, high=4.5849),
}


def firing_of(layer: nn.Module) -> Firing | None:
    """How `layer` fires; None if it is no activation."""
    kind = _KINDS.get(type(layer))
    return None if kind is None else kind(layer)
