"""Which values of a source are black and white, told by those that its pictures use.

Pictures are held as 0 to 255. What is saved as 0 and 1, 0 to 16 or 0 to 4095 is brought to that:
taken as it is, it would be all but black, and a photograph nothing like it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped, UInt8
from pydantic import BaseModel, ConfigDict, Field

from toile.data.images import chunk_slices
from toile.errors import ToileError

BITS = (8, 10, 12, 14, 16)
LOW_WHITE = 16
"""Whole numbers up to this are no pictures of 8 bits: so dark none would be seen in any."""
MISTAKE_FRACTION = 0.01
"""Up to this fraction of values above 255 they are taken for mistakes, not for more than 8 bits."""
ROUNDING = 1e-3
"""How far from 0 and 1 a scale's ends may lie that was computed."""


class Greys(BaseModel):
    """The values that are black and white, and the `lowest` and `highest` that occur.

    `deep_white` is white in pictures of 16 bits a channel, where a folder has such beside others.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="ignore")

    lowest: float
    highest: float
    black: float = 0
    white: float = Field(255, gt=0)
    whole: bool = True
    deep_white: float | None = None
    doubt: str = ""
    """Why black and white may be others than those, with the numbers; empty where they are not."""

    @property
    def is_bytes(self) -> bool:
        """Whether values are greys of 0 to 255 already."""
        return (self.black, self.white) == (0, 255)

    @property
    def deeper_white(self) -> float:
        """White in pictures of 16 bits a channel."""
        return self.white if self.deep_white is None else self.deep_white

    @property
    def words(self) -> str:
        """`0 to 16`, and what that is called."""
        ends = f"{self.black:g} to {self.white:g}"
        if not self.whole:
            ends += " with fractions"
        elif self.white == 1:
            ends = f"{self.black:g} and 1 (binary)"
        elif self.white in {2**bits - 1 for bits in (4, *BITS)}:
            ends += f" ({int(self.white + 1).bit_length() - 1} bit)"
        if self.deep_white is not None:
            ends += f"; 0 to {self.deep_white:g} in pictures of 16 bits a channel"
        return ends

    @property
    def is_usual(self) -> bool:
        """Whether there is nothing to say of them."""
        return self.is_bytes and self.deep_white in (None, 65535) and not self.doubt


@dataclass
class Extremes:
    """The lowest and the highest value met so far, and whether all were whole numbers."""

    lowest: float = np.inf
    highest: float = -np.inf
    are_integers: bool = True
    num_values: int = 0
    num_above_bytes: int = 0
    lowest_at: str = ""
    highest_at: str = ""
    """Where they were met first, as ` (image 4)`."""

    def update(
        self,
        values: Shaped[np.ndarray, "*shape"],
        location: Callable[[int], str] = lambda index: "",
    ) -> None:
        """Take in some more, none of them NaN; `location` is where the value of an index lies."""
        self.num_values += values.size
        if values.max() > 255:
            self.num_above_bytes += int((values > 255).sum())
        if values.min() < self.lowest:
            self.lowest, self.lowest_at = float(values.min()), location(int(values.argmin()))
        if values.max() > self.highest:
            self.highest, self.highest_at = float(values.max()), location(int(values.argmax()))
        if values.dtype.kind == "f" and self.are_integers:
            self.are_integers = bool((values == np.rint(values)).all())

    def include(self, extremes: "Extremes") -> None:
        """Take in the values that `extremes` has met."""
        if extremes.lowest < self.lowest:
            self.lowest, self.lowest_at = extremes.lowest, extremes.lowest_at
        if extremes.highest > self.highest:
            self.highest, self.highest_at = extremes.highest, extremes.highest_at
        self.are_integers &= extremes.are_integers
        self.num_values += extremes.num_values
        self.num_above_bytes += extremes.num_above_bytes

    @property
    def any(self) -> bool:
        """Whether there was a value."""
        return self.highest >= self.lowest

    @property
    def words(self) -> str:
        """`from 0 to 300 (image 4)`."""
        return f"from {self.lowest:.4g}{self.lowest_at} to {self.highest:.4g}{self.highest_at}"


def find_greys(extremes: Extremes, white: float | None, where: str) -> Greys:
    """Black and white of pictures whose values have these `extremes`; `white` as set, if it is.

    ToileError where it cannot be told.
    """
    if white is not None:
        return _as_set(extremes, white, where)
    black, white, doubt = 0, 255, ""
    if extremes.lowest < -ROUNDING:
        if extremes.lowest < -1 - ROUNDING or extremes.highest > 1 + ROUNDING:
            before = "; save them as they were before they were standardised"
            remedy = "" if extremes.are_integers else before
            raise ToileError(
                f"{where}: pixels go {extremes.words}; they go from 0 to 255, from 0 to 1 or from "
                f"-1 to 1{remedy}"
            )
        black, white = -1, 1
    elif not extremes.are_integers:
        white = _white_of_fractions(extremes, where)
    elif extremes.highest > 255:
        white = _white_of_bits(extremes, where)
    elif extremes.highest > 0:
        white = _white_of_bytes(extremes.highest)
        if white == LOW_WHITE != extremes.highest:
            doubt = f"the lightest value is {extremes.highest:g}, and {LOW_WHITE} is read as white"
    if black < extremes.highest < (black + white) / 2:
        doubt = f"the lightest value is {extremes.highest:g}, and {white:g} is read as white"
    return Greys(
        lowest=extremes.lowest,
        highest=extremes.highest,
        black=black,
        white=white,
        whole=extremes.are_integers,
        doubt=doubt and f"{doubt}; if that is not so, set data.white, as in --set data.white=255",
    )


def _as_set(extremes: Extremes, white: float, where: str) -> Greys:
    if extremes.lowest < -ROUNDING or extremes.highest > white * (1 + ROUNDING):
        raise ToileError(
            f"{where}: pixels go {extremes.words}, and data.white is "
            f"{white:g}; set it to the value that is white, or leave it out"
        )
    return Greys(
        lowest=extremes.lowest, highest=extremes.highest, white=white, whole=extremes.are_integers
    )


def _white_of_bytes(highest: float) -> int:
    if highest == 1:
        return 1
    if highest <= LOW_WHITE:
        return 15 if highest == 15 else LOW_WHITE
    return 255


def _white_of_bits(extremes: Extremes, where: str) -> int:
    white = next((2**bits - 1 for bits in BITS if extremes.highest < 2**bits), None)
    if white is None:
        raise ToileError(
            f"{where}: pixels go {extremes.words}; at most {2 ** BITS[-1] - 1}, 16 bit, are read"
        )
    if extremes.num_above_bytes < MISTAKE_FRACTION * extremes.num_values:
        raise ToileError(
            f"{where}: pixels go {extremes.words}, but only {extremes.num_above_bytes} of "
            f"{extremes.num_values} are above 255; whether 255 or {white} is white cannot be told; "
            f"put them right, or set data.white, as in --set data.white={white}"
        )
    return int(white)


def _white_of_fractions(extremes: Extremes, where: str) -> int:
    if extremes.highest <= 1 + ROUNDING:
        return 1
    if extremes.highest <= LOW_WHITE:
        raise ToileError(
            f"{where}: pixels go {extremes.words} with fractions; "
            "whether 1, 16 or 255 is white cannot be told; set data.white to the value that is, as "
            "in --set data.white=16"
        )
    return 255 if extremes.highest < 255.5 else _white_of_bits(extremes, where)


def to_bytes(values: Shaped[np.ndarray, "*shape"], greys: Greys) -> UInt8[np.ndarray, "*shape"]:
    """`values` as greys of 0 to 255, black and white of `greys` at the ends."""
    scaled = (values.astype(np.float64) - greys.black) * (255 / (greys.white - greys.black))
    rounded: UInt8[np.ndarray, "*shape"] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return rounded


def scale_in_place(pixels: UInt8[np.ndarray, "n *rest"], greys: Greys) -> None:
    """Scale bytes from `greys` to 0 to 255 in place, by a table and without a copy of all."""
    table = to_bytes(np.arange(256), greys)
    for piece in chunk_slices(pixels):
        pixels[piece] = table[pixels[piece]]
