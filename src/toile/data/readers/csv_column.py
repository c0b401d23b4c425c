"""A column next to the pixels of a CSV file, in little memory for any number of rows."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int32

from toile.errors import ToileError

MAX_DISTINCT = 1 << 16
MAX_CELL = 256


@dataclass
class Column:
    """The cells of a column next to the pixels: each different cell once, and its index by row.

    `role` is what the column is, as in `Form`.
    """

    role: str
    cells: dict[str, int] = field(default_factory=dict)
    codes: list[Int32[np.ndarray, " _"]] = field(default_factory=list)

    @property
    def rows(self) -> Int32[np.ndarray, " rows"]:
        """For each row, the index of its cell in `cells`."""
        return np.concatenate(self.codes)

    def add(self, cells: list[str], where: str) -> None:
        """Add the cells of more rows. Raises ToileError if they cannot be labels."""
        known = self.cells
        codes = np.array([known.setdefault(cell, len(known)) for cell in cells], np.int32)
        if len(known) > MAX_DISTINCT or max(map(len, cells)) > MAX_CELL:
            raise ToileError(
                f"{where} has more than {MAX_DISTINCT} different values, or one of more than "
                f"{MAX_CELL} letters; it is no label"
            )
        self.codes.append(codes)
