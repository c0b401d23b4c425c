"""When a unit of each kind of activation fires, and where it hardly answers any more."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Firing:
    """One kind of activation, told by what goes into it.

    A unit fires where its input is over 0, whatever its kind: a ReLU then gives more than 0, a tanh
    and a sigmoid more than the middle of their range. It is saturated where its slope is under 1 %
    for this input and all beyond: below `low` or above `high`. A ReLU's flat side, and a leaky
    ReLU's, are told by whether it fires.
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf

    @property
    def saturates(self) -> bool:
        """Whether it has a flat side that firing does not tell of."""
        return math.isfinite(self.low) or math.isfinite(self.high)


# Where |f'(x)| last is .01, by Brent's method; a test holds them to autograd.
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
    """How `layer` fires; None where it is no activation."""
    kind = _KINDS.get(type(layer))
    return None if kind is None else kind(layer)
