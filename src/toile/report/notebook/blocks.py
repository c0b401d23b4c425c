"""The parts of a notebook's output: a card, a table, a figure."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from toile.report.page.inline_svg import VARIABLES, inline_svg
from toile.report.theme import CARD, INK, LINE, MUTED

# A notebook may be dark; its light letters would be unreadable on our light figures.
COLOURS = "".join(
    f"{variable.removeprefix('var(').removesuffix(')')}:{colour};"
    for colour, variable in VARIABLES.items()
)
CARD_STYLE = (
    f"{COLOURS}background:{CARD};color:{INK};border:1px solid {LINE};border-radius:6px;"
    "padding:10px 14px;max-width:880px;font-family:system-ui,sans-serif;font-size:13px"
)

# The font size is repeated: in quirks mode a table does not inherit it.
TABLE = Markup(
    '<table style="border-collapse:collapse;font-size:13px;margin:6px 0;color:{}">{}</table>'
)
HEAD = Markup('<th style="text-align:{};padding:2px 10px 2px 0">{}</th>')
CELL = Markup('<td style="text-align:{};padding:2px 10px 2px 0">{}</td>')


def card(title: str, *blocks: Markup, note: str = "") -> Markup:
    """A title with a note next to it, and blocks below."""
    note_html = (
        Markup(' <span style="color:{}">{}</span>').format(MUTED, note) if note else Markup("")
    )
    head = Markup('<div style="margin-bottom:6px"><b>{}</b>{}</div>').format(title, note_html)
    return Markup('<div style="{}">{}{}</div>').format(CARD_STYLE, head, Markup("").join(blocks))


def sentence(words: str) -> Markup:
    """A paragraph."""
    return Markup('<p style="margin:6px 0">{}</p>').format(words) if words else Markup("")


def facts_table(facts: Iterable[tuple[str, str]]) -> Markup:
    """Names and values, one below the other."""
    row = Markup(
        '<tr style="background:none"><td style="text-align:left;color:{};padding:1px 14px 1px 0">'
        '{}</td><td style="text-align:left;padding:1px 0">{}</td></tr>'
    )
    rows = (row.format(MUTED, name, value) for name, value in facts)
    return TABLE.format(INK, Markup("").join(rows))


def rows_table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> Markup:
    """Rows below their heads; the first `words` columns are text, the others numbers."""
    lines = [_row(HEAD, heads, words), *(_row(CELL, row, words) for row in rows)]
    return TABLE.format(INK, Markup("").join(lines))


def _row(kind: Markup, cells: Sequence[str], words: int) -> Markup:
    row = Markup("").join(
        kind.format("left" if column < words else "right", cell)
        for column, cell in enumerate(cells)
    )
    return Markup('<tr style="background:none;border-bottom:1px solid {}">{}</tr>').format(
        LINE, row
    )


def figure(drawing: Figure, says: str) -> Markup:
    """A figure at the width it was drawn for, or narrower if there is no room."""
    width = 72 * drawing.get_size_inches()[0]
    return Markup('<div style="max-width:{:.0f}px">{}</div>').format(
        width, inline_svg(drawing, says)
    )
