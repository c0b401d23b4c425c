"""Nearly equal channels: correlations over all positions of all pictures, batch by batch."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

REDUNDANT = 0.99
# By rounding, a constant channel gets a variance of about 1e-13 of its square.
LEAST_VARIANCE = 1e-10

Pair = tuple[int, int, float]


@dataclass(eq=False)
class ChannelCorrelation:
    """Running sums of c channels and of their products, in float64."""

    n: int = 0
    shift: Tensor = field(default_factory=lambda: torch.zeros(0))
    sums: Tensor = field(default_factory=lambda: torch.zeros(0))
    products: Tensor = field(default_factory=lambda: torch.zeros(0))

    def add(self, values: Float[Tensor, "n c"]) -> None:
        """Add the channels' values at n more positions."""
        if not self.n:
            channels = values.shape[1]
            # Shifted, since rounding of large squares would lose the variance of a channel far from
            # 0.
            self.shift = values.mean(0)
            self.sums = torch.zeros(channels, dtype=torch.float64)
            self.products = torch.zeros(channels, channels, dtype=torch.float64)
        shifted = values - self.shift
        self.sums += shifted.sum(0, dtype=torch.float64)
        self.products += shifted.T @ shifted
        self.n += len(values)

    def pairs(self, least: float = REDUNDANT) -> tuple[Pair, ...]:
        """Pairs of channels a < b with a correlation r above `least`, the greatest r first.

        A constant channel is in no pair.
        """
        if not self.n:
            return ()
        means = self.sums / self.n
        covariance = self.products / self.n - torch.outer(means, means)
        variance = covariance.diagonal()
        varies = variance > LEAST_VARIANCE * (self.shift.double() + means).square()
        varies &= variance > 0
        spread = torch.where(varies, variance, torch.ones_like(variance)).sqrt()
        r = (covariance / torch.outer(spread, spread)).clamp(-1, 1)
        alike = torch.triu(r > least, diagonal=1) & torch.outer(varies, varies)
        pairs = [(int(a), int(b), float(r[a, b])) for a, b in alike.nonzero()]
        return tuple(sorted(pairs, key=lambda pair: -pair[2]))
