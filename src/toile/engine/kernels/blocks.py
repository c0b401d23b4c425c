"""Dense layers, dropout, and any others by autograd.

    dense    y[n, u] = relu?(sum over i of x[n, i] W[u, i] + b[u])
             dW[u, i] = sum over n of dy[n, u] x[n, i]; dx[n, i] = sum over u of dy[n, u] W[u, i]
    dropout  y = x m / (1 - p), dx = dy m / (1 - p); m is 1 or 0 by the layer's own stream

Of a dense layer's product the smaller factor comes second, for that one is packed anew: 32 x 10,816
by 10,816 x 250 took 391 us for 521 in bfloat16, 877 for 1,262 in float32. Dropout of 803,000
numbers there and back took 950 for 2,518, by bits and without booleans (one core of a Zen 5, torch
2.13; docs/log.md).

They must agree with `nn.Linear`, `nn.ReLU` and `SeededDropout` by autograd, to rounding; dropout's
mask to the bit, since scoring and every other way to compute a step draw the same.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.matmul import product
from toile.network import SeededDropout, masked
from toile.torch_private import threshold_backward


class DenseBlock(Block):
    """`dense`, on rows of numbers or on pictures that a flatten is before, then a ReLU or none."""

    def __init__(self, dense: nn.Linear, rectifies: bool, dtype: torch.dtype) -> None:
        super().__init__([dense])
        self._dense, self._rectifies, self._dtype = dense, rectifies, dtype
        self._shape: torch.Size = torch.Size()
        self._rows = self._table = self._made = torch.empty(0)
        self._by_place = False

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n units"]:
        """What each unit gives."""
        inputs = inputs.to(self._dtype)
        self._shape = inputs.shape
        table = self._dense.weight.to(self._dtype)
        # Pictures lie in memory place after place, and flattened they are channel after channel.
        # Where weights are fewer than numbers, those are moved.
        self._by_place = inputs.dim() == 4 and len(inputs) > len(table)
        if self._by_place:
            inputs = inputs.permute(0, 2, 3, 1)
            table = table.unflatten(1, self._shape[1:]).permute(0, 2, 3, 1).flatten(1)
        self._rows, self._table = inputs.flatten(1), table
        # Of two factors the second is packed anew: the smaller one, then.
        if len(inputs) < len(table):
            outputs = product(table, self._rows.t()).t().contiguous()
        else:
            outputs = product(self._rows, table.t())
        if self._dense.bias is not None:
            outputs += self._dense.bias.to(self._dtype)
        self._made = outputs.relu_() if self._rectifies else outputs
        return self._made

    def backward(
        self, gradient: Float[Tensor, "n units"], wanted: bool
    ) -> tuple[Tensor | None, Tensors]:
        """Of weights and biases in float32; of the inputs in their own memory layout."""
        gradient = gradient.to(self._dtype)
        if self._rectifies:
            gradient = threshold_backward(gradient, self._made, 0)
        weight = product(gradient.t(), self._rows)
        _, *places = self._shape
        if self._by_place:
            channels, height, width = places
            weight = weight.view(-1, height, width, channels).permute(0, 3, 1, 2).flatten(1)
        weights: Tensors = (weight.float(),)
        if self._dense.bias is not None:
            weights += (gradient.float().sum(0),)
        if not wanted:
            return None, weights
        inputs = product(gradient, self._table)
        if self._by_place:
            return inputs.view(-1, height, width, channels).permute(0, 3, 1, 2), weights
        inputs = inputs.view(self._shape)
        # A max pool's gradient takes 6 times as long from a gradient whose channels come first.
        if inputs.dim() == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return inputs, weights


class DropoutBlock(Block):
    """`dropout`, by the mask it draws."""

    def __init__(self, dropout: SeededDropout) -> None:
        super().__init__([])
        self._dropout = dropout
        self._kept = torch.empty(0)

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
        """The numbers kept, scaled up, and 0 for the others."""
        self._kept = self._dropout.draw(inputs)
        return masked(inputs, self._kept).mul_(self._dropout.scale)

    def backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """That of the numbers kept, scaled up."""
        return masked(gradient, self._kept).mul_(self._dropout.scale), ()


class AutogradBlock(Block):
    """Any `layers`, one after another, with gradients by autograd."""

    def __init__(self, layers: Sequence[nn.Module], dtype: torch.dtype) -> None:
        super().__init__(layers)
        self._layers, self._dtype = layers, dtype
        self._inputs = self._made = torch.empty(0)

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *outputs"]:
        """What the last of the layers gives."""
        self._inputs = outputs = inputs.detach().requires_grad_()
        half = self._dtype == torch.bfloat16
        with torch.enable_grad(), torch.autocast(inputs.device.type, torch.bfloat16, enabled=half):
            for layer in self._layers:
                outputs = layer(outputs)
        self._made = outputs
        return outputs.detach()

    def backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """What autograd says."""
        sought = (self._inputs, *self.weights) if wanted else self.weights
        found = torch.autograd.grad(self._made, sought, gradient.to(self._made.dtype))
        return (found[0], found[1:]) if wanted else (None, found)
