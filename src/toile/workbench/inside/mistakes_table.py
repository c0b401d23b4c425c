"""Pictures of a training part that something is told of: numbers, words, a table and a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from toile.data import Images
from toile.report import Quantity, ReportTable, csv_table
from toile.workbench.inside.finding import InsideView

SHOWN = 24
"""Pictures of a sheet where no number is named."""


@dataclass(frozen=True, eq=False)
class MistakesView(InsideView):
    """The same, with a table that has a row for each picture, also for those not shown."""

    table: ReportTable

    def csv(self) -> str:
        """The table as CSV: fractions as they are, and words that no spreadsheet runs."""
        return csv_table(self.table)


def mistakes_table(
    images: Images,
    indices: Int[np.ndarray, " m"],
    columns: dict[str, Sequence[str] | Sequence[float]],
) -> ReportTable:
    """A row for each of `indices`, with `columns` in that order, and the file of the picture."""
    cells = [
        [value if isinstance(value, str) else Quantity(value, f"{value:g}") for value in values]
        for values in ([int(index) for index in indices], *columns.values())
    ]
    files = [file_of(images, index) or "" for index in indices]
    names = ["index", *columns, "file"]
    rows = tuple(zip(*cells, files, strict=True))
    return ReportTable("mistakes", "Mistakes", {name: name for name in names}, rows)


def file_of(images: Images, index: int) -> str | None:
    """The file of the picture at `index`; None where the pictures are rows of arrays."""
    return None if images.names is None else images.names[index]


def percentage(fraction: float) -> str:
    """`98.1 %`."""
    return f"{100 * fraction:.1f} %"
