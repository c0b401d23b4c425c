"""Whether flat rows of pixels have their colours last (rgb, rgb, ...) or first (r.., g.., b..)."""

import numpy as np
from jaxtyping import UInt8

from toile.errors import ToileError

MOST_PICTURES = 200
CLEAR = 0.9


def colours_come_last(flat: UInt8[np.ndarray, "n pixels"], side: int, where: str) -> bool:
    """True if red, green and blue of a pixel are next to each other; False if all red comes first.

    Pixels above each other are nearly equal: they are three sides apart in the first form, and one
    side in the second. Raises ToileError if neither form fits clearly better.
    """
    sample = flat[:MOST_PICTURES].astype(np.int16)
    last = np.abs(sample[:, 3 * side :] - sample[:, : -3 * side]).mean()
    first = np.abs(sample[:, side:] - sample[:, :-side]).mean()
    if max(last, first) * CLEAR <= min(last, first):
        raise ToileError(
            f"{where}: has {flat.shape[1]} values in a row, three colours of {side} x {side} px; "
            "it is not clear whether the colours of a pixel are next to each other; save them as "
            ".npz of shape (n, h, w, 3)"
        )
    return bool(last < first)
