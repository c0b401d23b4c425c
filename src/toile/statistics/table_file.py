"""A user's table of readings: from a CSV file, or as pasted from a spreadsheet."""

import csv
import math
import re
from pathlib import Path

from toile.errors import ToileError, did_you_mean_file
from toile.statistics.table_form import TableColumn, TableForm, level_and_reading

Table = dict[str, list[float]]
Rows = list[tuple[int, list[str]]]
"""Lines with their numbers; each has as many cells as there are heads."""
MAX_BYTES = 10_000_000
UNSAID = TableForm()


def read_table(path: Path, form: TableForm = UNSAID) -> Table:
    """The readings of each level in the file at `path`; `form` is what is known of its columns.

    Raises ToileError naming the line and the cell where it is no table of numbers.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ToileError(f"{path} has over {MAX_BYTES:,} bytes, which is no table of readings")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ToileError(f"{path} is not there{did_you_mean_file(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ToileError(f"{path} cannot be read as text: {error}") from None
    return table_of(text, str(path), form)


def table_of(text: str, where: str, form: TableForm = UNSAID) -> Table:
    """The readings of each level in `text`: columns level and reading, or a column for each level.

    Which of the two it is, `table_form.py` tells by the cells.

    Cells are divided by tabs, semicolons or commas, as the heads are; with either of the first two
    a number may have a decimal comma. A percent sign is passed over, and so is the apostrophe that
    keeps a spreadsheet from running a name.
    """
    heads_line = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", heads_line)
    divider = next((character for character in "\t;," if character in unquoted), ",")
    try:
        rows = [
            [re.sub("^'(?=[=+@-])", "", cell.strip()) for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=divider, strict=True)
        ]
    except csv.Error as error:
        raise ToileError(f"{where} is no readable table: {error}") from None
    rows = [row if any(row) else [] for row in rows]
    first = next((index for index, row in enumerate(rows) if row), None)
    if first is None:
        raise ToileError(
            f"{where} is empty; a table has a line of heads, then readings: either the columns "
            "level and reading, or one column for each level"
        )
    heads, body = rows[first], list(enumerate(rows[first + 1 :], start=first + 2))
    body = [(line, row) for line, row in body if row]
    for line, row in body:
        if len(row) > len(heads) and any(row[len(heads) :]):
            raise ToileError(
                f"{where}, line {line}: has {len(row)} cells, and the heads are {len(heads)}"
            )
    body = [(line, row[: len(heads)] + [""] * (len(heads) - len(row))) for line, row in body]
    _refuse_heads(heads, where, divider)
    columns = [_column(head, index, body, divider) for index, head in enumerate(heads)]
    pair = level_and_reading(columns, where, form)
    if pair is None:
        return _wide(heads, body, where, divider)
    level, reading = (columns.index(column) for column in pair)
    return _long(body, level, reading, where, divider)


def _column(head: str, index: int, body: Rows, divider: str) -> TableColumn:
    cells = tuple(row[index] for _, row in body if row[index])
    values = tuple(_number(cell, divider) for cell in cells)
    return TableColumn(head, cells, values, _number(head, divider))


def _refuse_heads(heads: list[str], where: str, divider: str) -> None:
    is_number = [_number(head, divider) is not None for head in heads]
    if all(is_number) and len(set(heads)) < len(heads):
        raise ToileError(f"{where}: its first line has readings; put the levels' names above them")
    for number, head in enumerate(heads, start=1):
        if not head:
            raise ToileError(f"{where}: column {number} has no head; the heads are the levels")
        if heads.count(head) > 1:
            raise ToileError(f"{where}: {head} heads two columns; each has a head of its own")


def _long(body: Rows, level: int, reading: int, where: str, divider: str) -> Table:
    table: Table = {}
    for line, row in body:
        if not row[level] or not row[reading]:
            raise ToileError(f"{where}, line {line}: a level or its reading is missing")
        table.setdefault(row[level], []).append(
            _reading(row[reading], f"{where}, line {line}, level {row[level]}", divider)
        )
    return table


def _wide(heads: list[str], body: Rows, where: str, divider: str) -> Table:
    table: Table = {head: [] for head in heads}
    for line, row in body:
        # Levels may have fewer readings than others: their columns end early.
        for head, cell in zip(heads, row, strict=True):
            if cell:
                table[head].append(_reading(cell, f"{where}, line {line}, column {head}", divider))
    return table


def _reading(cell: str, where: str, divider: str) -> float:
    value = _number(cell, divider)
    if value is None:
        raise ToileError(f"{where}: {cell!r:.40} is no reading; a reading is a finite number")
    return value


def _number(cell: str, divider: str) -> float | None:
    """The cell's number; None for a word, what is not finite, and 1_000, which is a slip."""
    plain = cell.removesuffix("%").strip()
    if divider != "," and "." not in plain:
        plain = plain.replace(",", ".", 1)
    try:
        value = float(plain)
    except ValueError:
        return None
    return None if "_" in plain or not math.isfinite(value) else value
