"""A source's bytes brought to the greys 0 to 255, and refused where there is nothing in them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from toile.data.greys import Extremes, Greys, find_greys, scale_in_place
from toile.data.images import Images, chunk_slices
from toile.data.readers.parts import Parts
from toile.errors import ToileError
from toile.recipe import Data

REMEDY = (
    "numbers from 0 to 1 become so where they are cast to whole numbers: save 255 * numbers, or "
    "look at what wrote the files"
)


def scaled(parts: Parts, data: Data, where: str) -> Parts:
    """`parts` with black at 0 and white at 255, and the values that were so in the source.

    By older rules they are left as they are. What a reader found is kept.
    """
    if data.rule < 3:
        return parts
    greys = parts.greys
    if greys is None:
        extremes = Extremes()
        arrays = [images.pixels for images in _parts(parts)]
        # Mapped pixels come from picture files, whose greys are known.
        loaded = [pixels for pixels in arrays if isinstance(pixels, np.ndarray)]
        assert len(loaded) == len(arrays)
        for pixels in loaded:
            extremes.update(pixels)
        greys = find_greys(extremes, data.white, where)
        if not greys.is_bytes:
            for pixels in loaded:
                scale_in_place(pixels, greys)
    return replace(parts, greys=greys, notes=(*parts.notes, *_notes(greys)))


def _notes(greys: Greys) -> list[str]:
    if greys.doubt:
        return [f"greys: {greys.doubt}"]
    return (
        [] if greys.is_usual else [f"greys: the files have {greys.words}, read as black to white"]
    )


def refuse_blank(train: Images, test: Images | None, greys: Greys, where: str) -> None:
    """Refuse pictures that are all alike, or all black or white: there is nothing to tell."""
    values = f"{greys.lowest:g}"
    if greys.highest != greys.lowest:
        values += f" to {greys.highest:g}"
    images = [part for part in (train, test) if part is not None]
    first = images[0].pixels[:1]
    if all(_holds(part, lambda pixels: pixels == first) for part in images):
        raise ToileError(
            f"{where}: all {sum(map(len, images))} pictures are alike (their values are {values}), "
            f"so there is nothing in them to learn; {REMEDY}"
        )
    if greys.highest <= 1 and all(
        _holds(part, lambda pixels: pixels == pixels[:, :, :1, :1]) for part in images
    ):
        raise ToileError(
            f"{where}: every picture is of one value throughout, {values}, so there is nothing in "
            f"them to learn; {REMEDY}"
        )


def _parts(parts: Parts) -> list[Images]:
    return [images for images in (parts.train, parts.test) if images is not None]


def _holds(images: Images, test: Callable[[np.ndarray], np.ndarray]) -> bool:
    return all(bool(test(images.pixels[piece]).all()) for piece in chunk_slices(images.pixels))
