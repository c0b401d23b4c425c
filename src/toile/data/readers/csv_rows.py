"""Rows of numbers from a CSV file, fast, in bounded memory; errors name the row and column."""

import gzip
import io
import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Real, UInt8

from toile.data.greys import Extremes, Greys, to_bytes
from toile.data.readers.csv_column import Column
from toile.data.readers.csv_form import Form, form_of, split_line
from toile.data.readers.parts import MAX_IMAGES, Progress, refuse_beyond_memory
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError

# The widest row of pixels in three colours, each written with up to 10 characters.
MAX_ROW_BYTES = 2 << 20
CHUNK_BYTES = 8 << 20
FIRST_LINES = 64
FIRST_BYTES = 1 << 20
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotBytes(Exception):
    """A pixel is no integer from 0 to 255, so the range of values has to be found first."""


@dataclass(eq=False)
class Rows:
    """A file's pixels in chunks, and its other columns.

    Chunks are freed one by one as the images are assembled. If all rows have to decide which end is
    the label, both ends are among the columns.
    """

    form: Form
    columns: list[Column]
    chunks: list[UInt8[np.ndarray, "_ pixels"]]

    @property
    def file(self) -> Path:
        """The file that was read."""
        return self.form.file

    @property
    def first_row(self) -> int:
        """The line number of the first row of numbers, from 1 as in editors."""
        return 1 + self.form.num_header_rows

    def __len__(self) -> int:
        """The number of rows."""
        return sum(map(len, self.columns[0].codes)) if self.columns else sum(map(len, self.chunks))


def read_form(file: Path, label_column: str) -> Form:
    """The form of `file`, from its first lines."""
    with _opened(file) as stream:
        first, num_bytes = [], 0
        for line in islice(_lines(stream, file), FIRST_LINES):
            first.append(line)
            num_bytes += len(line)
            if num_bytes > FIRST_BYTES:
                break
    if not first:
        raise ToileError(f"{file}: is empty; a set needs a row for each image")
    return form_of(file, first, label_column)


def read_rows(form: Form, greys: Greys | None, num_held_bytes: int, progress: Progress) -> Rows:
    """All rows of the file, with black and white of `greys` mapped to 0 and 255.

    Without `greys`, NotBytes is raised at the first pixel that is no integer from 0 to 255. Memory
    holds `num_held_bytes` of other files of the set.
    """
    columns = [Column(role) for role in (*form.before, *form.after) if role not in UNREAD]
    rows, num_bytes = Rows(form, columns, []), num_held_bytes
    for row, chunk in _chunks(form, progress):
        values = _pixels(form, columns, row, chunk)
        rows.chunks.append(_as_bytes(values, greys, form, row))
        num_bytes += rows.chunks[-1].nbytes
        refuse_beyond_memory(num_bytes, str(form.file))
    if not rows.chunks:
        raise ToileError(f"{form.file}: has a header and no rows; a set needs a row for each image")
    return rows


UNREAD = ("index", "unknown")
"""Roles of columns that are not read."""


def scan_rows(form: Form, extremes: Extremes, progress: Progress) -> None:
    """Update `extremes` by the pixels of all rows, without ends that may be labels."""
    for row, chunk in _chunks(form, progress):
        values = _pixels(form, [], row, chunk)

        def location(index: int, row: int = row, width: int = values.shape[1]) -> str:
            line, column = divmod(index, width)
            return f" (row {row + line}, column {len(form.before) + column + 1})"

        extremes.update(values, location)


@contextmanager
def _opened(file: Path) -> Iterator[io.BufferedIOBase]:
    try:
        with file.open("rb") as raw:
            is_packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file) if is_packed else file.open("rb") as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise ToileError(f"{file}: is damaged or cut short ({damage}); fetch it again") from None


def _lines(stream: io.BufferedIOBase, file: Path) -> Iterator[str]:
    """The lines without line ends; empty lines are allowed only at the end of the file."""
    most, num_bytes, empty_row = max(FREE_BYTES, MAX_RATIO * file.stat().st_size), 0, 0
    # A bounded readline: a file without line ends would otherwise be read as one line.
    for row, line in enumerate(iter(lambda: stream.readline(MAX_ROW_BYTES), b""), 1):
        num_bytes += len(line)
        if row == 1 and line.startswith(UTF_16):
            raise ToileError(f"{file}: is UTF-16 text; save it as UTF-8 or plain ASCII")
        if len(line) >= MAX_ROW_BYTES:
            raise ToileError(f"{file}: row {row} is longer than {MAX_ROW_BYTES} bytes; is it CSV?")
        if num_bytes > most:
            raise ToileError(
                f"{file}: unpacks to more than {most} bytes, {MAX_RATIO} times its size; unpack it"
            )
        text = _text(line.removeprefix(BYTE_ORDER_MARK if row == 1 else b""))
        if text and empty_row:
            raise ToileError(f"{file}: row {empty_row} is empty; every row is an image")
        if text:
            yield text
        else:
            empty_row = empty_row or row


def _text(line: bytes) -> str:
    """The line as UTF-8, or else as Latin-1, whose odd letters are refused as cells later."""
    try:
        return line.decode().strip("\r\n ")
    except UnicodeDecodeError:
        return line.decode("latin-1").strip("\r\n ")


def _chunks(form: Form, progress: Progress) -> Iterator[tuple[int, list[str]]]:
    """Lists of lines of about `CHUNK_BYTES`, each with the line number of its first line."""
    chunk: list[str] = []
    row, num_bytes, done = 1 + form.num_header_rows, 0, 0
    with _opened(form.file) as stream:
        for line in islice(_lines(stream, form.file), form.num_header_rows, None):
            chunk.append(line)
            num_bytes += len(line)
            if num_bytes >= CHUNK_BYTES:
                yield row, chunk
                row, done, num_bytes = row + len(chunk), done + num_bytes, 0
                chunk = []
                progress(done, None, f"bytes of {form.file.name}")
                if row > MAX_IMAGES:
                    raise ToileError(
                        f"{form.file}: has more than {MAX_IMAGES} rows; at most so many are read"
                    )
        if chunk:
            yield row, chunk


def _pixels(
    form: Form, columns: list[Column], row: int, lines: list[str]
) -> Real[np.ndarray, "rows pixels"]:
    """The pixels of `lines`; the cells of the other columns are added to `columns`."""
    num_before, num_after = len(form.before), len(form.after)
    pixels, outer_cells = [], []
    for line in lines:
        before, middle, after = _cut(line, form, num_before, num_after)
        pixels.append(middle)
        outer_cells.append((*before, *after))
    if any(len(cells) != num_before + num_after for cells in outer_cells):
        _refuse_first_wrong_cell(lines, form, row)
    roles = (*form.before, *form.after)
    read = [index for index, role in enumerate(roles) if role not in UNREAD]
    for index, column in zip(read, columns, strict=False):
        name = index + 1 if index < num_before else form.num_columns - len(roles) + index + 1
        column.add([cells[index] for cells in outer_cells], f"{form.file}: column {name}")
    width = form.num_columns - len(roles) if form.pixel_delimiter != " " else form.num_pixels
    return _parsed(pixels, lines, form, row, width)


def _cut(
    line: str, form: Form, num_before: int, num_after: int
) -> tuple[list[str], str, list[str]]:
    """The cells before the pixels, the pixels as one text, and the cells after them."""
    delimiter = form.delimiter
    if '"' in line:
        cells = split_line(line, delimiter)
        end = len(cells) - num_after
        return cells[:num_before], delimiter.join(cells[num_before:end]), cells[end:]
    *before, middle = line.split(delimiter, num_before)
    after: list[str] = []
    if num_after:
        middle, *after = middle.rsplit(delimiter, num_after)
    return [cell.strip() for cell in before], middle, [cell.strip() for cell in after]


# NumPy 2.4 parsed 5,000 rows of 785 columns at 38 million cells a second on one core of a shared
# server; a loop over the cells in Python 3.11 took 6 times as long.
def _parsed(
    texts: list[str], lines: list[str], form: Form, row: int, width: int
) -> Real[np.ndarray, "rows pixels"]:
    """The pixels by NumPy's C parser; cells are checked one by one only if it fails."""
    try:
        values = _parse(texts, form.pixel_delimiter)
    except ValueError:
        values = None
    if values is None or values.shape[1] != width:
        _refuse_first_wrong_cell(lines, form, row)
    return values


def _parse(texts: list[str], delimiter: str) -> Real[np.ndarray, "rows pixels"]:
    """The numbers of all cells. Raises ValueError if a cell is no number."""
    separator = None if delimiter == " " else delimiter
    if not any(map(str.strip, texts)):
        raise ValueError
    try:
        # comments=None: a # would cut its row short. ndmin=2: a single row would lose an axis.
        return np.loadtxt(texts, np.int16, comments=None, delimiter=separator, ndmin=2)
    except (ValueError, DeprecationWarning):
        values = np.loadtxt(texts, np.float64, comments=None, delimiter=separator, ndmin=2)
    if not np.isfinite(values).all():
        raise ValueError
    return values


def _as_bytes(
    values: Real[np.ndarray, "rows pixels"], greys: Greys | None, form: Form, row: int
) -> UInt8[np.ndarray, "rows pixels"]:
    """The values as bytes, in memory that is returned to the system when it is freed."""
    if greys is None:
        wrong = (values < 0) | (values > 255) | (values != np.rint(values))
        if wrong.any():
            line, column = np.argwhere(wrong)[0]
            raise NotBytes(
                f"{form.file}: row {row + line}, column {len(form.before) + column + 1} is "
                f"{values[line, column]:g}"
            )
    else:
        values = to_bytes(values, greys)
    # In a memory map: malloc may keep freed memory, and two copies would add up.
    pixels = np.frombuffer(mmap.mmap(-1, values.size), np.uint8).reshape(values.shape)
    pixels[:] = values
    return pixels


def _refuse_first_wrong_cell(lines: list[str], form: Form, first_row: int) -> NoReturn:
    start, end = len(form.before), form.num_columns - len(form.after)
    for row, line in enumerate(lines, first_row):
        cells = split_line(line, form.delimiter)
        if len(cells) != form.num_columns:
            raise ToileError(
                f"{form.file}: row {row} has {len(cells)} columns; row 1 has {form.num_columns}, "
                "and every row is one label and the same pixels"
            )
        if form.pixel_delimiter == " ":
            values = cells[start].split()
            if len(values) != form.num_pixels:
                raise ToileError(
                    f"{form.file}: row {row} has {len(values)} pixels; the first has "
                    f"{form.num_pixels}"
                )
            cells = [*cells[:start], *values]
            end = len(cells)
        for column, cell in enumerate(cells[start:end], start + 1):
            if not _is_number(cell):
                raise ToileError(
                    f"{form.file}: row {row}, column {column} is {cell[:40]!r}; every cell is a "
                    "number, except the label's"
                )
    raise ToileError(f"{form.file}: rows {first_row} to {row} hold a cell that is no number")


def _is_number(cell: str) -> bool:
    try:
        # Python accepts 1_000 as a number, NumPy does not.
        return "_" not in cell and bool(np.isfinite(float(cell)))
    except ValueError:
        return False
