"""A table, which each format of the report writes in its own way."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from toile.report.page.numbers import DASH
from toile.statistics import signed


@dataclass(frozen=True)
class Quantity:
    """A number and its text for readers; a missing number is None or NaN."""

    value: int | float | None
    text: str

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return self.value is not None and math.isfinite(self.value)


Cell = str | Quantity


@dataclass(frozen=True)
class ReportTable:
    """Rows of texts and quantities. `name` is that of its file.

    `columns` maps the names for programs to the heads for readers. A page shows the table at once
    if `shown` is true or it is the first of its section; other tables open with a click.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    rows: tuple[tuple[Cell, ...], ...]
    shown: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The columns' heads."""
        return tuple(self.columns.values())

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether it holds quantities."""
        return tuple(
            any(isinstance(row[column], Quantity) for row in self.rows)
            for column in range(len(self.columns))
        )

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The rows as text."""
        return tuple(map(texts_of, self.rows))


def texts_of(row: tuple[Cell, ...]) -> tuple[str, ...]:
    """A row as text."""
    return tuple(cell.text if isinstance(cell, Quantity) else cell for cell in row)


def is_number(text: str) -> bool:
    """Whether `text` is a number, such as a level called -1."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def percentage(value: float | None) -> Quantity:
    """A fraction, shown as `91.32 %`."""
    return _quantity(value, "{:.2f} %", 100)


def points(value: float | None) -> Quantity:
    """A spread of fractions, shown in points: `0.37`."""
    return _quantity(value, "{:.2f}", 100)


def signed_points(value: float) -> Quantity:
    """A difference of fractions, shown in points: `+0.37`."""
    return Quantity(value, signed(100 * value) if math.isfinite(value) else DASH)


def decimals(value: float | None) -> Quantity:
    """A number, shown with two decimals."""
    return _quantity(value, "{:.2f}", 1)


def probability(value: float | None) -> Quantity:
    """A p, shown with three decimals."""
    small = value is not None and value < 0.0005
    return Quantity(value, "< 0.001") if small else _quantity(value, "{:.3f}", 1)


def count(value: int | None) -> Quantity:
    """A whole number, shown as `1,234`."""
    return _quantity(value, "{:,}", 1)


def _quantity(value: int | float | None, form: str, factor: int) -> Quantity:
    if value is None or not math.isfinite(value):
        return Quantity(value, DASH)
    return Quantity(value, form.format(factor * value))
