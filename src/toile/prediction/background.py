"""The background of a drawing: its grey, and its change to the training images' grey."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from toile.prediction.polarity import border_of
from toile.prediction.step import Notes, words

CLEAN = 4
"""Grey levels by which a background may differ from the training images' without a change."""
LEAST_FRACTION = 0.5
"""The smallest fraction of the border on a plane that makes the plane a background."""
LEAST_LIGHT = 32
"""The least light of a background, of 255, by which a picture is divided."""
MOST_NOISE = 48
"""A pixel that differs more than this from the background belongs to something else."""
NUM_POINTS = 400
NUM_PLANES = 200
ROUNDS = 3
FLATTEN = 1e-6 * np.eye(3)


@dataclass(frozen=True, eq=False)
class Background:
    """A plane of grey per channel: `planes` @ (1, x, y), with x and y from -1 to 1.

    `spread` is the SD of the border about the plane, and `fraction` the part of the border on it.
    """

    planes: Float64[np.ndarray, "c 3"]
    spread: float
    fraction: float

    def greys(self, height: int, width: int) -> Float[np.ndarray, "c h w"]:
        """The background at every pixel of a picture."""
        x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
        constant, across, down = self.planes.T[:, :, None, None].astype(np.float32)
        return constant + across * x.astype(np.float32) + down * y.astype(np.float32)[:, None]

    @property
    def ends(self) -> tuple[float, float]:
        """The darkest and the lightest grey of the background."""
        slope = np.abs(self.planes[:, 1:]).sum(1)
        return (
            float((self.planes[:, 0] - slope).min()),
            float((self.planes[:, 0] + slope).max()),
        )

    def matches(self, background_grey: Float[np.ndarray, " c"]) -> bool:
        """Whether it differs nowhere by more than `CLEAN` levels from `background_grey`."""
        deviation = np.abs(self.planes[:, 0] - background_grey) + np.abs(self.planes[:, 1:]).sum(1)
        return bool((deviation <= CLEAN).all())


def background(greys: Float[np.ndarray, "c h w"]) -> Background:
    """The plane of most of the border, also if the foreground touches the border elsewhere."""
    _, height, width = greys.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    border, points = border_of(greys, 1), border_of(np.stack([np.ones_like(x), x, y]), 1)
    stride = max(1, border.shape[1] // NUM_POINTS)
    border, points = border[:, ::stride].astype(np.float64), points[:, ::stride].T
    planes = np.stack([_plane(points, channel) for channel in border])
    deviation = border - planes @ points.T
    near = np.abs(deviation) <= _reach(deviation)
    return Background(
        planes, float(deviation[near].std()) if near.any() else 0.0, float(near.mean())
    )


def _plane(
    points: Float64[np.ndarray, "m 3"], greys: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " 3"]:
    """The plane with the least median distance, refined by least squares over the points near it.

    The planes tried go through three points each, always the same ones. A foreground over less than
    half of the border does not count (Rousseeuw 1984, J. Am. Stat. Assoc. 79, 871-880).
    """
    triples = np.random.default_rng(0).integers(0, len(greys), (NUM_PLANES, 3))
    corners = points[triples]
    transposed = corners.swapaxes(1, 2)
    # Many planes go through points on a line; FLATTEN selects the flattest.
    squares = transposed @ corners + FLATTEN
    planes = np.linalg.solve(squares, transposed @ greys[triples][:, :, None])[..., 0]
    distances = np.median(np.abs(greys - planes @ points.T), axis=1)
    plane: Float64[np.ndarray, " 3"] = planes[distances.argmin()]
    for _ in range(ROUNDS):
        deviation = greys - points @ plane
        near = np.abs(deviation) <= _reach(deviation)
        if not near.any():
            break
        plane = np.linalg.lstsq(points[near], greys[near])[0]
    return plane


def _reach(deviation: Float64[np.ndarray, "*points"]) -> float:
    """The distance from a plane that noise can explain."""
    # For normal noise, 1.48 medians of the absolute distance are an SD.
    return float(np.clip(3 * 1.48 * np.median(np.abs(deviation)), CLEAN, MOST_NOISE))


def has_background(
    greys: Float[np.ndarray, "c h w"], background_grey: Float64[np.ndarray, " c"]
) -> bool:
    """Whether at least half of the outermost pixels have `background_grey`."""
    deviation = np.abs(border_of(greys, 1) - background_grey[:, None]).max(0)
    return bool((deviation <= CLEAN).mean() >= LEAST_FRACTION)


def normalise_background(
    greys: Float[np.ndarray, "c h w"], background_grey: Float64[np.ndarray, " c"], notes: Notes
) -> tuple[Float[np.ndarray, "c h w"], float]:
    """`greys` with their background changed to `background_grey`, and the SD of its noise.

    They stay unchanged if the background has that grey already, or the border shows no background.
    """
    plane = background(greys)
    if plane.fraction < LEAST_FRACTION:
        notes.warnings.append(
            f"only {100 * plane.fraction:.0f} % of its border is one background, unlike the "
            "training images; its foreground may be wrong"
        )
        return greys, 0.0
    if plane.matches(background_grey):
        return greys, plane.spread
    darkest, lightest = plane.ends
    greys = with_background(greys, plane, background_grey)
    notes.step(
        "Background",
        f"The background, {darkest:.0f} to {lightest:.0f} of 255, was changed to the training "
        f"images' {words(background_grey)}.",
        greys,
    )
    return greys, plane.spread


def with_background(
    greys: Float[np.ndarray, "c h w"], plane: Background, background_grey: Float[np.ndarray, " c"]
) -> Float[np.ndarray, "c h w"]:
    """`greys` with the background at `background_grey`, and the other end of the scale unchanged.

    It acts like more light: a pixel with half the background's light still has half of it.
    """
    current = plane.greys(*greys.shape[1:])
    start = background_grey.astype(np.float32)[:, None, None]
    end = 255 * (start < 127.5).astype(np.float32)
    # A plane through the border may go below 0 or above 255 in a corner.
    light = np.maximum(np.abs(end - current), LEAST_LIGHT)
    return start + (greys - current) * (np.abs(end - start) / light)
