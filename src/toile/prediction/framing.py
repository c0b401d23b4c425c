"""Finds the foreground of a picture, and crops and scales it like the training images."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, UInt8

from toile.data import Framing, foreground_boxes, mass_centres
from toile.prediction.resample import resampled
from toile.prediction.step import Box, Notes, as_bytes

SPECK = 0.005
"""A spot smaller than this fraction of the largest one is dirt."""
SPECK_OF_PICTURE = 2e-4
"""A spot smaller than this fraction of the picture is dirt, even if it is the only one."""


@dataclass(frozen=True)
class Region:
    """The foreground: its box and its centre of mass, in px."""

    box: Box
    mass: tuple[float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    def centre(self, framing: Framing) -> tuple[float, float]:
        """The centre of the kind by which the training images are centred."""
        return self.mass if framing.centred_by == "mass" else self.middle


def framed(
    greys: Float[np.ndarray, "c h w"],
    threshold: float,
    background_grey: Float64[np.ndarray, " c"],
    framing: Framing,
    size: tuple[int, int],
    notes: Notes,
) -> UInt8[np.ndarray, "c h2 w2"]:
    """`greys` at `size` (width, height), with size and position of the foreground as in `framing`.

    Pixels that differ from `background_grey` by more than `threshold` are foreground. A picture of
    this size that is framed already stays unchanged.
    """
    _, height, width = greys.shape
    distance = np.abs(greys - background_grey[:, None, None].astype(np.float32)).max(0)
    foreground = distance > threshold
    # In a picture of this size a small spot may be a strap, as in the training images.
    region = find_region(
        distance, foreground if (width, height) == size else without_specks(foreground)
    )
    part: Box = (0.0, 0.0, float(width), float(height))
    name, sentence = "Resized", f"{width} x {height} px became {size[0]} x {size[1]}."
    if region is not None and is_framed(region, (width, height), framing, size):
        sentence = f"{sentence[:-1]}; the foreground is placed as in the training images."
    elif region is not None:
        _note_region(region, threshold, greys, notes)
        part = window(region, framing, size)
        name = "Framed"
        sentence = (
            f"It was scaled to {100 * framing.size.middle:.0f} % of {size[0]} x {size[1]} px and "
            f"centred by its {framing.centred_by}, like the training images."
        )
    if (width, height) == size and part == (0, 0, *size):
        return as_bytes(greys)
    small, was_enlarged = resampled(greys, part, size, background_grey)
    if was_enlarged:
        sentence += " It was an enlarged picture, and was sharpened back."
    notes.step(name, sentence, small)
    return as_bytes(small)


def _note_region(
    region: Region, threshold: float, greys: Float[np.ndarray, "c h w"], notes: Notes
) -> None:
    _, height, width = greys.shape
    box_width, box_height = region.size
    notes.step(
        "Found",
        f"The pixels that differ from the background by more than {threshold:.0f} fill "
        f"{box_width:.0f} x {box_height:.0f} px of {width} x {height}.",
        greys,
        box=region.box,
    )


def find_region(
    distance: Float[np.ndarray, "h w"], foreground: Bool[np.ndarray, "h w"]
) -> Region | None:
    """The region of `foreground`, its centre of mass weighted by `distance` from the background.

    None if there is no foreground.
    """
    if not foreground.any():
        return None
    left, top, right, bottom = foreground_boxes(foreground[None])[0].tolist()
    x, y = mass_centres((distance * foreground)[None])[0].tolist()
    return Region((left, top, right, bottom), (x, y))


def without_specks(foreground: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """`foreground` without spots much smaller than the largest one; corners connect spots."""
    # Imported here, because it takes a sixth of a second and few callers frame a picture.
    from scipy import ndimage

    spots, _ = ndimage.label(foreground, np.ones((3, 3)))
    sizes = np.bincount(spots.ravel())
    sizes[0] = 0
    return (sizes >= max(SPECK * sizes.max(), SPECK_OF_PICTURE * foreground.size, 1))[spots]


def is_framed(
    region: Region, picture: tuple[int, int], framing: Framing, size: tuple[int, int]
) -> bool:
    """Whether size and position of `region` are those of the training images.

    Sizes are width and height. A difference of one pixel of the training images is allowed.
    """
    width, height = picture
    across, down = 1 / size[0], 1 / size[1]
    x, y = region.centre(framing)
    span = max(region.size[0] / width, region.size[1] / height)
    return (
        abs(width * size[1] / (height * size[0]) - 1) <= max(across, down)
        and framing.size.holds(span, max(across, down))
        and framing.centre_x.holds(x / width, across)
        and framing.centre_y.holds(y / height, down)
    )


def window(region: Region, framing: Framing, size: tuple[int, int]) -> Box:
    """The part of a picture that frames `region` in `size`; it may go beyond the picture."""
    width, height = size
    scale = max(region.size[0] / width, region.size[1] / height) / framing.size.middle
    x, y = region.centre(framing)
    left = x - framing.centre_x.middle * width * scale
    top = y - framing.centre_y.middle * height * scale
    return left, top, left + width * scale, top + height * scale
