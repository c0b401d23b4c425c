"""Dense layers, dropout, and all other layers by autograd.

    dense    y[n, u] = relu?(sum over i of x[n, i] W[u, i] + b[u])
             dW[u, i] = sum over n of dy[n, u] x[n, i]; dx[n, i] = sum over u of dy[n, u] W[u, i]
    dropout  y = x m / (1 - p), dx = dy m / (1 - p); m is 1 or 0 by the layer's own stream

In a dense layer's product the smaller factor comes second, because oneDNN copies the second one
into its own layout: 32 x 10,816 by 10,816 x 250 takes 391 us in place of 521 in bfloat16, and 877
in place of 1,262 in float32. Dropout of 803,000 values, forward and backward, takes 950 us in place
of 2,518, by bit operations instead of booleans (one core of a Zen 5, torch 2.13; docs/log.md).

They must agree with `nn.Linear`, `nn.ReLU` and `SeededDropout` by autograd, to rounding. Dropout's
mask must agree to the bit, since every other way to compute a step draws the same mask.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.matmul import matmul
from toile.network import SeededDropout, masked
from toile.torch_private import threshold_backward


class DenseBlock(Block):
    """A flatten, where the inputs are pictures, then `dense`, then a ReLU where it `rectifies`."""

    def __init__(self, dense: nn.Linear, rectifies: bool, dtype: torch.dtype) -> None:
        super().__init__([dense])
        self._dense, self._rectifies, self._dtype = dense, rectifies, dtype
        self._shape: torch.Size = torch.Size()
        self._rows = self._table = self._outputs = torch.empty(0)
        self._is_channels_last = False

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n units"]:
        """The output of each unit."""
        inputs = inputs.to(self._dtype)
        self._shape = inputs.shape
        table = self._dense.weight.to(self._dtype)
        # Pictures lie in memory position after position, and flatten orders them channel after
        # channel. Where there are fewer weights than inputs, the weights are reordered instead.
        self._is_channels_last = inputs.dim() == 4 and len(inputs) > len(table)
        if self._is_channels_last:
            inputs = inputs.permute(0, 2, 3, 1)
            table = table.unflatten(1, self._shape[1:]).permute(0, 2, 3, 1).flatten(1)
        self._rows, self._table = inputs.flatten(1), table
        # The second factor is copied into another layout, so the smaller one comes second.
        if len(inputs) < len(table):
            outputs = matmul(table, self._rows.t()).t().contiguous()
        else:
            outputs = matmul(self._rows, table.t())
        if self._dense.bias is not None:
            outputs += self._dense.bias.to(self._dtype)
        self._outputs = outputs.relu_() if self._rectifies else outputs
        return self._outputs

    def backward(
        self, gradient: Float[Tensor, "n units"], needs_input_grad: bool
    ) -> tuple[Tensor | None, Tensors]:
        """The gradients of weights and biases in float32, of the inputs in the inputs' layout."""
        gradient = gradient.to(self._dtype)
        if self._rectifies:
            gradient = threshold_backward(gradient, self._outputs, 0)
        weight = matmul(gradient.t(), self._rows)
        _, *image_shape = self._shape
        if self._is_channels_last:
            channels, height, width = image_shape
            weight = weight.view(-1, height, width, channels).permute(0, 3, 1, 2).flatten(1)
        weights: Tensors = (weight.float(),)
        if self._dense.bias is not None:
            weights += (gradient.float().sum(0),)
        if not needs_input_grad:
            return None, weights
        inputs = matmul(gradient, self._table)
        if self._is_channels_last:
            return inputs.view(-1, height, width, channels).permute(0, 3, 1, 2), weights
        inputs = inputs.view(self._shape)
        # A max pool's gradient takes 6 times as long from a gradient whose channels come first.
        if inputs.dim() == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        return inputs, weights


class DropoutBlock(Block):
    """`dropout`, with the mask that the layer draws."""

    def __init__(self, dropout: SeededDropout) -> None:
        super().__init__([])
        self._dropout = dropout
        self._mask = torch.empty(0)

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *shape"]:
        """The values that the mask keeps, scaled up, and 0 for the others."""
        self._mask = self._dropout.draw(inputs)
        return masked(inputs, self._mask).mul_(self._dropout.scale)

    def backward(self, gradient: Tensor, needs_input_grad: bool) -> tuple[Tensor | None, Tensors]:
        """The gradient of the values that the mask keeps, scaled up, and 0 for the others."""
        return masked(gradient, self._mask).mul_(self._dropout.scale), ()


class AutogradBlock(Block):
    """Any `layers`, one after another, with gradients by autograd."""

    def __init__(self, layers: Sequence[nn.Module], dtype: torch.dtype) -> None:
        super().__init__(layers)
        self._layers, self._dtype = layers, dtype
        self._inputs = self._outputs = torch.empty(0)

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *outputs"]:
        """The outputs of the last layer."""
        self._inputs = outputs = inputs.detach().requires_grad_()
        half = self._dtype == torch.bfloat16
        with torch.enable_grad(), torch.autocast(inputs.device.type, torch.bfloat16, enabled=half):
            for layer in self._layers:
                outputs = layer(outputs)
        self._outputs = outputs
        return outputs.detach()

    def backward(self, gradient: Tensor, needs_input_grad: bool) -> tuple[Tensor | None, Tensors]:
        """The gradients by autograd."""
        leaves = (self._inputs, *self.weights) if needs_input_grad else self.weights
        gradients = torch.autograd.grad(self._outputs, leaves, gradient.to(self._outputs.dtype))
        return (gradients[0], gradients[1:]) if needs_input_grad else (None, gradients)
