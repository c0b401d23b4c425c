"""What the network sees of a picture: uint8 greys made into numbers of a fixed scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor


@dataclass(frozen=True)
class Pixels:
    """The scale of a run's inputs: (pixels / 255 - mean) / sd, per channel; unit has 0 and 1."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]

    def scaled(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """`images` as the network takes them, float32 in channels_last memory."""
        return self.standard(images.float().mul_(1 / 255))

    def standard(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Images in [0, 1] as the network takes them."""
        if any(self.mean) or any(sd != 1 for sd in self.sd):
            shape = (1, -1, 1, 1)
            images = images - torch.tensor(self.mean, device=images.device).view(shape)
            images = images / torch.tensor(self.sd, device=images.device).view(shape)
        return images.contiguous(memory_format=torch.channels_last)


def pixels_of(scaling: str, mean: Sequence[float], sd: Sequence[float]) -> Pixels:
    """The scale a recipe's `data.scaling` asks for, with the training images' mean and SD."""
    if scaling == "unit":
        return Pixels((0.0,) * len(mean), (1.0,) * len(mean))
    return Pixels(tuple(mean), tuple(sd))
