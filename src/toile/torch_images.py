"""Images with their labels as a torch Dataset: for a training loop of one's own."""

from typing import Protocol

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor
from torch.utils.data import Dataset


class PixelRows(Protocol):
    """Pictures by their number, in memory or in a file."""

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "c h w"]:
        """The picture at `index`."""


class TorchImages(Dataset[tuple[Tensor, int]]):
    """Pairs of a picture, float32 (c, h, w) from 0 to 1, and its class index."""

    def __init__(self, pixels: PixelRows, labels: Int64[np.ndarray, " n"]) -> None:
        self.pixels, self.labels = pixels, labels

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """The picture at `index` and its class index."""
        pixels = torch.from_numpy(self.pixels[index] / np.float32(255))
        return pixels, int(self.labels[index])
