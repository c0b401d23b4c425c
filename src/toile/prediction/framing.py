"""Where the foreground of a picture lies, and the picture framed as the training images are."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, UInt8

from toile.data import Framing, foreground_boxes, mass_centres
from toile.prediction.resample import resampled
from toile.prediction.step import Box, Notes, as_bytes

SPECK = 0.005
"""A spot below this fraction of the largest one is dirt."""
SPECK_OF_PICTURE = 2e-4
"""A spot below this fraction of the picture is dirt, even alone."""


@dataclass(frozen=True)
class Region:
    """The foreground: its box, the middle of it and its centre of mass, in px."""

    box: Box
    mass: tuple[float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    def centre(self, framing: Framing) -> tuple[float, float]:
        """What the training images are centred by."""
        return self.mass if framing.centred_by == "mass" else self.middle


def framed(
    greys: Float[np.ndarray, "c h w"],
    threshold: float,
    background_grey: Float64[np.ndarray, " c"],
    framing: Framing,
    size: tuple[int, int],
    notes: Notes,
) -> UInt8[np.ndarray, "c h2 w2"]:
    """`greys` at `size` (width, height), the foreground lying as `framing` has it.

    Foreground is what is off `background_grey` by more than `threshold`. A picture that has `size`
    and lies so already is not touched.
    """
    _, height, width = greys.shape
    distance = np.abs(greys - background_grey[:, None, None].astype(np.float32)).max(0)
    foreground = distance > threshold
    # What is small in a picture of this size may be a strap, and in the training images it stays.
    region = find_region(
        distance, foreground if (width, height) == size else without_specks(foreground)
    )
    part: Box = (0.0, 0.0, float(width), float(height))
    name, sentence = "Resized", f"{width} x {height} px became {size[0]} x {size[1]}."
    if region is not None and is_framed(region, (width, height), framing, size):
        sentence = f"{sentence[:-1]}; the foreground lies as in the training images."
    elif region is not None:
        _note_region(region, threshold, greys, notes)
        part = window(region, framing, size)
        name = "Framed"
        sentence = (
            f"It was made to span {100 * framing.size.middle:.0f} % of {size[0]} x {size[1]} px, "
            f"centred by its {framing.centred_by}, as the training images are."
        )
    if (width, height) == size and part == (0, 0, *size):
        return as_bytes(greys)
    small, was_enlarged = resampled(greys, part, size, background_grey)
    if was_enlarged:
        sentence += " It had been enlarged smoothly, and was sharpened back."
    notes.step(name, sentence, small)
    return as_bytes(small)


def _note_region(
    region: Region, threshold: float, greys: Float[np.ndarray, "c h w"], notes: Notes
) -> None:
    _, height, width = greys.shape
    box_width, box_height = region.size
    notes.step(
        "Found",
        f"What is more than {threshold:.0f} off the background takes {box_width:.0f} x "
        f"{box_height:.0f} px of {width} x {height}.",
        greys,
        box=region.box,
    )


def find_region(
    distance: Float[np.ndarray, "h w"], foreground: Bool[np.ndarray, "h w"]
) -> Region | None:
    """What lies in `foreground`, weighed by its `distance` from the background.

    None where nothing does.
    """
    if not foreground.any():
        return None
    left, top, right, bottom = foreground_boxes(foreground[None])[0].tolist()
    x, y = mass_centres((distance * foreground)[None])[0].tolist()
    return Region((left, top, right, bottom), (x, y))


def without_specks(foreground: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """`foreground` without spots that are small beside the largest one, corners joining spots."""
    # Here, as it takes a sixth of a second, and most of who imports this room frame nothing.
    from scipy import ndimage

    spots, _ = ndimage.label(foreground, np.ones((3, 3)))
    sizes = np.bincount(spots.ravel())
    sizes[0] = 0
    return (sizes >= max(SPECK * sizes.max(), SPECK_OF_PICTURE * foreground.size, 1))[spots]


def is_framed(
    region: Region, picture: tuple[int, int], framing: Framing, size: tuple[int, int]
) -> bool:
    """Whether `region` lies in a picture as it does in the training images of `size`.

    Sizes are width and height. A pixel of the training images more or less is left as it is.
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
    """The part of a picture, which may reach beyond it, that frames `region` in `size`."""
    width, height = size
    scale = max(region.size[0] / width, region.size[1] / height) / framing.size.middle
    x, y = region.centre(framing)
    left = x - framing.centre_x.middle * width * scale
    top = y - framing.centre_y.middle * height * scale
    return left, top, left + width * scale, top + height * scale
