"""Augmentation: training pictures moved, turned, scaled and mirrored at random.

Speaks float32 pictures (n, c, h, w), and a random stream for each image.
"""

from toile.augmentation.augmentation import Draws, draw_epoch, vary, windows
from toile.augmentation.preview import varied_copies
from toile.augmentation.variants import varied_pictures

__all__ = [
    "Draws",
    "draw_epoch",
    "varied_copies",
    "varied_pictures",
    "vary",
    "windows",
]
