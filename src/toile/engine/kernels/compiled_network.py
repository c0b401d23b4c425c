"""A network for training: its layers in blocks, without autograd where autograd is the larger cost.

    logits = block_m(... block_2(block_1(images)))
    backward of block_i: the gradient of block_i+1's inputs -> those of block_i's inputs and weights

No gradient is computed below the first block that has weights. A step of s1-lab, with 32 pictures,
takes 1.7 ms, and the same arithmetic without autograd, autocast and modules 1.0 (one core of a Zen
5, bfloat16, torch 2.13).

Logits and gradients must be those of the layers while training, to rounding. The kinds of the
layers alone decide which block computes them, so a network gives the same bits in every process.
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
        # The blocks are made for a CPU's cache; a GPU gains nothing from them.
        self.blocks = blocks_of(layers, dtype) if on_cpu else [AutogradBlock(layers, dtype)]
        self.weights = [weight for block in self.blocks for weight in block.weights]
        # No gradient is needed below the first weights.
        trained = (index for index, block in enumerate(self.blocks) if block.weights)
        self._first = next(trained, len(self.blocks))

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
        for index in reversed(range(self._first, len(self.blocks))):
            input_gradient, weight_gradients = self.blocks[index].backward(
                gradient, index > self._first
            )
            gradients.append(weight_gradients)
            if input_gradient is not None:
                gradient = input_gradient
        return tuple(
            weight_gradient for of_weights in reversed(gradients) for weight_gradient in of_weights
        )


def blocks_of(layers: list[nn.Module], dtype: torch.dtype) -> list[Block]:
    """`layers` in blocks for a CPU, in order; layers with frozen weights are left to autograd."""
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
    """The block for the first of `layers`, None for autograd's, and how many layers it computes."""
    match layers:
        case [layer, *_] if not _is_trained(layer):
            return None, 1
        case [Conv2d() as conv, *following] if first and FirstBlock.fits(conv):
            pools = bool(following) and _halves(following[0])
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


def _rectifies(layers: list[nn.Module], index: int) -> bool:
    return index < len(layers) and isinstance(layers[index], nn.ReLU)
