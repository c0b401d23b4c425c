"""A list of training-part pictures as a view: sentences, a table and a sheet of pictures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from toile.data import Images
from toile.report import Quantity, ReportTable, SheetPicture, csv_table, picture_sheet
from toile.workbench.inside.inside_view import InsideView

SHOWN = 24
"""Pictures on a sheet by default."""


@dataclass(frozen=True, eq=False)
class MistakesView(InsideView):
    """A view with a table that has a row for every picture, also for those not shown."""

    table: ReportTable

    def csv(self) -> str:
        """The table as CSV, with exact fractions; no spreadsheet runs its texts as formulas."""
        return csv_table(self.table)


@dataclass(frozen=True, eq=False)
class ListedImages:
    """Images of the training part `train` at `indices`; each column has a value for each."""

    train: Images
    indices: Int[np.ndarray, " m"]
    columns: Mapping[str, Sequence[str] | Sequence[float]]

    def records(self, count: int) -> list[dict[str, Any]]:
        """Records of the first `count` images: index, values and file."""
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
        """The view: all images in the table, and those in `record["mistakes"]` as pictures."""
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
    """A table with a row for each of `indices`: index, `columns` in order, and file."""
    cells = [
        [value if isinstance(value, str) else Quantity(value, f"{value:g}") for value in values]
        for values in ([int(index) for index in indices], *columns.values())
    ]
    files = [file_of(images, index) or "" for index in indices]
    names = ["index", *columns, "file"]
    rows = tuple(zip(*cells, files, strict=True))
    return ReportTable("mistakes", "Mistakes", {name: name for name in names}, rows)


def file_of(images: Images, index: int) -> str | None:
    """The file of the picture at `index`; None if the pictures are rows of arrays."""
    return None if images.names is None else images.names[index]


def percentage(fraction: float) -> str:
    """`98.1 %`."""
    return f"{100 * fraction:.1f} %"
