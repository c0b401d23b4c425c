"""A block: one or more layers that compute their own gradients while a network trains.

    outputs = forward(inputs)
    d loss / d inputs, d loss / d weights = backward(d loss / d outputs)

A block keeps what `backward` needs from its last `forward`, and no graph of autograd's. A step of
s1-lab, with 32 pictures, takes 1.7 ms by autograd, of which the arithmetic is 1.0 (one core of a
Zen 5, bfloat16, torch 2.13).

A block must agree with its layers by autograd (`src/toile/engine/plain.py`) to rounding, which
`tests/engine/test_agreement.py` checks, and must give the same bits for the same inputs.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from torch import Tensor, nn

Tensors = tuple[Tensor, ...]


class Block(ABC):
    """One or more layers, computed together. `backward` goes back through the last `forward`."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        self.weights = tuple(
            weight for layer in layers for weight in layer.parameters() if weight.requires_grad
        )

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor:
        """The outputs of the last layer for a batch."""

    @abstractmethod
    def backward(self, gradient: Tensor, needs_input_grad: bool) -> tuple[Tensor | None, Tensors]:
        """The gradients of the inputs and of `weights`, the latter in float32.

        `gradient` is that of the outputs; it may be in another precision. The first is None unless
        `needs_input_grad`.
        """
