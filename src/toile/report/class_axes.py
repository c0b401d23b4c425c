"""Axes whose rows and columns are classes."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from toile.report.theme import plain

MOST_NAMED = 60


def name_classes(axes: Axes, class_names: Sequence[str], cell: float, rows: bool = True) -> None:
    """Name the classes at cells of `cell` inches; beyond 60 they are counted, not named."""
    k = len(class_names)
    if k > MOST_NAMED:
        return
    names = [plain(name, 16) for name in class_names]
    size = min(8, 60 * cell)
    # Turned about the text's own end, so that a slanted name still ends at its column.
    axes.set_xticks(range(k), names, size=size, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), names if rows else [], size=size)
