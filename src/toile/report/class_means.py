"""The mean picture of each class."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from toile.report.grid import picture_grid


def class_means_figure(means: Float[np.ndarray, "k c h w"], class_names: Sequence[str]) -> Figure:
    """The mean picture of each class, of greys 0 to 255, up to 400 classes; NaN is drawn black."""
    return picture_grid(np.rint(np.nan_to_num(means)).astype(np.uint8), class_names)
