"""Whether the three colours of a flat picture lie together in each pixel or one after another."""

import numpy as np
from jaxtyping import UInt8

from toile.errors import ToileError

MOST_PICTURES = 200
CLEAR = 0.9


def colours_come_last(flat: UInt8[np.ndarray, "n pixels"], side: int, where: str) -> bool:
    """True for red, green, blue of a pixel beside each other; False for all red ones first.

    Told by pixels one above another, which are nearly alike: they lie three sides apart in the
    first form, and one in the second. ToileError where both are.
    """
    sample = flat[:MOST_PICTURES].astype(np.int16)
    last = np.abs(sample[:, 3 * side :] - sample[:, : -3 * side]).mean()
    first = np.abs(sample[:, side:] - sample[:, :-side]).mean()
    if max(last, first) * CLEAR <= min(last, first):
        raise ToileError(
            f"{where}: has {flat.shape[1]} values in a row, three colours of {side} x {side} px; "
            "whether the colours of a pixel lie side by side cannot be told; save them as .npz of "
            "shape (n, h, w, 3)"
        )
    return bool(last < first)
