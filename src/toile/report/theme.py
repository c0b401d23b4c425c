"""The colours and the style of axes of all figures."""

import re
from collections.abc import Sequence
from os.path import commonprefix

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter

CARD = "#ffffff"
INK = "#131a26"
MUTED = "#5b6678"
LINE = "#e3e7ed"
TRAINING = "#3a56d4"
VALIDATION = "#d9730d"
GOOD = "#157347"
BAD = "#b42318"
# A dark page replaces CARD by its own colour; text on a strong colour has to stay light there.
ON_STRONG = "#fdfdff"
# Okabe and Ito's palette (jfly.uni-koeln.de/color), which red-green blind readers can tell
# apart; its yellow is left out because it is too pale on white.
DISTINCT = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000")
NARROW_INCHES = 3.7
"""Width in inches of a figure for a screen of about 390 px."""
TITLE = 10.0
"""Points of the titles above axes."""
MARKERS = ("o", "s", "^", "D", "v", "P")


def _percent(fraction: float, position: int | None) -> str:
    # Six digits hide rounding errors: a tick at 3 * 0.1 is 30 % and not 30.000000000000004 %.
    text = f"{100 * fraction:.6g} %"
    # An axis may extend beyond 0 and 100 %, so that a marker at its end is not cut off.
    return text if 0 <= float(text[:-1]) <= 100 else ""


PERCENT = FuncFormatter(_percent)
"""Fractions as percent; no label outside 0 to 100 %."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` by `height` inches, in the card's colour."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    return Figure(figsize=(width, height), dpi=150, layout=layout, facecolor=CARD)


def style_axes(axes: Axes, title: str = "") -> None:
    """Set thin horizontal grid lines, no frame, small muted labels and a bold title on the left."""
    axes.set_facecolor("none")
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.spines["bottom"].set(visible=True, color=LINE)
    axes.tick_params(colors=MUTED, labelsize=8, length=0, pad=5)
    axes.xaxis.label.set(color=MUTED, size=8.5)
    axes.yaxis.label.set(color=MUTED, size=8.5)
    set_title(axes, title)


def set_title(axes: Axes, title: str) -> None:
    """Set the bold title on the left, above the axes."""
    axes.set_title(title, loc="left", color=INK, size=TITLE, weight="bold", pad=12)


VALUE = re.compile(r"(\w+)=([^,=]+)(?:, |$)")
"""Matches a factor and its value in the name of a grid's level."""


def bound_fractions(axes: Axes) -> None:
    """Let the y axis of fractions end at most a little beyond 0 and 100 %."""
    low, high = axes.get_ylim()
    margin = 0.05 * (min(high, 1) - max(low, 0))
    axes.set_ylim(max(low, -margin), min(high, 1 + margin))
    axes.yaxis.set_major_formatter(PERCENT)


def plain(text: str, longest: int = 24) -> str:
    """`text` for a figure: cut to `longest` characters, with $ escaped, which starts a formula."""
    # Cut first: an escaped $ counts as one character, and no cut separates it from its backslash.
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return cut.replace("$", r"\$")


def text_inches(text: str, points: float, weight: str = "normal") -> float:
    """The width of `text` in a figure, in letters of `points`."""
    font = FontProperties(size=points, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def fitted(text: str, inches: float, points: float, weight: str = "normal") -> str:
    """`text` for a figure, cut to the most letters that are at most `inches` wide."""
    longest = len(text)
    while longest > 1:
        cut = text if longest == len(text) else text[: longest - 1] + "…"
        if text_inches(cut, points, weight) <= inches:
            break
        longest -= 1
    return plain(text, longest)


def short_names(names: Sequence[str], longest: int) -> list[str]:
    """The names for a figure. If one is too long, the common beginning and end are left out.

    Of the names of a grid, such as `filters=4, batch_size=32`, the values stay: `4, 32`.
    """
    if max(map(len, names)) <= longest or len(names) < 2:
        return [plain(name, longest) for name in names]
    if left_out_factors(names, longest):
        values = (VALUE.findall(name) for name in names)
        return [plain(", ".join(value for _, value in pairs), longest) for pairs in values]
    before = len(commonprefix(names))  # noqa: RUF071, letter by letter: names are no paths
    tails = [name[before:][::-1] for name in names]
    after = len(commonprefix(tails))  # noqa: RUF071
    return [
        plain(("…" if before else "") + tail[after:][::-1] + ("…" if after else ""), longest)
        for tail in tails
    ]


def left_out_factors(names: Sequence[str], longest: int) -> str:
    """The factors of a grid, if its levels' names are too long and a figure shows values only."""
    factors = {tuple(factor for factor, _ in VALUE.findall(name)) for name in names}
    are_whole = all(
        name == ", ".join(f"{factor}={value}" for factor, value in VALUE.findall(name))
        for name in names
    )
    if len(factors) != 1 or not are_whole or max(map(len, names)) <= longest or len(names) < 2:
        return ""
    return ", ".join(*factors)
