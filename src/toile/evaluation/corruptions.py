"""Pictures made harder to read, in steps that are the same for every network and process.

The idea is of Hendrycks and Dietterich 2019, arXiv:1903.12261: a few kinds, each at five
strengths. Theirs are tuned to photographs of 224 px; these are for pictures of any size, grey or
in colour.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int, UInt8

from toile.errors import not_one_of
from toile.evaluation import distortions
from toile.streams import numpy_stream

OF_SIDE = 28
"""Strengths in pixels are stated for pictures of this side; larger pictures get larger ones."""
NUM_STRENGTHS = 5
Apply = Callable[
    [UInt8[np.ndarray, "n c h w"], float, "_Draws", Float[np.ndarray, " c"]],
    UInt8[np.ndarray, "n c h w"],
]


@dataclass(frozen=True, eq=False)
class Corruption:
    """One kind of change that makes pictures harder to read.

    `words` describe it, with `{}` for the strength, in `unit`; `identity` is the strength that
    changes nothing. `steps` are the strengths, mildest first; those in px are for 28 px pictures.
    """

    name: str
    unit: str
    words: str
    identity: int | float
    steps: tuple[int | float, ...]
    apply: Apply

    def strengths(self, height: int, width: int) -> tuple[float, ...]:
        """The five strengths for pictures of this size, the mildest first."""
        if self.unit != "px":
            return tuple(map(float, self.steps))
        side = min(height, width)
        if self.name == "blur":
            # A Gaussian of an SD below half a pixel changes no byte.
            return tuple(round(float(step) * max(side / OF_SIDE, 1), 2) for step in self.steps)
        # Whole pixels, and five different strengths for small pictures too.
        return tuple(
            float(max(at, round(step * side / OF_SIDE))) for at, step in enumerate(self.steps, 1)
        )

    def describe(self, strength: float) -> str:
        """The change in words, such as `turned by 15 degrees`."""
        return self.words.format(f"{strength:g}")


@dataclass(frozen=True, eq=False)
class _Draws:
    """What the random stream of each picture draws, the same at every strength."""

    name: str
    indices: Int[np.ndarray, " n"]
    seed: int
    shape: tuple[int, ...]

    @cached_property
    def directions(self) -> Int[np.ndarray, " n"]:
        return np.array([stream.integers(4) for stream in self._streams()], np.int64)

    @cached_property
    def signs(self) -> Float[np.ndarray, " n"]:
        return np.array([stream.choice([-1.0, 1.0]) for stream in self._streams()])

    @cached_property
    def fractions(self) -> Float[np.ndarray, "n 2"]:
        return np.array([stream.random(2) for stream in self._streams()]).reshape(-1, 2)

    @cached_property
    def noise(self) -> Float[np.ndarray, "n c h w"]:
        noise = [stream.standard_normal(self.shape, np.float32) for stream in self._streams()]
        return np.array(noise, np.float32).reshape(-1, *self.shape)

    def _streams(self) -> Iterator[np.random.Generator]:
        return (numpy_stream(self.seed, f"corrupt/{self.name}", int(at)) for at in self.indices)


def _shift(pixels: np.ndarray, px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    ways = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])
    return distortions.shift(pixels, ways[draws.directions] * int(px), fill)


def _rotate(pixels: np.ndarray, degrees: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.rotate(pixels, degrees * draws.signs, fill)


def _scale(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.scale(pixels, np.full(len(pixels), factor), fill)


def _brightness(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.brighten(pixels, factor**draws.signs)


def _contrast(pixels: np.ndarray, factor: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.flatten_contrast(pixels, np.full(len(pixels), factor))


def _blur(pixels: np.ndarray, sd_px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.blur(pixels, sd_px)


def _noise(pixels: np.ndarray, sd: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    return distortions.add_noise(pixels, sd * draws.noise)


def _occlusion(pixels: np.ndarray, side_px: float, draws: _Draws, fill: np.ndarray) -> np.ndarray:
    left = np.maximum(np.array(pixels.shape[2:]) - int(side_px), 0)
    corners = np.rint(draws.fractions * left).astype(np.int64)
    return distortions.cover(pixels, corners, int(side_px), fill)


CORRUPTIONS = {
    corruption.name: corruption
    for corruption in (
        Corruption("shift", "px", "moved by {} px", 0, (1, 2, 3, 4, 6), _shift),
        Corruption("rotate", "degrees", "turned by {} degrees", 0, (5, 10, 15, 30, 45), _rotate),
        Corruption("scale", "of its size", "at {} of their size", 1, (0.9, 0.8, 0.7, 0.6, 0.5),
                   _scale),
        Corruption("brightness", "times", "{} times as bright or as dark", 1, (1.25, 1.5, 2, 3, 4),
                   _brightness),
        Corruption("contrast", "of its contrast", "with {} of their contrast", 1,
                   (0.8, 0.6, 0.4, 0.2, 0.1), _contrast),
        Corruption("blur", "px", "blurred by an SD of {} px", 0, (0.5, 1, 1.5, 2, 3), _blur),
        Corruption("noise", "of 255", "with noise of an SD of {} of 255", 0, (8, 16, 32, 48, 64),
                   _noise),
        Corruption("occlusion", "px", "with a square of {} px covered", 0, (4, 7, 10, 13, 16),
                   _occlusion),
    )
}  # fmt: skip
"""Shifts go in one of four directions, rotations either way; scaling makes the picture smaller;
brightness multiplies or divides the greys; contrast shrinks their differences from the picture's
mean; blur is Gaussian; noise is Gaussian, on each pixel and colour; occlusion covers a square
somewhere inside. Uncovered borders and the square get the background: the grey of the training
images' borders."""


def corrupt(
    pixels: UInt8[np.ndarray, "n c h w"],
    name: str,
    strength: int | float,
    background: Float[np.ndarray, " c"],
    indices: Int[np.ndarray, " n"] | None = None,
    seed: int = 0,
) -> UInt8[np.ndarray, "n c h w"]:
    """`pixels` with the corruption `name` of `CORRUPTIONS` at `strength`, in its unit.

    Pixels that come in from outside are `background`, from 0 to 255 for each colour. The direction
    of a picture's change, and its noise, are drawn from `seed` and its index in `indices` (0 to
    n - 1 by default). So they do not depend on the other pictures, and are the same at every
    strength. Raises ToileError if `name` is no corruption.

        >>> rotation = corrupt(pixels, "rotate", 15, background=np.zeros(1))
        >>> rotation.shape == pixels.shape, rotation.dtype
        (True, dtype('uint8'))
    """
    return next(corrupt_by_strength(pixels, name, [strength], background, indices, seed))


def corrupt_by_strength(
    pixels: UInt8[np.ndarray, "n c h w"],
    name: str,
    strengths: Sequence[int | float],
    background: Float[np.ndarray, " c"],
    indices: Int[np.ndarray, " n"] | None = None,
    seed: int = 0,
) -> Iterator[UInt8[np.ndarray, "n c h w"]]:
    """`corrupt` at each of `strengths` in turn, with one random draw for each picture.

    >>> mild, strong = corrupt_by_strength(pixels, "noise", [8, 64], background=np.zeros(1))
    >>> mild.std() < strong.std()
    True
    """
    if name not in CORRUPTIONS:
        raise not_one_of("corruption", name, CORRUPTIONS)
    indices = np.arange(len(pixels)) if indices is None else indices
    draws = _Draws(name, indices, seed, pixels.shape[1:])
    for strength in strengths:
        yield CORRUPTIONS[name].apply(pixels, float(strength), draws, background)
