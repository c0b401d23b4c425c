"""Rows of numbers out of a CSV file, fast, in bounded memory, with the place of what is wrong."""

import gzip
import io
import mmap
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from jaxtyping import Int16, UInt8

from toile.data.readers.parts import MAX_IMAGES, MAX_SIDE_PX, Progress
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError

MAX_COLUMNS = MAX_SIDE_PX**2 + 1
# The widest row of pixels, each written as a float of up to 30 characters.
MAX_ROW_BYTES = 2 << 20
CHUNK_BYTES = 8 << 20
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, eq=False)
class Rows:
    """A file's numbers, and its header, if it has one.

    Which end is the label is not known before the last row: both ends are kept wider than a byte.
    What lies between are pixels, in pieces that go one by one as the images are put together.
    """

    file: Path
    header: tuple[str, ...]
    ends: Int16[np.ndarray, "rows 2"]
    chunks: list[UInt8[np.ndarray, "_ pixels"]]

    @property
    def first_row(self) -> int:
        """The line of the first row of numbers, counted from 1 as editors do."""
        return 2 if self.header else 1

    @property
    def num_columns(self) -> int:
        """Numbers in each row."""
        return int(self.chunks[0].shape[1]) + 2

    def __len__(self) -> int:
        """How many rows of numbers there are."""
        return len(self.ends)


def read_rows(file: Path, progress: Progress) -> Rows:
    """Every row of `file` as whole numbers; a ragged or other row is refused by line and column."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            lines = _lines(stream, file)
            first = next(lines, None)
            if first is None:
                raise ToileError(f"{file}: is empty; a set needs a row for each image")
            header = _header(first, file)
            ends, chunks = [], []
            for row, chunk in _chunks(lines, file, [] if header else [first], progress):
                numbers = _numbers(chunk, file, row, first.count(",") + 1)
                chunks.append(_pixels(numbers, file, row))
                ends.append(numbers[:, [0, -1]])
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise ToileError(f"{file}: is damaged or cut short ({damage}); fetch it again") from None
    if not chunks:
        raise ToileError(f"{file}: has a header and no rows; a set needs a row for each image")
    return Rows(file, header, np.concatenate(ends), chunks)


def _lines(stream: io.BufferedIOBase, file: Path) -> Iterator[str]:
    """Lines without their ends; empty ones are allowed at the very end alone."""
    most, num_bytes, empty_row = max(FREE_BYTES, MAX_RATIO * file.stat().st_size), 0, 0
    # A bounded readline, as a file without line ends would be read as one line of any length.
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
        # Latin-1 decodes any byte, so that a stray one is refused where it stands, as a cell.
        text = line.removeprefix(BYTE_ORDER_MARK if row == 1 else b"").decode("latin-1").strip()
        if text and empty_row:
            raise ToileError(f"{file}: row {empty_row} is empty; every row is an image")
        if text:
            yield text
        else:
            empty_row = empty_row or row


def _header(line: str, file: Path) -> tuple[str, ...]:
    """The column names, or nothing if the first line is numbers already."""
    cells = line.split(",")
    if not 17 <= len(cells) <= MAX_COLUMNS:
        raise ToileError(
            f"{file}: row 1 has {len(cells)} columns; an image is a label and 16 to "
            f"{MAX_COLUMNS - 1} pixels, separated by commas"
        )
    names = tuple(cell.strip().strip('"').strip() for cell in cells)
    return () if all(_is_number(name) for name in names) else names


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        # An empty cell is no name: a first row that lacks a value is a wrong row, not a header.
        return not cell
    return True


def _chunks(
    lines: Iterator[str], file: Path, chunk: list[str], progress: Progress
) -> Iterator[tuple[int, list[str]]]:
    """Lists of lines of about `CHUNK_BYTES`, each with the line number of its first."""
    row, num_bytes, done = 1 if chunk else 2, sum(map(len, chunk)), 0
    for line in lines:
        chunk.append(line)
        num_bytes += len(line)
        if num_bytes >= CHUNK_BYTES:
            yield row, chunk
            row, done, num_bytes = row + len(chunk), done + num_bytes, 0
            chunk = []
            progress(done, None, f"bytes of {file.name}")
            if row > MAX_IMAGES:
                raise ToileError(f"{file}: has more than {MAX_IMAGES} rows; that many are read")
    if chunk:
        yield row, chunk


# NumPy 2.4 parsed 5,000 rows of 785 columns at 38 million cells a second on one core of a shared
# server; a loop over the cells in Python 3.11 took 6 times as long.
def _numbers(
    lines: list[str], file: Path, row: int, num_columns: int
) -> Int16[np.ndarray, "rows columns"]:
    """The lines' numbers by NumPy's C parser; only what it refuses is looked at cell by cell."""
    try:
        values = _parse(lines)
    except ValueError:
        values = None
    if values is None or values.shape[1] != num_columns:
        _refuse_first_wrong_cell(lines, file, row, num_columns)
    return values


def _pixels(
    numbers: Int16[np.ndarray, "rows columns"], file: Path, first_row: int
) -> UInt8[np.ndarray, "rows pixels"]:
    """What lies between the ends as bytes, in memory that goes back to the system when it goes."""
    between = numbers[:, 1:-1]
    check_pixels(between, file, first_row, first_column=2)
    # A mapping of its own: malloc may keep what is freed, and two copies would add up.
    pixels = np.frombuffer(mmap.mmap(-1, between.size), np.uint8).reshape(between.shape)
    pixels[:] = between
    return pixels


def check_pixels(
    part: Int16[np.ndarray, "rows pixels"], file: Path, first_row: int, first_column: int
) -> None:
    """Refuse the first number that is no pixel, by the line and column it stands in."""
    if part.min() < 0 or part.max() > 255:
        row, column = np.argwhere((part < 0) | (part > 255))[0]
        raise ToileError(
            f"{file}: row {first_row + row}, column {first_column + column} is "
            f"{part[row, column]}; a pixel is a whole number from 0 to 255"
        )


def _parse(lines: list[str]) -> Int16[np.ndarray, "rows columns"]:
    """ValueError unless every cell is a whole number; `12.0` and `1e2` are."""
    try:
        # comments=None, or a # would cut its row short; ndmin=2, or a lone row loses an axis.
        return np.loadtxt(lines, np.int16, comments=None, delimiter=",", ndmin=2)
    except (ValueError, DeprecationWarning):
        values = np.loadtxt(lines, np.float64, comments=None, delimiter=",", ndmin=2)
    if not (np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) < 2**15)).all():
        raise ValueError
    return values.astype(np.int16)


def _refuse_first_wrong_cell(
    lines: list[str], file: Path, first_row: int, num_columns: int
) -> NoReturn:
    for row, line in enumerate(lines, first_row):
        cells = line.split(",")
        if len(cells) != num_columns:
            raise ToileError(
                f"{file}: row {row} has {len(cells)} columns; row 1 has {num_columns}, and every "
                "row is one label and the same pixels"
            )
        for column, cell in enumerate(cells, 1):
            if not _is_whole(cell):
                raise ToileError(
                    f"{file}: row {row}, column {column} is {cell.strip()[:40]!r}; every cell is a "
                    "whole number: a label, or a pixel from 0 to 255"
                )
    raise ToileError(f"{file}: rows {first_row} to {row} hold something that is no number")


def _is_whole(cell: str) -> bool:
    try:
        number = float(cell)
    except ValueError:
        return False
    # Python reads 1_000 as a number and NumPy does not.
    return "_" not in cell and number.is_integer() and abs(number) < 2**15
