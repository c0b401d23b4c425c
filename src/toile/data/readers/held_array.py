"""An array in memory, read by the rules of arrays in files."""

import reprlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Shaped

from toile.data.readers.npy_entry import PIECE_VALUES, ArrayEntry, ArrayFile
from toile.errors import ToileError


@dataclass(frozen=True)
class HeldArray(ArrayEntry):
    """An array in memory, in C order."""

    values: Shaped[np.ndarray, "*shape"] = field(repr=False)

    def pieces(self) -> Iterator[tuple[int, Shaped[np.ndarray, " numbers"]]]:
        """The values in order, in pieces with the index of their first value."""
        flat = self.values.reshape(-1)
        for start in range(0, self.size, PIECE_VALUES):
            yield start, flat[start : start + PIECE_VALUES]


def held_array(values: Any, name: str) -> HeldArray:
    """`values` as an array: a NumPy array, a list, a column of a table, or a tensor on the CPU.

    Errors call it `name`. Raises ToileError if it holds neither numbers nor text.
    """
    # A tensor that gradients are asked of is no array before.
    values = values.detach() if hasattr(values, "detach") else values
    try:
        array = np.ascontiguousarray(values)
    except (TypeError, ValueError) as error:
        raise ToileError(f"{name}: is no array of one shape ({error})") from None
    if array.dtype.kind == "O":
        # Names and whole numbers from a column of a table are Python objects.
        items = array.ravel().tolist()
        if not any(all(isinstance(item, kind) for item in items) for kind in (str, Integral)):
            wrong = next((item for item in items if not isinstance(item, str | Integral)), items[0])
            raise ToileError(
                f"{name}: holds Python objects, such as {reprlib.repr(wrong)}; numbers or, as "
                "labels, names are read, not both: leave out what has none, or pass an array of "
                "one shape, such as np.stack(list(x)) for pictures"
            )
        array = np.array(items).reshape(array.shape)
    if array.dtype.kind not in "uifbUS":
        raise ToileError(f"{name}: holds {array.dtype}; numbers or, as labels, names are read")
    if not array.size:
        raise ToileError(f"{name}: is empty; every part of a dataset has at least one image")
    file = ArrayFile(name, name, array.nbytes, _refuse_to_open)
    return HeldArray(file, array.shape, array.dtype, False, 0, array)


def _refuse_to_open() -> NoReturn:
    raise AssertionError("an array in memory is no file")
