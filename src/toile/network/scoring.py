"""Scoring a network: its logits on many images, in float32."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from toile.data import AnyPixels, MappedPixels
from toile.network.pixels import Pixels
from toile.network.views import num_views

BATCH = 250


def logits_in_batches(
    network: nn.Module,
    images: UInt8[Tensor, "n c h w"] | UInt8[MappedPixels, "n c h w"],
    pixels: Pixels,
) -> Iterator[Float[Tensor, "b k"]]:
    """The logits of `images`, on the CPU, 250 views at a time.

    Other sizes may give other last bits.

    The network is in evaluation mode, and gradients are off, only while a batch is computed.
    """
    for batch in _in_batches(images, BATCH // num_views(network)):
        # Undone before the yield: the consumer must find the network as it left it.
        was_training = [(module, module.training) for module in network.modules()]
        network.eval()
        with torch.no_grad():
            logits = network(pixels.scaled(batch)).float().cpu()
        for module, mode in was_training:
            module.training = mode
        yield logits


def _in_batches(
    images: UInt8[Tensor, "n c h w"] | UInt8[MappedPixels, "n c h w"], size: int
) -> Iterator[UInt8[Tensor, "b c h w"]]:
    if not isinstance(images, MappedPixels):
        yield from images.split(size)
        return
    for start in range(0, len(images), size):
        yield torch.from_numpy(images[start : start + size])


def network_logits(
    network: nn.Module,
    images: AnyPixels,
    pixels: Pixels,
    progress: Callable[[int], None] = lambda done: None,
) -> Float32[np.ndarray, "n k"]:
    """The logits of at least one of `images` in numpy's arrays, in the same batches.

    `progress` is told how many images are done.
    """
    done: list[np.ndarray] = []
    tensor = images if isinstance(images, MappedPixels) else torch.from_numpy(images)
    for logits in logits_in_batches(network, tensor, pixels):
        done.append(logits.numpy())
        progress(sum(map(len, done)))
    return np.concatenate(done)


def module_outputs(
    module: nn.Module, inputs: Float32[np.ndarray, "n c h w"]
) -> Float32[np.ndarray, "n k"]:
    """What a module of anybody's gives for `inputs` in evaluation mode; it is left as it was."""
    was_training = [(part, part.training) for part in module.modules()]
    parameter = next(module.parameters(), None)
    tensor = torch.from_numpy(np.ascontiguousarray(inputs))
    module.eval()
    try:
        with torch.no_grad():
            outputs = module(tensor if parameter is None else tensor.to(parameter))
    finally:
        for part, mode in was_training:
            part.training = mode
    return np.asarray(outputs.float().cpu().numpy())
