"""Numbers and tables as text for a terminal."""

import math
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from toile.cli.terminal import columns, plain
from toile.quantities import NumberFormat

if TYPE_CHECKING:
    from toile.evaluation import Estimate

TERMINAL = NumberFormat(missing="-", tenths_below=90, minutes_below=90)
percent, decimals = TERMINAL.percent, TERMINAL.decimals
amount, duration = TERMINAL.count, TERMINAL.duration
LEAST_WIDE = 16
"""The least width of a column that is made narrow."""


def estimate(record: dict[str, Any]) -> str:
    """`91.24 % (90.42 to 91.99, n = 5000)`."""
    if record["value"] is None:
        return "- (no images)"
    return (
        f"{100 * record['value']:.2f} % ({100 * record['low']:.2f} to {100 * record['high']:.2f}, "
        f"n = {record['n']})"
    )


def short_estimate(score: "Estimate") -> str:
    """`91.2 (90.4-92.0)`, in percent, for a column of a table; a dash where there are no images."""
    if math.isnan(score.value):
        return TERMINAL.missing
    return f"{100 * score.value:.1f} ({100 * score.low:.1f}-{100 * score.high:.1f})"


def setting(value: Any) -> str:
    """A setting's value as a recipe writes it."""
    if value is None:
        return "off"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def numbered(names: Sequence[str]) -> list[str]:
    """The names of classes after their indices: `3 Dress`.

    A name that is a number gets a colon, `3: 8`; one that equals its index is not repeated: `8`.
    """
    return [
        name if name == str(index) else f"{index}{':' * name.isdecimal()} {name}"
        for index, name in enumerate(names)
    ]


def bytes_text(count: float) -> str:
    """`1.4 GB`, `412 MB` or `545 kB`; a kB is 1000 bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.{0 if count >= 100 * size else 1}f} {unit}"
    return f"{count / 1e3:.0f} kB"


def path_end(path: str, width: int) -> str:
    """`…/end/of/path`: the end of `path`, in at most `width` letters."""
    if len(path) <= width:
        return path
    end = path[1 - width :]
    cut = end.find("/")
    return f"…{end[cut:] if 0 <= cut < len(end) - 1 else end}"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: int = 1,
    may_drop: Sequence[str] = (),
    paths: str | None = None,
    folds: str | None = None,
) -> str:
    """Columns under their heads; the first `left` are aligned left, the others right.

    If lines are longer than the terminal, the columns headed by `may_drop` are left out, one after
    another, until the lines fit. On a terminal, the cells of the column headed by `paths` are then
    cut at the start, or those of the column headed by `folds` broken into several lines.
    """
    lines = [[plain(cell) for cell in line] for line in (heads, *rows)]
    widths = _widths(lines)
    shown = list(range(len(heads)))
    for head in may_drop:
        if sum(widths[column] + 2 for column in shown) - 2 <= shutil.get_terminal_size().columns:
            break
        shown.remove(heads.index(head))
    narrow = paths or folds
    width_limit = columns()
    if narrow is not None and width_limit is not None:
        narrowed = list(heads).index(narrow)
        other_widths = sum(widths[column] + 2 for column in shown if column != narrowed)
        width = max(width_limit - other_widths, LEAST_WIDE)
        if paths is not None:
            lines = [_with(line, narrowed, path_end(line[narrowed], width)) for line in lines]
        else:
            lines = [part for line in lines for part in _folded(line, narrowed, width)]
        widths = _widths(lines)
    return "\n".join(
        "  ".join(
            line[column].ljust(widths[column])
            if column < left
            else line[column].rjust(widths[column])
            for column in shown
        ).rstrip()
        for line in lines
    )


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _with(line: Sequence[str], column: int, cell: str) -> list[str]:
    return [*line[:column], cell, *line[column + 1 :]]


def _folded(line: Sequence[str], column: int, width: int) -> list[list[str]]:
    """`line` with one cell broken into lines of at most `width` letters."""
    first, *more = textwrap.wrap(line[column], width) or [""]
    blank = [""] * len(line)
    return [_with(line, column, first), *(_with(blank, column, part) for part in more)]
