"""A network together with the scale of its inputs: from bytes to logits."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from toile.data import AnyPixels
from toile.network.pixels import Pixels
from toile.network.scoring import network_logits
from toile.network.trained import Network


@dataclass(frozen=True, eq=False)
class ScaledNetwork:
    """`network` takes images as `pixels` scales them."""

    network: Network
    pixels: Pixels

    def logits(self, images: AnyPixels) -> Float32[np.ndarray, "n k"]:
        """The logits of at least one image."""
        return network_logits(self.network, images, self.pixels)

    def inputs(self, images: UInt8[np.ndarray, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """What the network takes for `images`."""
        return self.pixels.scaled(torch.from_numpy(images))
