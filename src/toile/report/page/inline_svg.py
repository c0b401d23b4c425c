"""A figure as an inline SVG of a page."""

import io
import re

from markupsafe import Markup, escape
from matplotlib.figure import Figure

from toile.report.save import drawing, write_svg
from toile.report.theme import BAD, CARD, DISTINCT, GOOD, INK, LINE, MUTED, TRAINING, VALIDATION

VARIABLES = {
    CARD: "var(--card)",
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    TRAINING: "var(--training)",
    VALIDATION: "var(--validation)",
    GOOD: "var(--good)",
    BAD: "var(--bad)",
    # The only colour of levels that is too dark on a dark card.
    DISTINCT[0]: "var(--first)",
}


def inline_svgs(figure: Figure, narrow: Figure | None = None, *, says: str) -> Markup:
    """The figure, and `narrow` for small screens; the page's style shows the one that fits."""
    if narrow is None:
        return inline_svg(figure, says)
    return inline_svg(figure, says, "broad") + inline_svg(narrow, says, "narrow")


def inline_svg(figure: Figure, says: str, name: str = "") -> Markup:
    """The figure as an <svg> that takes its colours from the page, in light and in dark.

    Its text stays text, in the page's font. `says` is for screen readers. `name` is the class of
    the <svg>; ids inside differ from those in a figure of another class.
    """
    written = io.BytesIO()
    # An id inside a hidden figure cannot be referred to, so each figure has ids of its own.
    with drawing(outlines=False, salt=f"toile{name}"):
        write_svg(figure, written)
    svg = written.getvalue().decode()
    # The ids of groups (figure_1, axes_1) would occur twice in a page with two figures.
    body = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index(">", svg.index("<svg")) + 1 :])
    for color, variable in VARIABLES.items():
        body = body.replace(color, variable)
    # matplotlib's <svg> tag has a fixed size in points, 72 to the inch; with a viewBox only, the
    # figure gets the width of its container.
    width, height = (72 * inches for inches in figure.get_size_inches())
    kind = f' class="{name}"' if name else ""
    # Safe: matplotlib escapes the texts it writes.
    return Markup(  # noqa: S704
        f'<svg{kind} viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(says)}"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
    )
