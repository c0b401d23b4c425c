"""A study's tables as CSV: exact numbers, and texts that no spreadsheet runs as formulas."""

import csv
import io

from toile.report.study_page.table import Cell, Quantity, ReportTable, is_number, percentage
from toile.studies import StudyResult


def csv_table(table: ReportTable) -> str:
    """`table` under its columns' names; accuracies are fractions, unknown values are empty."""
    return _csv([tuple(table.columns), *table.rows])


def csv_readings(result: StudyResult) -> str:
    """Level and reading of each finished reading, which `toile verdict` reads."""
    rows: list[tuple[Cell, ...]] = [("level", "reading")]
    rows += [
        (reading.level, percentage(reading.score))
        for reading in result.readings
        if reading.score is not None
    ]
    return _csv(rows)


def _csv(rows: list[tuple[Cell, ...]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return written.getvalue()


def _cell(cell: Cell) -> str:
    if isinstance(cell, Quantity):
        return repr(cell.value) if cell.known else ""
    words = " ".join(cell.split())
    # Spreadsheets run a cell with such a start as a formula; a level called -1 stays a number.
    runs = words.startswith(("=", "+", "-", "@")) and not is_number(words)
    return f"'{words}" if runs else words
