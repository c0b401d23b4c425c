"""Finds the pictures in an array of any axes and type, or says what to pass instead.

The facts of a run decide what an array leaves open: whether three planes are three grey pictures or
one colour picture, and which values are black and white.
"""

import numpy as np
from jaxtyping import Shaped

from toile.data import DataFacts, Extremes, Greys, Picture, deep_picture, find_greys, to_bytes
from toile.errors import ToileError

BATCHES = "(n, h, w), (n, c, h, w), (n, h, w, c) or (n, pixels)"
FORMS = f"(h, w), (h, w, 3) or (c, h, w), or a batch {BATCHES}"
Array = Shaped[np.ndarray, "..."]


def pictures_in(array: Array, facts: DataFacts | None, number: int, dtype: str) -> list[Picture]:
    """The picture in `array`, or those in a batch; errors name the first `picture NUMBER`.

    `dtype` is the user's name of the array's type.
    """
    description = f"picture {number}: is an array of {dtype} {array.shape}"
    if array.dtype.kind not in "buif" or not array.size:
        raise ToileError(f"{description}; pass numbers from 0 to 255 with the axes {FORMS}")
    batch = _batch(array, facts, description)
    if batch.dtype == np.uint8:
        return [Picture(image) for image in batch]
    greys = _greys(batch, facts, description)
    if not greys.whole or greys.black < 0 or batch.dtype.kind == "b":
        return [Picture(image) for image in to_bytes(batch, greys)]
    if greys.highest <= 255:
        return [Picture(image) for image in batch.astype(np.uint8)]
    if batch.shape[1] == 1:
        return [deep_picture(image.astype(np.uint16)) for image in batch]
    return [Picture(image) for image in to_bytes(batch, greys)]


def _batch(array: Array, facts: DataFacts | None, description: str) -> Array:
    """The array as (n, c, h, w)."""
    shape = array.shape
    channels, height, width = facts.shape if facts else (0, 0, 0)
    num_pixels = channels * height * width
    if (len(shape) == 1 and shape[0] == num_pixels) or (len(shape) == 2 and shape[1] == num_pixels):
        if channels > 1:
            raise ToileError(
                f"{description}; the order of colours in flat pixels is unknown; pass "
                f"array.reshape(-1, {height}, {width}, 3) or (-1, 3, {height}, {width})"
            )
        return array.reshape(-1, 1, height, width)
    if len(shape) == 2 and min(shape) > 1:
        return array[None, None]
    if len(shape) == 3:
        return _of_three_axes(array, facts, description)
    if len(shape) == 4 and shape[1] in (1, 3):
        return array
    if len(shape) == 4 and shape[3] in (1, 3):
        return array.transpose(0, 3, 1, 2)
    raise ToileError(f"{description}; the axes have to be {FORMS}")


def _of_three_axes(array: Array, facts: DataFacts | None, description: str) -> Array:
    """A colour picture, or several grey ones."""
    first, *_, last = array.shape
    has_run_size = facts is not None and array.shape[1:] == facts.shape[1:]
    if first == 3 and facts is not None and facts.shape[0] == 1:
        if not has_run_size:
            raise ToileError(
                f"{description}, which may be three grey pictures or one in colour; pass array[:, "
                "None] for three or array.transpose(1, 2, 0) for one"
            )
        return array[:, None]
    if last in (1, 3) and not has_run_size:
        return array.transpose(2, 0, 1)[None]
    return array[None] if first == 3 else array[:, None]


def _greys(batch: Array, facts: DataFacts | None, description: str) -> Greys:
    """Black and white: as in the run's data if the values fit, else found from the values."""
    if batch.dtype.kind == "f" and not np.isfinite(batch).all():
        raise ToileError(f"{description}; some values are NaN or infinite; pass finite numbers")
    extremes = Extremes()
    extremes.update(batch)
    run_greys = facts.greys if facts else None
    if (
        run_greys
        and not run_greys.whole
        and run_greys.black <= extremes.lowest
        and extremes.highest <= run_greys.white
    ):
        return run_greys
    return find_greys(extremes, None, description)
