"""A user's table of readings: from a CSV file, or as pasted from a spreadsheet."""

import csv
import math
import re
from pathlib import Path

from toile.errors import ToileError

Table = dict[str, list[float]]
MAX_BYTES = 10_000_000
LONG_HEADS = ({"level", "reading"}, {"level", "accuracy"}, {"level", "score"}, {"level", "value"})


def read_table(path: Path) -> Table:
    """The readings of each level in the file at `path`.

    Raises ToileError naming the line and the cell where it is no table of numbers.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ToileError(f"{path} has over {MAX_BYTES:,} bytes, which is no table of readings")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ToileError(f"{path} is not there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ToileError(f"{path} cannot be read as text: {error}") from None
    return table_of(text, str(path))


def table_of(text: str, where: str) -> Table:
    """The readings of each level in `text`: columns level and reading, or a column for each level.

    Cells are divided by tabs, semicolons or commas, as the heads are; with either of the first two
    a number may have a decimal comma. A percent sign is passed over, and so is the apostrophe that
    keeps a spreadsheet from running a name.
    """
    heads_line = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", heads_line)
    divider = next((one for one in "\t;," if one in unquoted), ",")
    try:
        rows = [
            [re.sub("^'(?=[=+@-])", "", cell.strip()) for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=divider, strict=True)
        ]
    except csv.Error as error:
        raise ToileError(f"{where} is no readable table: {error}") from None
    rows = [row if any(row) else [] for row in rows]
    first = next((place for place, row in enumerate(rows) if row), None)
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
    lower = [head.lower() for head in heads]
    if set(lower) in LONG_HEADS and len(heads) == 2:
        return _long(body, lower.index("level"), where, divider)
    return _wide(heads, body, where, divider)


def _long(body: list[tuple[int, list[str]]], level: int, where: str, divider: str) -> Table:
    table: Table = {}
    for line, row in body:
        if len(row) < 2 or not row[level]:
            raise ToileError(f"{where}, line {line}: a level or its reading is missing")
        table.setdefault(row[level], []).append(
            _number(row[1 - level], f"{where}, line {line}, level {row[level]}", divider)
        )
    return table


def _wide(heads: list[str], body: list[tuple[int, list[str]]], where: str, divider: str) -> Table:
    if _is_number_row(heads, divider) and len(set(heads)) < len(heads):
        raise ToileError(f"{where}: its first line has readings; put the levels' names above them")
    for place, head in enumerate(heads, start=1):
        if not head:
            raise ToileError(f"{where}: column {place} has no head; the heads are the levels")
        if heads.count(head) > 1:
            raise ToileError(f"{where}: level {head} heads two columns; a level is named once")
    table: Table = {head: [] for head in heads}
    for line, row in body:
        # Levels may have fewer readings than others: their columns end early.
        for head, cell in zip(heads, row, strict=False):
            if cell:
                table[head].append(_number(cell, f"{where}, line {line}, level {head}", divider))
    return table


def _is_number_row(cells: list[str], divider: str) -> bool:
    try:
        return bool([_number(cell, "", divider) for cell in cells])
    except ToileError:
        return False


def _number(cell: str, where: str, divider: str) -> float:
    plain = cell.removesuffix("%").strip()
    if divider != "," and "." not in plain:
        plain = plain.replace(",", ".", 1)
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    # Python reads 1_000 and nan; in a table of readings both are slips.
    if not math.isfinite(value) or "_" in plain:
        raise ToileError(f"{where}: {cell!r:.40} is no reading; a reading is a finite number")
    return value
