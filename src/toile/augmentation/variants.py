"""Training pictures as augmentation varies them, kept as bytes."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from torch.nn import functional as F

from toile.augmentation.augmentation import Draws, draw_epoch, vary, windows
from toile.data import AnyPixels
from toile.recipe import Augmentation
from toile.streams import stream_seed

AT_ONCE = 1000
"""Pictures varied together. Another number is other noise."""


def varied_pictures(
    pixels: AnyPixels,
    indices: Int64[np.ndarray, " m"],
    settings: Augmentation,
    background: Sequence[float],
    seed: int,
    epoch: int,
) -> Iterator[UInt8[np.ndarray, "_ c h w"]]:
    """The pictures at `indices`, varied as in `epoch` of a training, some at a time.

    `background` is the pictures' border grey per channel, from 0 to 255.
    """
    _, _, height, width = pixels.shape
    draws = draw_epoch(settings, len(pixels), (height, width), seed, epoch)
    for start in range(0, len(indices), AT_ONCE):
        chunk = indices[start : start + AT_ONCE]
        noise = torch.Generator().manual_seed(stream_seed(seed, "augment/noise", epoch, start))
        images = torch.tensor(pixels[chunk])
        yield varied_bytes(images, draws.of(torch.tensor(chunk)), settings, background, noise)


def varied_bytes(
    images: UInt8[Tensor, "n c h w"],
    draws: Draws,
    settings: Augmentation,
    background: Sequence[float],
    noise: torch.Generator,
) -> UInt8[np.ndarray, "n c h w"]:
    """Each of `images` varied by its own of `draws`, rounded to bytes."""
    _, _, height, width = images.shape
    greys = torch.tensor(background, dtype=torch.float32).view(1, -1, 1, 1)
    reach = settings.shift
    # Padded by 0, and what was padded is then given the background's grey.
    inside = F.pad(torch.ones(1, 1, height, width, dtype=torch.bool), (reach,) * 4)
    padded = torch.where(inside, F.pad(images, (reach,) * 4), greys.round().to(torch.uint8))
    crops = windows(padded, torch.arange(len(images)), draws, reach)
    varied = vary(crops.float() / 255, draws, settings, greys / 255, noise)
    result: UInt8[np.ndarray, "n c h w"] = varied.mul(255).round().to(torch.uint8).numpy()
    return result
