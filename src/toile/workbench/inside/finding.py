"""What looking into a run found: numbers, arrays, words, and a figure drawn when it is wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class InsideView:
    """`record` is what JSON says, `values` the arrays under their names, `says` the words.

    `draw` makes the figure; with True as drawn for a small screen.
    """

    record: dict[str, Any]
    values: dict[str, np.ndarray]
    says: tuple[str, ...]
    draw: Callable[[bool], Figure]
