"""Values as colours that work on a light card and on a dark one."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.ticker import MaxNLocator

from toile.report.confusion import RAMP
from toile.report.theme import INK, MUTED, TRAINING, VALIDATION

# Transparent at 0, so that the card shows through; orange below 0, blue above.
BOTH_WAYS = LinearSegmentedColormap.from_list(
    "both ways",
    [
        (0, to_rgba(VALIDATION, 1)), (0.5, to_rgba(VALIDATION, 0)),
        (0.5, to_rgba(TRAINING, 0)), (1, to_rgba(TRAINING, 1)),
    ],
)  # fmt: skip


def shading(values: Float[np.ndarray, "..."]) -> ScalarMappable:
    """A colour scale for `values`: from 0, or symmetric about 0 if there are negative values."""
    finite = values[np.isfinite(values)]
    most = float(np.abs(finite).max()) if finite.size else 0.0
    # If all values are 0 the scale ends at 1, so that nothing is divided by 0.
    most = most or 1.0
    if finite.size and finite.min() < 0:
        return ScalarMappable(Normalize(-most, most), BOTH_WAYS)
    return ScalarMappable(Normalize(0, most), RAMP)


def draw_scale(axes: Axes, shades: ScalarMappable, says: str) -> None:
    """Draw the colour scale of `shades` horizontally in `axes`, under the title `says`."""
    bar = Colorbar(axes, shades, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()
    axes.tick_params(colors=MUTED, labelsize=7, length=0, pad=3)
    axes.set_title(says, loc="left", color=INK, size=7.5, pad=4)
