"""The outline of a class: where its mean training picture has its edges, to draw on from."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFilter

from toile.data.dataset import Dataset
from toile.data.statistics import pixel_statistics
from toile.errors import ToileError, did_you_mean

SIDE_PX, THICK_PX = 336, 5
MOST_AVERAGED = 2000
"""Of more training pictures the first are averaged: a mean of 2,000 has its edges where all do."""


def class_outline(dataset: Dataset, class_name: str) -> UInt8[np.ndarray, "h w"]:
    """Where the mean training picture of a class has its edges: 255 on them, 0 elsewhere.

    336 px in each direction. An edge surrounds what differs from the background by more than half
    of the most. Raises ToileError for a class that the data has not, or that has no picture.
    """
    names = dataset.class_names
    if class_name not in names:
        raise ToileError(
            f"{class_name!r:.80} is no class of {dataset.name}, which has {', '.join(names[:20])}"
            f"{did_you_mean(class_name, names)}"
        )
    train = dataset.train
    indices = np.flatnonzero(train.labels == names.index(class_name))[:MOST_AVERAGED]
    if not len(indices):
        raise ToileError(f"{class_name} has no training picture in {dataset.name}; name another")
    background = np.array(pixel_statistics(train).border_grey)[:, None, None]
    mean = np.abs(train.pixels[indices].mean(0) - background).max(0)
    large = Image.fromarray(mean.astype(np.float32)).resize((SIDE_PX, SIDE_PX))
    inside = np.asarray(large) > mean.max() / 2
    thick = Image.fromarray(inside).filter(ImageFilter.MaxFilter(2 * THICK_PX + 1))
    return np.where((np.asarray(thick) > 0) & ~inside, np.uint8(255), np.uint8(0))
