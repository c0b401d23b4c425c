"""A figure as a part of a page."""

import io
import re

from markupsafe import Markup, escape
from matplotlib.figure import Figure

from toile.report.save import drawing
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
    # The one of the levels' colours that is too dark on a dark card.
    DISTINCT[0]: "var(--first)",
}


def inline_svgs(figure: Figure, narrow: Figure | None = None, *, says: str) -> Markup:
    """The figure, and one drawn for small screens; the page's style shows the one that fits."""
    if narrow is None:
        return inline_svg(figure, says)
    return inline_svg(figure, says, "broad") + inline_svg(narrow, says, "narrow")


def inline_svg(figure: Figure, says: str, name: str = "") -> Markup:
    """The figure as an <svg> that takes its colours from the page, in light and in dark.

    Its letters stay letters, in the page's font. `says` is read out in place of the picture. `name`
    is that of its class; what it names inside is other than in a figure of another class.
    """
    written = io.StringIO()
    # What a hidden figure names cannot be drawn by, so the one that is shown has its own.
    with drawing(outlines=False, salt=f"toile{name}"):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    # The groups' names (figure_1, axes_1) would stand twice in a page with two figures.
    body = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index(">", svg.index("<svg")) + 1 :])
    for color, variable in VARIABLES.items():
        body = body.replace(color, variable)
    # matplotlib's own <svg> tag fixes a size in points, 72 to the inch; with a viewBox alone the
    # figure takes the width of its place.
    width, height = (72 * inches for inches in figure.get_size_inches())
    kind = f' class="{name}"' if name else ""
    # Safe: matplotlib escapes the texts it writes.
    return Markup(  # noqa: S704
        f'<svg{kind} viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(says)}"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink">{body}'
    )
