"""A picture of a dataset with random changes by a recipe's augmentation."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import UInt8

from toile.augmentation import varied_copies
from toile.data import Dataset, pixel_statistics
from toile.errors import ToileError
from toile.recipe import Recipe, refuse_blank_pictures, with_settings


def vary_picture(
    dataset: Dataset, index: int, settings: Mapping[str, Any], num: int = 8, seed: int = 0
) -> UInt8[np.ndarray, "n c h w"]:
    """Picture `index` of the training part, followed by `num` augmented copies of it.

    `settings` are addresses of a recipe, such as `augmentation.shift`. Raises ToileError if one is
    no setting of augmentation, or if there is no such picture.
    """
    if odd := next((name for name in settings if not name.startswith("augmentation.")), None):
        raise ToileError(
            f"{odd} is no setting of augmentation; use only those, such as augmentation.shift"
        )
    n = len(dataset.train)
    if not 0 <= index < n:
        raise ToileError(f"index is {index}; the training part has pictures 0 to {n - 1}")
    picture = np.array(dataset.train.pixels[index])
    augmentation = with_settings(Recipe.preset("s1-lab"), dict(settings)).augmentation
    refuse_blank_pictures(augmentation, dataset.shape)
    copies = varied_copies(picture, augmentation, _border_grey(dataset), num, seed)
    return np.concatenate([picture[None], copies])


@lru_cache(8)
def _border_grey(dataset: Dataset) -> tuple[float, ...]:
    return pixel_statistics(dataset.train).border_grey
