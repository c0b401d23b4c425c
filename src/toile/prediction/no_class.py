"""Pictures of no class: a network that is confident of one is wrong."""

import numpy as np
from jaxtyping import UInt8

from toile.streams import numpy_stream


def noise_pictures(
    n: int, shape: tuple[int, int, int], seed: int = 0
) -> UInt8[np.ndarray, "n c h w"]:
    """`n` pictures of `shape` with uniform random values from 0 to 255."""
    return numpy_stream(seed, "no class/noise").integers(0, 256, (n, *shape), np.uint8)


def blank_pictures(
    n: int, shape: tuple[int, int, int], seed: int = 0
) -> UInt8[np.ndarray, "n c h w"]:
    """`n` pictures of `shape`, each of one random colour."""
    colours = numpy_stream(seed, "no class/blank").integers(0, 256, (n, shape[0], 1, 1), np.uint8)
    return np.broadcast_to(colours, (n, *shape)).copy()
