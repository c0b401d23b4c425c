"""A network as it trains: layers in blocks, without autograd where that costs more than they do.

    logits = block_m(... block_2(block_1(images)))
    d loss / d weights of block_i = its backward, of the gradient that block_i+1's gave

No gradient is taken below the first block that has weights. A step of s1-lab's 32 pictures took 1.7
ms, and the same arithmetic without autograd, autocast and modules 1.0 (one core of a Zen 5,
bfloat16, torch 2.13).

Logits and gradients must be those of the layers while training, to rounding; which block takes
which layers is by their kinds alone, so that a network has the same bits in every process that
computes it.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from toile.engine.kernels.block import Block, Tensors
from toile.engine.kernels.blocks import AutogradBlock, DenseBlock, DropoutBlock
from toile.engine.kernels.first_block import FirstBlock
from toile.engine.kernels.inner_conv import InnerConvBlock
from toile.engine.kernels.max_pool import MaxPoolBlock
from toile.engine.kernels.order import pools_first
from toile.network import Conv2d, FlattenLayer, MaxPool2d, SeededDropout


class CompiledNetwork:
    """The layers of `network` computed in `dtype`, float32 or bfloat16; weights stay float32.

    Its logits and gradients are those of the layers while training, to rounding.
    """

    def __init__(self, network: nn.Sequential, dtype: torch.dtype) -> None:
        self.network = network
        layers = pools_first(network)
        on_cpu = all(weight.device.type == "cpu" for weight in network.parameters())
        # A GPU has its own ways with small layers, and none with pieces that fit a cache.
        self.blocks = blocks_of(layers, dtype) if on_cpu else [AutogradBlock(layers, dtype)]
        self.weights = [weight for block in self.blocks for weight in block.weights]
        # No gradient is wanted of what comes before the first weights.
        having = (place for place, block in enumerate(self.blocks) if block.weights)
        self._first = next(having, len(self.blocks))

    @torch.no_grad()
    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        """The logits of a batch."""
        for block in self.blocks:
            images = block.forward(images)
        return images

    @torch.no_grad()
    def backward(self, gradient: Float[Tensor, "n k"]) -> Tensors:
        """The gradients of `weights` in float32, from that of the logits of the last batch."""
        gradients: list[Tensors] = []
        for place in reversed(range(self._first, len(self.blocks))):
            below, of_weights = self.blocks[place].backward(gradient, place > self._first)
            gradients.append(of_weights)
            if below is not None:
                gradient = below
        return tuple(one for of_weights in reversed(gradients) for one in of_weights)


def blocks_of(layers: list[nn.Module], dtype: torch.dtype) -> list[Block]:
    """`layers` in blocks for a CPU, in their order; one with frozen weights is left to autograd."""
    blocks: list[Block] = []
    by_autograd: list[nn.Module] = []
    while layers:
        block, count = _block(layers, dtype, first=not blocks and not by_autograd)
        if block is None:
            by_autograd.append(layers[0])
        else:
            blocks += [*_by_autograd(by_autograd, dtype), block]
            by_autograd = []
        layers = layers[count:]
    return [*blocks, *_by_autograd(by_autograd, dtype)]


def _by_autograd(layers: list[nn.Module], dtype: torch.dtype) -> list[Block]:
    return [AutogradBlock(layers, dtype)] if layers else []


def _block(layers: list[nn.Module], dtype: torch.dtype, first: bool) -> tuple[Block | None, int]:
    """The block that begins `layers`, if there is one beside autograd, and how many it takes."""
    match layers:
        case [layer, *_] if not _is_trained(layer):
            return None, 1
        case [Conv2d() as conv, *others] if first and FirstBlock.fits(conv):
            pools = bool(others) and _halves(others[0])
            rectifies = _rectifies(layers, 1 + pools)
            return FirstBlock(conv, pools, rectifies, dtype), 1 + pools + rectifies
        case [Conv2d() as conv, *_] if InnerConvBlock.fits(conv, dtype):
            return InnerConvBlock(conv, dtype), 1
        case [MaxPool2d() as pool, nn.ReLU() as relu, *_] if MaxPoolBlock.fits(pool, dtype):
            return MaxPoolBlock(pool, relu), 2
        case [SeededDropout() as dropout, *_]:
            return DropoutBlock(dropout), 1
        case [FlattenLayer(), nn.Linear() as dense, *_] if _is_trained(dense):
            return DenseBlock(dense, _rectifies(layers, 2), dtype), 2 + _rectifies(layers, 2)
        case [nn.Linear() as dense, *_]:
            return DenseBlock(dense, _rectifies(layers, 1), dtype), 1 + _rectifies(layers, 1)
    return None, 1


def _is_trained(layer: nn.Module) -> bool:
    """Whether none of its weights is frozen."""
    return all(weight.requires_grad for weight in layer.parameters())


def _halves(layer: nn.Module) -> bool:
    return isinstance(layer, MaxPool2d) and layer.halves


def _rectifies(layers: list[nn.Module], place: int) -> bool:
    return place < len(layers) and isinstance(layers[place], nn.ReLU)
