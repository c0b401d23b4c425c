"""Pictures made harder to read step by step, the same way for every network and in every process.

After Hendrycks and Dietterich 2019, arXiv:1903.12261: a few kinds, each at five strengths. Theirs
are tuned to photographs of 224 px; these are for pictures of any size, grey or in colour.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from toile.errors import ToileError, did_you_mean
from toile.evaluation import distortions
from toile.streams import numpy_stream

OF_SIDE = 28
"""Strengths in pixels are said for pictures of this side, and grow with it."""
NUM_STRENGTHS = 5
Apply = Callable[
    [UInt8[np.ndarray, "n c h w"], float, "_Draws", Float[np.ndarray, " c"]],
    UInt8[np.ndarray, "n c h w"],
]


@dataclass(frozen=True, eq=False)
class Corruption:
    """One way of making pictures harder to read.

    `words` say it with a strength in place of `{}`, whose unit is `unit`; `identity` is the
    strength at which a picture stays as it is. Of pixels, `steps` are for pictures of 28.
    """

    name: str
    unit: str
    words: str
    identity: int | float
    steps: tuple[int | float, ...]
    apply: Apply

    def strengths(self, height: int, width: int) -> tuple[float, ...]:
        """Its five strengths for pictures of this size, the mildest first."""
        if self.unit != "px":
            return tuple(map(float, self.steps))
        side = min(height, width)
        if self.name == "blur":
            # An SD of less than half a pixel changes no byte.
            return tuple(round(float(step) * max(side / OF_SIDE, 1), 2) for step in self.steps)
        # Whole pixels, of small pictures too, and never two strengths alike.
        return tuple(
            float(max(at, round(step * side / OF_SIDE))) for at, step in enumerate(self.steps, 1)
        )

    def describe(self, strength: float) -> str:
        """What a picture of this strength is, as `turned by 15 degrees`."""
        return self.words.format(f"{strength:g}")


@dataclass(frozen=True, eq=False)
class _Draws:
    """A stream of random numbers for each picture, the same at every strength."""

    name: str
    indices: Int[np.ndarray, " n"]
    seed: int

    def streams(self) -> Iterator[np.random.Generator]:
        return (numpy_stream(self.seed, f"corrupt/{self.name}", int(at)) for at in self.indices)

    def signs(self) -> Float[np.ndarray, " n"]:
        return np.array([stream.choice([-1.0, 1.0]) for stream in self.streams()])


def _shift(pixels: np.ndarray, px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    ways = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
    chosen = ways[[stream.integers(4) for stream in draws.streams()]]
    return distortions.shift(pixels, chosen * int(px), fill)


def _rotate(pixels: np.ndarray, degrees: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.rotate(pixels, degrees * draws.signs(), fill)


def _scale(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.scale(pixels, np.full(len(pixels), factor), fill)


def _brightness(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.brighten(pixels, factor ** draws.signs())


def _contrast(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.flatten_contrast(pixels, np.full(len(pixels), factor))


def _blur(pixels: np.ndarray, sd_px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.blur(pixels, sd_px)


def _noise(pixels: np.ndarray, sd: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    noise = [stream.standard_normal(pixels.shape[1:], np.float32) for stream in draws.streams()]
    return distortions.add_noise(pixels, sd * np.stack(noise))


def _occlusion(pixels: np.ndarray, side_px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    left = np.maximum(np.array(pixels.shape[2:]) - int(side_px), 0)
    fractions = np.stack([stream.random(2) for stream in draws.streams()])
    corners = np.rint(fractions * left).astype(np.int64)
    return distortions.cover(pixels, corners, int(side_px), fill)


CORRUPTIONS = {
    corruption.name: corruption
    for corruption in (
        Corruption("shift", "px", "moved by {} px", 0, (1, 2, 3, 4, 6), _shift),
        Corruption("rotate", "degrees", "turned by {} degrees", 0, (5, 10, 15, 30, 45), _rotate),
        Corruption("scale", "of its size", "at {} of its size", 1, (0.9, 0.8, 0.7, 0.6, 0.5),
                   _scale),
        Corruption("brightness", "times", "{} times as bright or as dark", 1, (1.25, 1.5, 2, 3, 4),
                   _brightness),
        Corruption("contrast", "of its contrast", "with {} of its contrast", 1,
                   (0.8, 0.6, 0.4, 0.2, 0.1), _contrast),
        Corruption("blur", "px", "blurred by an SD of {} px", 0, (0.5, 1, 1.5, 2, 3), _blur),
        Corruption("noise", "of 255", "with noise of an SD of {} of 255", 0, (8, 16, 32, 48, 64),
                   _noise),
        Corruption("occlusion", "px", "with a square of {} px covered", 0, (4, 7, 10, 13, 16),
                   _occlusion),
    )
}  # fmt: skip
"""Moved one of four ways; turned either way; drawn smaller; greys multiplied or divided;
differences from a picture's mean grey made smaller; blurred by a Gaussian; Gaussian noise on each
pixel and colour; a square covered somewhere inside. What comes in, and covers, is background: the
grey that the border of the training images has."""


def corrupt(
    pixels: UInt8[np.ndarray, "n c h w"],
    name: str,
    strength: int | float,
    background: Float[np.ndarray, " c"],
    indices: Int[np.ndarray, " n"] | None = None,
    seed: int = 0,
) -> UInt8[np.ndarray, "n c h w"]:
    """`pixels` with the corruption `name` of `CORRUPTIONS` at `strength`, in its unit.

    What comes in from outside is `background`, from 0 to 255 a colour. Which way a picture is
    moved, and its noise, is drawn by `seed` and its place in `indices`, 0 to n - 1 unless said: so
    it is the same among any other pictures, and the same at every strength.

    Raises ToileError where there is no such corruption.

        >>> rotation = corrupt(pixels, "rotate", 15, background=np.zeros(1))
        >>> rotation.shape == pixels.shape, rotation.dtype
        (True, dtype('uint8'))
    """
    if name not in CORRUPTIONS:
        raise ToileError(
            f"corruption is {name}{did_you_mean(name, CORRUPTIONS)}; it is one of "
            f"{', '.join(CORRUPTIONS)}"
        )
    indices = np.arange(len(pixels)) if indices is None else indices
    draws = _Draws(name, indices, seed)
    return CORRUPTIONS[name].apply(pixels, float(strength), draws, background)
