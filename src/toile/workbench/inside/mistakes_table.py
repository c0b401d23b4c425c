"""Pictures of a training part that something is told of: numbers, words, a table and a sheet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from toile.data import Images
from toile.report import Quantity, ReportTable, SheetPicture, csv_table, picture_sheet
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


@dataclass(frozen=True, eq=False)
class ListedImages:
    """Images of the training part `train`, at `indices`, and a value for each in every column."""

    train: Images
    indices: Int[np.ndarray, " m"]
    columns: Mapping[str, Sequence[str] | Sequence[float]]

    def records(self, count: int) -> list[dict[str, Any]]:
        """The first `count`, each as a record: its index, its values, its file."""
        return [
            {
                "index": int(index),
                **{name: values[row] for name, values in self.columns.items()},
                "file": file_of(self.train, index),
            }
            for row, index in enumerate(self.indices[:count])
        ]

    def view(
        self,
        record: dict[str, Any],
        values: dict[str, np.ndarray],
        sentences: Iterable[str],
        title: str,
        picture: Callable[[dict[str, Any]], SheetPicture],
    ) -> MistakesView:
        """The view of them: all in the table, and those in `record["mistakes"]` as pictures."""
        return MistakesView(
            record,
            values,
            tuple(sentences),
            lambda narrow: picture_sheet(list(map(picture, record["mistakes"])), title, narrow),
            mistakes_table(self.train, self.indices, self.columns),
        )


def mistakes_table(
    images: Images,
    indices: Int[np.ndarray, " m"],
    columns: Mapping[str, Sequence[str] | Sequence[float]],
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
