"""Options that correct the preparation of a picture, as the app's page Try does."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from toile.errors import ToileError

if TYPE_CHECKING:
    from toile.prediction import PictureCorrections

Rotate = Annotated[
    int, typer.Option("--rotate", metavar="DEGREES", help="First turn right by 90, 180 or 270.")
]
Crop = Annotated[
    str | None,
    typer.Option(
        "--crop", metavar="L,T,R,B", help="Then cut these fractions off left, top, right, bottom."
    ),
]
Invert = Annotated[
    bool, typer.Option("--invert", help="Swap dark and light, after the automatic choice.")
]


def corrections_of(rotate: int, crop: str | None, invert: bool) -> "PictureCorrections":
    """The requested corrections. Raises ToileError with the rule for invalid ones."""
    from toile.prediction import PictureCorrections

    if rotate not in (0, 90, 180, 270):
        raise ToileError(f"--rotate is {rotate}; pictures are turned by 90, 180 or 270 degrees")
    cut = (0.0, 0.0, 0.0, 0.0) if crop is None else _fractions(crop)
    return PictureCorrections(rotate // 90, cut, invert)


def _fractions(crop: str) -> tuple[float, float, float, float]:
    rule = (
        f"--crop is {crop!r:.60}; it is four fractions to cut off at left, top, right and bottom, "
        "such as 0.1,0,0.1,0.25, and some of the picture has to be left"
    )
    try:
        left, top, right, bottom = map(float, crop.split(","))
    except ValueError:
        raise ToileError(rule) from None
    parts = (left, top, right, bottom)
    if not all(math.isfinite(part) and part >= 0 for part in parts):
        raise ToileError(rule)
    if left + right >= 1 or top + bottom >= 1:
        raise ToileError(rule)
    return parts
