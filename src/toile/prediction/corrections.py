"""Corrections by a user of the automatic preparation of a picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from toile.data import Picture
from toile.errors import ToileError
from toile.prediction.step import Notes

TURN_WORDS = {1: "a quarter turn to the right", 2: "upside down", 3: "a quarter turn to the left"}


@dataclass(frozen=True)
class PictureCorrections:
    """Quarter `turns` clockwise, then the fractions cut off at left, top, right and bottom.

    `invert` swaps dark and light once more than the preparation does.
    """

    turns: int = 0
    cut: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    invert: bool = False

    def of(self, picture: Picture, notes: Notes) -> Picture:
        """`picture` turned and cut. Raises ToileError if nothing of it would be left."""
        turns, (left, top, right, bottom) = self.turns % 4, self.cut
        if turns:
            picture = _each(picture, lambda array: np.rot90(array, -turns, (1, 2)))
            notes.step("Turned by you", f"By {TURN_WORDS[turns]}.", picture.pixels)
        if any(self.cut):
            _, height, width = picture.pixels.shape
            rows = slice(round(top * height), height - round(bottom * height))
            columns = slice(round(left * width), width - round(right * width))
            if min(self.cut) < 0 or rows.start >= rows.stop or columns.start >= columns.stop:
                raise ToileError(
                    f"the fractions cut off are {self.cut}; use fractions from 0 to below 1 that "
                    "leave something of the picture"
                )
            picture = _each(picture, lambda array: array[:, rows, columns])
            _, height, width = picture.pixels.shape
            notes.step("Cut by you", f"{width} x {height} px are left.", picture.pixels)
        return picture


NO_CORRECTIONS = PictureCorrections()


def _each(picture: Picture, change: Callable[[Any], Any]) -> Picture:
    """The picture with `change` made to its pixels, and to its 16-bit pixels if it has some."""
    pixels = np.ascontiguousarray(change(picture.pixels))
    deep = None if picture.deep is None else np.ascontiguousarray(change(picture.deep))
    return replace(picture, pixels=pixels, deep=deep, read_highest=picture.highest)
