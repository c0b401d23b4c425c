"""A view of the inside of a run: a record, arrays, sentences, and a figure drawn on request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class InsideView:
    """`record` is for JSON, `values` has arrays by name, `says` has sentences.

    `draw` draws the figure; `draw(True)` is for a small screen.
    """

    record: dict[str, Any]
    values: dict[str, np.ndarray]
    says: tuple[str, ...]
    draw: Callable[[bool], Figure]
