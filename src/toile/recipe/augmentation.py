"""How training pictures are varied; each epoch draws anew, as a pure function of the seed."""

from typing import Literal

from pydantic import Field

from toile.errors import ToileError
from toile.recipe.settings import Settings


class Augmentation(Settings):
    """How training pictures are varied. Validation and test pictures never are."""

    shift: int = Field(0, ge=0, le=64, description="Move by up to this many whole pixels each way")
    flip: Literal["random", "alternate"] | None = Field(
        None, description="Mirror left to right: at random, or half of the pictures in turns"
    )
    rotate: float = Field(0.0, ge=0, le=180, description="Turn by up to this many degrees")
    shear: float = Field(0.0, ge=0, le=45, description="Slant by up to this many degrees")
    zoom: float = Field(0.0, ge=0, lt=1, description="Magnify or shrink by up to this fraction")
    brightness: float = Field(0.0, ge=0, le=1, description="Scale the greys by up to this fraction")
    noise: float = Field(0.0, ge=0, le=1, description="SD of the noise added, of a white pixel")
    erase: int = Field(0, ge=0, le=128, description="Side of a square wiped out, in pixels")


def refuse_blank_pictures(augmentation: Augmentation, shape: tuple[int, int, int]) -> None:
    """Raise ToileError where pictures of `shape` (c, h, w) would be moved or wiped out entirely."""
    _, height, width = shape
    for setting, pixels in (("shift", augmentation.shift), ("erase", augmentation.erase)):
        if pixels >= min(height, width):
            raise ToileError(
                f"augmentation.{setting} is {pixels}, but the pictures are {width} x {height} px, "
                "so that nothing would be left of some; set it below the shorter side, such as "
                f"{max(1, min(height, width) // 8)}"
            )
