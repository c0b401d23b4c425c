"""Modules that torch lacks: the residual block, the norm over channels, a factor."""

from collections import OrderedDict

from jaxtyping import Float
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """A branch of layers plus what goes around it. The branch's layers are direct children."""

    def __init__(
        self, branch: OrderedDict[str, nn.Module], shortcut: OrderedDict[str, nn.Module]
    ) -> None:
        super().__init__()
        # Not a Sequential within: weights are then named as in the plan, residual1.conv1.weight.
        for name, module in branch.items():
            self.add_module(name, module)
        self._branch = list(branch)
        self.shortcut = nn.Sequential(shortcut)

    def forward(self, inputs: Float[Tensor, "n *in_shape"]) -> Float[Tensor, "n *out_shape"]:
        """The sum of branch and shortcut."""
        outputs = inputs
        for name in self._branch:
            outputs = self.get_submodule(name)(outputs)
        around: Tensor = self.shortcut(inputs)
        return outputs + around


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each position, for pictures and for rows of values."""

    def forward(self, inputs: Float[Tensor, "n c *position"]) -> Float[Tensor, "n c *position"]:
        """The inputs, each position normed over its channels."""
        # nn.LayerNorm norms the last axis, and ours has the channels second.
        normed: Tensor = super().forward(inputs.movedim(1, -1))
        return normed.movedim(-1, 1)


class ScaleLayer(nn.Module):
    """A constant factor, and a constant number added."""

    def __init__(self, factor: float, offset: float = 0.0) -> None:
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, inputs: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        """Every number times the factor, plus the offset."""
        scaled = inputs * self.factor
        return scaled + self.offset if self.offset else scaled
