"""What augmentation makes of one picture, to be looked at before anything is trained."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import UInt8

from toile.augmentation.augmentation import draw_epoch
from toile.augmentation.variants import varied_bytes
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
    noise = torch.Generator().manual_seed(stream_seed(seed, "augment/noise", 0))
    copies = torch.tensor(picture).expand(num, -1, -1, -1)
    return varied_bytes(copies, draws, settings, background, noise)
