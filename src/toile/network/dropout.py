"""Dropout from streams of the run's own, so that a resumed run draws the same masks.

F.dropout takes no generator, and costs 7.4 ns a number where these bits cost about 1.3 (one core
of a Zen 5, torch 2.13): one 64-bit draw serves four numbers.
"""

from typing import Any

import torch
from jaxtyping import Float, Int16, Shaped
from torch import Tensor, nn

from toile.streams import stream_seed

STEPS = 65_536


class SeededDropout(nn.Module):
    """While training, sets values to 0 at random and scales the others to keep the mean.

    `by_channel` drops (h, w) planes together. The masks follow from the last `reseed`.
    """

    def __init__(self, rate: float, by_channel: bool = False) -> None:
        super().__init__()
        # One step is always kept, or the scale below would divide by 0.
        self.dropped = min(round(rate * STEPS), STEPS - 1)
        self.by_channel = by_channel
        self.generator = torch.Generator()

    def reseed(self, seed: int, device: torch.device) -> None:
        """Begin the stream of masks that `seed` stands for."""
        # A generator serves only the device it was made for.
        if self.generator.device != device:
            self.generator = torch.Generator(device)
        self.generator.manual_seed(seed)

    def forward(self, inputs: Float[Tensor, "n *rest"]) -> Float[Tensor, "n *rest"]:
        """The values kept, scaled up, and 0 for the others; outside training, the inputs."""
        if not self.training or self.dropped == 0:
            return inputs
        return _MaskAndScale.apply(inputs, self.draw(inputs), self.scale)

    @property
    def scale(self) -> float:
        """The factor on the values kept."""
        return STEPS / (STEPS - self.dropped)

    def draw(self, inputs: Float[Tensor, "n *rest"]) -> Shaped[Tensor, "n *mask"]:
        """A mask for `inputs`, as `masked` takes it."""
        mask = self._mask(inputs[:, :, :1, :1] if self.by_channel else inputs)
        # bfloat16 has as many bits as the mask, so there the mask is applied by `&`.
        return mask if inputs.dtype == torch.bfloat16 else mask.to(inputs.dtype).neg_()

    def _mask(self, like: Float[Tensor, "n *rest"]) -> Int16[Tensor, "n *rest"]:
        """All bits set where a value is kept, none elsewhere; in `like`'s memory layout."""
        if not like.is_contiguous() and not like.is_contiguous(memory_format=torch.channels_last):
            like = like.contiguous()
        words = torch.empty(-(-like.numel() // 4), dtype=torch.int64, device=like.device)
        # Without bounds random_ draws from 0 up, and every fourth int16 would never be negative.
        words.random_(-(2**63), None, generator=self.generator)
        bits = words.view(torch.int16)[: like.numel()].as_strided(like.shape, like.stride())
        # int16 goes from -32768, so the lowest `dropped` of its 65,536 values are those dropped.
        return torch.ge(bits, self.dropped - STEPS // 2, out=torch.empty_like(bits)).neg_()


class _MaskAndScale(torch.autograd.Function):
    """The values kept, times the scale, and 0 for the others; in forward and backward alike.

    Without booleans, with which torch takes 1 ns a value; this takes .06 in bfloat16 and .2 in
    float32 (one core of a Zen 5, torch 2.13).
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, mask: Tensor, scale: float) -> Tensor:
        ctx.save_for_backward(mask)
        ctx.scale = scale
        return masked(inputs, mask).mul_(scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (mask,) = ctx.saved_tensors
        return masked(gradient, mask).mul_(ctx.scale), None, None


def masked(values: Float[Tensor, "n *rest"], mask: Tensor) -> Float[Tensor, "n *rest"]:
    """`values` where a mask of `SeededDropout.draw` keeps them, and 0 elsewhere."""
    if mask.dtype == torch.int16:
        return (values.view(torch.int16) & mask).view(values.dtype)
    return values * mask


def reseed_dropout(network: nn.Module, seed: int, *when: int) -> None:
    """Give every dropout layer of `network` the stream of `when`: the epoch, the step, the part."""
    for name, module in network.named_modules():
        if isinstance(module, SeededDropout):
            device = next(network.parameters()).device
            module.reseed(stream_seed(seed, f"dropout/{name}", *when), device)
