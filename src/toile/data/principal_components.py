"""How far a picture lies from the training images as a whole, by their principal components."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from toile.data.images import Images, chunk_slices
from toile.data.mapped_pixels import AnyPixels

MOST_IMAGES = 4_000
MOST_VALUES = 1_024
"""Larger images are averaged down to at most so many values; components of more take seconds."""
NUM_COMPONENTS = 20
"""Of 10, 20, 30 and 50 the one that told most digits from garments; see docs/log.md."""
LEAST_VARIANCE = 1 / 12 / 255**2
"""The variance of rounding to whole greys, for training images that do not differ at all."""


@dataclass(frozen=True, eq=False)
class Novelty:
    """The training images' mean and first principal components, of greys from 0 to 1.

    `factor` pixels a side are averaged into one value before; `residual_variance` is the variance
    of each value that the components leave over.
    """

    mean: Float32[np.ndarray, " d"]
    components: Float32[np.ndarray, "q d"]
    variances: Float32[np.ndarray, " q"]
    residual_variance: float
    factor: int

    def fits(self, shape: tuple[int, int, int]) -> bool:
        """Whether it is of pictures of `shape`: channels, height and width."""
        channels, *sides = shape
        tall, wide = (-(-side // self.factor) for side in sides)
        return len(self.mean) == channels * tall * wide

    def distances(self, pixels: AnyPixels) -> Float64[np.ndarray, " n"]:
        """How far each picture lies from the training images, from 0; in the median about 1.

        The root of the mean square of the Mahalanobis distance, in which all that the components
        leave over has one variance: probabilistic PCA (Tipping and Bishop 1999, eq. 7 to 9).
        """
        pieces = [self._squares(pixels[piece]) for piece in chunk_slices(pixels)]
        return np.sqrt(np.concatenate([np.empty(0), *pieces]) / len(self.mean))

    def _squares(self, pixels: UInt8[np.ndarray, "n c h w"]) -> Float64[np.ndarray, " n"]:
        centred = _values(pixels, self.factor) - self.mean
        along = centred @ self.components.T
        left = np.maximum((centred**2).sum(1) - (along**2).sum(1), 0)
        inside = (along**2 / self.variances).sum(1)
        squares: Float64[np.ndarray, " n"] = inside + left / self.residual_variance
        return squares.astype(np.float64)


def novelty(images: Images) -> Novelty:
    """What `images` have in common; of many, evenly spaced ones are looked at."""
    num = min(len(images), MOST_IMAGES)
    pixels = images.pixels[np.linspace(0, len(images) - 1, num).round().astype(np.int64)]
    factor = 1
    while _values(pixels[:1], factor).size > MOST_VALUES:
        factor += 1
    values = _values(pixels, factor)
    mean = values.mean(0)
    covariance = np.cov(values, rowvar=False, bias=True).reshape(len(mean), len(mean))
    # OpenBLAS's threads spin: on two busy cores 784 x 784 numbers took 1 to 4.6 s of processor in
    # two threads and .08 in one.
    with ThreadpoolController().select(internal_api="openblas").limit(limits=1):
        variances, vectors = np.linalg.eigh(covariance)
    # eigh gives the smallest first.
    num_components = min(NUM_COMPONENTS, len(mean) - 1, num - 1)
    first = slice(len(mean) - num_components, None)
    left = variances[: len(mean) - num_components]
    return Novelty(
        mean=mean.astype(np.float32),
        components=np.ascontiguousarray(vectors.T[first], np.float32),
        variances=np.maximum(variances[first], LEAST_VARIANCE).astype(np.float32),
        residual_variance=max(float(left.mean()), LEAST_VARIANCE),
        factor=factor,
    )


def _values(pixels: UInt8[np.ndarray, "n c h w"], factor: int) -> Float32[np.ndarray, "n d"]:
    """The greys from 0 to 1, averaged over squares of `factor` pixels a side."""
    greys = pixels.astype(np.float32) / 255
    for axis in (2, 3):
        starts = np.arange(0, pixels.shape[axis], factor)
        sizes = np.diff([*starts, pixels.shape[axis]]).astype(np.float32)
        greys = np.add.reduceat(greys, starts, axis=axis)
        greys /= sizes.reshape((-1, 1) if axis == 2 else -1)
    return greys.reshape(len(pixels), -1)
