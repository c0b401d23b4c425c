"""How training pictures look as a whole: the model for preparing and comparing new pictures."""

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Float64, UInt8
from pydantic import BaseModel, ConfigDict

from toile.data.images import Images, chunk_slices
from toile.data.statistics import BORDER_TOLERANCE, frame_counts, is_foreground

MOST_IMAGES = 10_000
MOST_VALUES = 16_000_000
"""Of more, evenly spaced images are looked at: 10,000 of 28 x 28 px take a third of a second."""
LEAST_PLAIN = 0.5
LEAST_FROM_MIDDLE = 64
USUAL = (0.001, 0.5, 0.999)
"""The quantiles a range keeps: 998 of 1000 images lie between its ends."""
WIDENING = 10
"""A feature's range is widened at each end by its width times this over the number of images.

The widest of 20 images leave out 28 % of new ones by one feature or another; so 1 to 2 % are left
out by ranges of 20 to 1,000 (docs/log.md).
"""


class Record(BaseModel):
    """A frozen part of a run's `data.json`; what a newer Toile adds to it is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FeatureRange(Record):
    """The median of something over the training images, and what 998 of 1000 lie between."""

    low: float
    middle: float
    high: float

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Whether `value` is a usual one, give or take `slack`."""
        return self.low - slack <= value <= self.high + slack


class Framing(Record):
    """Where the foreground lies in the training images.

    `size` is how much of the image it spans in the direction where it spans more. Its centre, of
    its `box` or of its `mass`, whichever varies less from image to image, lies at `centre_x` and
    `centre_y`, fractions of the sides from the left and from the top.
    """

    size: FeatureRange
    centred_by: Literal["box", "mass"]
    centre_x: FeatureRange
    centre_y: FeatureRange


class Appearance(Record):
    """How the training images look.

    `background` is the median grey of the outermost pixels, a value a channel, and `plain` the
    fraction of them that are like it. `framing` is None where no background is plain, as in
    photographs.
    `features` are those of `picture_features`, the foreground fraction only with a framing.
    """

    background: tuple[float, ...]
    plain: float
    framing: Framing | None
    features: dict[str, FeatureRange]


def appearance(images: Images) -> Appearance:
    """How `images` look; of many, evenly spaced ones are looked at."""
    num = min(len(images), MOST_IMAGES, max(100, MOST_VALUES // images.pixels[0].size))
    pixels = images.pixels[np.linspace(0, len(images) - 1, num).round().astype(np.int64)]
    counts = np.stack(frame_counts(pixels))
    # The median, not the mean: in Fashion-MNIST every eighth border pixel is of a garment.
    background = (counts.cumsum(1) >= counts.sum(1, keepdims=True) / 2).argmax(1).astype(np.float64)
    like_background = np.abs(np.arange(256) - background[:, None]) <= BORDER_TOLERANCE
    plain = float(counts[like_background].sum() / counts.sum())
    framing = None
    if plain >= LEAST_PLAIN and (np.abs(background - 127.5) >= LEAST_FROM_MIDDLE).all():
        framing = _framing(pixels, background)
    columns = [picture_features(pixels[piece], background) for piece in chunk_slices(pixels)]
    return Appearance(
        background=tuple(background.tolist()),
        plain=plain,
        framing=framing,
        features={
            name: _usual(np.concatenate([column[name] for column in columns]))
            for name in columns[0]
            if name != "foreground fraction" or framing is not None
        },
    )


def picture_features(
    pixels: UInt8[np.ndarray, "n c h w"], background: Float64[np.ndarray, " c"]
) -> dict[str, Float[np.ndarray, " n"]]:
    """What tells an unusual picture: mean grey, contrast, foreground fraction and roughness.

    `contrast` is the SD of the greys, `foreground fraction` that of pixels that leave the
    background, `roughness` the mean difference between neighbours, which noise raises and blur
    lowers.
    """
    greys = pixels.astype(np.float32)
    across = np.abs(np.diff(greys, axis=3)).mean((1, 2, 3))
    down = np.abs(np.diff(greys, axis=2)).mean((1, 2, 3))
    return {
        "mean grey": greys.mean((1, 2, 3)),
        "contrast": greys.std((1, 2, 3)),
        "foreground fraction": is_foreground(pixels, background).mean((1, 2)),
        "roughness": (across + down) / 2,
    }


def foreground_boxes(foreground: Bool[np.ndarray, "n h w"]) -> Float64[np.ndarray, "n 4"]:
    """Left, top, right and bottom edge of the foreground, in px; each image has some."""
    rows, columns = np.any(foreground, axis=2), np.any(foreground, axis=1)
    height, width = foreground.shape[1:]
    # argmax of truth values is the place of the first True.
    edges = (
        columns.argmax(1),
        rows.argmax(1),
        width - columns[:, ::-1].argmax(1),
        height - rows[:, ::-1].argmax(1),
    )
    return np.stack(edges, 1).astype(np.float64)


def mass_centres(mass: Float[np.ndarray, "n h w"]) -> Float64[np.ndarray, "n 2"]:
    """Where each image would balance, in px from the left and from the top."""
    height, width = mass.shape[1:]
    total = mass.sum((1, 2), dtype=np.float64)
    x = mass.sum(1, dtype=np.float64) @ (np.arange(width) + 0.5) / total
    y = mass.sum(2, dtype=np.float64) @ (np.arange(height) + 0.5) / total
    return np.stack([x, y], 1)


def _framing(
    pixels: UInt8[np.ndarray, "n c h w"], background: Float64[np.ndarray, " c"]
) -> Framing | None:
    boxes, masses = [], []
    for piece in chunk_slices(pixels):
        foreground = is_foreground(pixels[piece], background)
        holds_something = np.any(foreground, axis=(1, 2))
        distance = np.abs(
            pixels[piece][holds_something] - background[:, None, None].astype(np.float32)
        )
        boxes.append(foreground_boxes(foreground[holds_something]))
        masses.append(mass_centres(distance.sum(1)))
    box, mass = np.concatenate(boxes), np.concatenate(masses)
    if not len(box):
        return None
    sides = np.array(pixels.shape[:1:-1], np.float64)
    middle = (box[:, :2] + box[:, 2:]) / 2
    by_box = middle.std(0).sum() <= mass.std(0).sum()
    centre = (middle if by_box else mass) / sides
    return Framing(
        size=_range(((box[:, 2:] - box[:, :2]) / sides).max(1)),
        centred_by="box" if by_box else "mass",
        centre_x=_range(centre[:, 0]),
        centre_y=_range(centre[:, 1]),
    )


def _usual(values: Float[np.ndarray, " n"]) -> FeatureRange:
    """Where a new image's value lies as well, also by few images."""
    observed = _range(values)
    slack = (observed.high - observed.low) * WIDENING / len(values)
    return FeatureRange(
        low=observed.low - slack, middle=observed.middle, high=observed.high + slack
    )


def _range(values: Float[np.ndarray, " n"]) -> FeatureRange:
    low, middle, high = np.quantile(values, USUAL).tolist()
    return FeatureRange(low=low, middle=middle, high=high)
