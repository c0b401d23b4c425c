"""What augmentation makes of one picture, to be looked at before anything is trained."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch.nn import functional as F

from toile.augmentation.augmentation import draw_epoch, vary, windows
from toile.recipe import Augmentation
from toile.streams import stream_seed


def varied_copies(
    picture: UInt8[np.ndarray, "c h w"],
    settings: Augmentation,
    background: Sequence[float],
    num: int,
    seed: int = 0,
) -> UInt8[np.ndarray, "num c h w"]:
    """`picture` varied `num` times, each as a training picture is in an epoch.

    `background` is the pictures' border grey per channel, from 0 to 255.
    """
    _, height, width = picture.shape
    draws = draw_epoch(settings, num, (height, width), seed, 0)
    greys = torch.tensor(background, dtype=torch.float32).view(1, -1, 1, 1)
    reach = settings.shift
    copies = torch.tensor(picture).expand(num, -1, -1, -1)
    # Padded by 0, and what was padded is then given the background's grey.
    inside = F.pad(torch.ones(1, 1, height, width, dtype=torch.bool), (reach,) * 4)
    padded = torch.where(inside, F.pad(copies, (reach,) * 4), greys.round().to(torch.uint8))
    crops = windows(padded, torch.arange(num), draws, reach)
    noise = torch.Generator().manual_seed(stream_seed(seed, "augment/noise", 0))
    varied = vary(crops.float() / 255, draws, settings, greys / 255, noise)
    result: UInt8[np.ndarray, "num c h w"] = varied.mul(255).round().to(torch.uint8).numpy()
    return result
