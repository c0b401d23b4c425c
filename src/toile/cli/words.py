"""How numbers and tables are said on a terminal."""

import math
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

from toile.cli.terminal import plain


def percent(share: float | None, digits: int = 2) -> str:
    """`91.24 %`; a dash for what is not known."""
    return "-" if share is None or math.isnan(share) else f"{100 * share:.{digits}f} %"


def decimals(number: float | None) -> str:
    """`0.2713`: four places, as losses are compared; a dash for what is not known."""
    return "-" if number is None or not math.isfinite(number) else f"{number:.4f}"


def estimate(one: dict[str, Any]) -> str:
    """`91.24 % (90.42 to 91.99, n = 5000)`."""
    if one["value"] is None:
        return "- (no images)"
    return (
        f"{100 * one['value']:.2f} % ({100 * one['low']:.2f} to {100 * one['high']:.2f}, "
        f"n = {one['n']})"
    )


def duration(seconds: float | None) -> str:
    """`41.3 s`, `5 min 03 s`, `2 h 10 min`."""
    if seconds is None:
        return "-"
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 90:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def amount(number: float) -> str:
    """`87,034`."""
    return f"{number:,.0f}"


def setting(value: Any) -> str:
    """A setting's value as a recipe has it."""
    if value is None:
        return "off"
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def bytes_text(count: float) -> str:
    """`412 MB`, `1.4 MB` or `545 kB`, in thousands, millions or billions of bytes."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.{0 if count >= 100 * size else 1}f} {unit}"
    return f"{count / 1e3:.0f} kB"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: int = 1,
    may_drop: Sequence[str] = (),
) -> str:
    """Columns under their heads; the first `left` flush left, the others right.

    Where lines are longer than the terminal, the columns headed by `may_drop` are left out, one
    after another, until they fit.
    """
    lines = [[plain(cell) for cell in line] for line in (heads, *rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    shown = list(range(len(heads)))
    for head in may_drop:
        if sum(widths[place] + 2 for place in shown) - 2 <= shutil.get_terminal_size().columns:
            break
        shown.remove(heads.index(head))
    return "\n".join(
        "  ".join(
            line[place].ljust(widths[place]) if place < left else line[place].rjust(widths[place])
            for place in shown
        ).rstrip()
        for line in lines
    )
