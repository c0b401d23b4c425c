"""How weights start, by Keras's definitions, each drawn from a stream of its own name."""

import math

import torch
from torch import Tensor, nn

from toile.streams import stream_seed

# The SD of a normal distribution cut off at two SD, as Keras corrects for it.
TRUNCATED_SD = 0.87962566103423978


def initialise(module: nn.Conv2d | nn.Linear, init: str, name: str, seed: int) -> None:
    """Fill the weights of `module` as `init` says and its biases with 0, in place.

    The numbers depend on (seed, name) alone, so that adding a layer leaves the others as they
    were. `pytorch` fills the biases too, uniformly within 1 / sqrt(fan in).
    """
    generator = torch.Generator().manual_seed(stream_seed(seed, f"init/{name}"))
    with torch.no_grad():
        fill(module.weight, init, generator, getattr(module, "groups", 1))
        if module.bias is not None:
            if init == "pytorch":
                bound = 1 / math.sqrt(_fans(module.weight)[0])
                module.bias.uniform_(-bound, bound, generator=generator)
            else:
                module.bias.zero_()


def fill(weight: Tensor, init: str, generator: torch.Generator, groups: int = 1) -> None:
    """Fill one weight tensor, (filters, channels / groups, k, k) or (units, features), in place."""
    fan_in, fan_out = _fans(weight)
    scheme, _, shape = init.partition("_")
    if init == "zeros":
        weight.zero_()
    elif init == "orthogonal":
        nn.init.orthogonal_(weight, generator=generator)
    elif init == "dirac":
        nn.init.dirac_(weight, groups) if weight.dim() == 4 else nn.init.eye_(weight)
    elif init == "pytorch":
        bound = 1 / math.sqrt(fan_in)
        weight.uniform_(-bound, bound, generator=generator)
    else:
        gain = 2.0 if scheme == "he" else 1.0
        variance = gain / ((fan_in + fan_out) / 2 if scheme == "glorot" else fan_in)
        if shape == "uniform":
            # A uniform draw within +-b has the variance b^2 / 3.
            bound = math.sqrt(3 * variance)
            weight.uniform_(-bound, bound, generator=generator)
        else:
            sd = math.sqrt(variance) / TRUNCATED_SD
            # torch's a and b are ends in absolute numbers, not in SDs.
            nn.init.trunc_normal_(weight, std=sd, a=-2 * sd, b=2 * sd, generator=generator)


def _fans(weight: Tensor) -> tuple[int, int]:
    """How many numbers go into one output, and how many outputs one input goes into."""
    # For grouped convolutions too this is how both Keras and torch count.
    window = math.prod(weight.shape[2:])
    return weight.shape[1] * window, weight.shape[0] * window
