"""What a network consists of while it trains: layers that compute their gradients themselves.

    outputs = forward(inputs)
    d loss / d inputs, d loss / d weights = backward(d loss / d outputs)

A block keeps of its last `forward` what `backward` needs, and nothing of autograd's: of s1-lab's
step of 32 pictures, 1.7 ms, the arithmetic takes 1.0 (one core of a Zen 5, bfloat16, torch 2.13).

It must agree with its layers by autograd, `src/toile/engine/plain.py`, to rounding
(`tests/engine/test_agreement.py`), and give the same bits whenever it is asked the same.
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
    def backward(self, gradient: Tensor, wanted: bool) -> tuple[Tensor | None, Tensors]:
        """The gradient of the inputs, where `wanted`, and those of `weights`, in float32.

        `gradient` is that of the outputs; it may be in another precision.
        """
