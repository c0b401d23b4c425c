"""A curve drawn in text."""

from collections.abc import Sequence

from toile.cli.words import percent

ROWS, COLUMNS = 6, 72
BLOCKS = " ▁▂▃▄▅▆▇█"


def text_curve(values: Sequence[float]) -> str:
    """Fractions over epochs as bars from the least to the greatest, `ROWS` lines high.

    If there are more epochs than `COLUMNS`, the last ones are shown.
    """
    shown = list(values)[-COLUMNS:]
    low, high = min(shown), max(shown)
    # + 1, so that the least is visible; `or 1`, since equal values have no span.
    eighths = [round((value - low) / (high - low or 1) * (ROWS * 8 - 1)) + 1 for value in shown]
    lines = [
        "".join(BLOCKS[min(max(eighth - 8 * row, 0), 8)] for eighth in eighths)
        for row in reversed(range(ROWS))
    ]
    lines[0] += f"  {percent(high)}"
    lines[-1] += f"  {percent(low)}"
    return "\n".join(lines)
