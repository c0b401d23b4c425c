"""Checks the pages of a Parquet file by the footer and page headers, before any is unpacked.

The footer says where the pages of each column are; a page's header has its packed and its unpacked
size. Both are read here, because pyarrow 26 ends the process for columns of damaged or encrypted
files. Source: parquet-format, parquet.thrift.
"""

import io
from collections.abc import Iterator
from pathlib import Path

from toile.data.readers.thrift import INTEGER, PRESENT, DamagedStruct, Fields, Structs
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError

MAX_PAGE_BYTES = 384 << 20
"""Most bytes of a page, packed and unpacked together, since pyarrow holds both.

Reading needed at most 50 MB more. Most writers make pages of about a megabyte, DuckDB of 100. But
pyarrow, and so pandas, checks the size only every 1,024 rows: with pictures of 173 kB a page had
177 MB.
"""
HEADER_BYTES = 1 << 16
"""Bytes read for a page header, which may hold a smallest and a largest value."""
MAX_PAGES = 1_000_000
MAX_FOOTER_BYTES = 32 << 20
"""Enough for 300,000 column chunks. A footer of this size, filled with numbers, was read in 8 s
(Python 3.11 on a Zen 5 core)."""
MAGIC, ENCRYPTED = b"PAR1", b"PARE"
END_BYTES = 8
"""The bytes after the footer: its length and `MAGIC`."""

UNPACKED, PACKED = 2, 3
PAGE: Fields = {UNPACKED: INTEGER, PACKED: INTEGER}
ROW_GROUPS, COLUMNS, COLUMN, CRYPTO_METADATA, ENCRYPTED_COLUMN = 4, 1, 3, 8, 9
NUM_BYTES, DATA_PAGE, DICTIONARY_PAGE = 7, 9, 11
FOOTER: Fields = {
    ROW_GROUPS: [
        {
            COLUMNS: [
                {
                    COLUMN: {NUM_BYTES: INTEGER, DATA_PAGE: INTEGER, DICTIONARY_PAGE: INTEGER},
                    CRYPTO_METADATA: PRESENT,
                    ENCRYPTED_COLUMN: PRESENT,
                }
            ]
        }
    ]
}


def damaged(file: Path, damage: object) -> ToileError:
    """The error for a file that cannot be read because of `damage`."""
    return ToileError(
        f"{file}: is no Parquet file, cut short or damaged ({damage!s:.200}); fetch it again"
    )


def check_pages(file: Path) -> int:
    """Check all pages of a file, and return the unpacked bytes of the largest.

    Raises ToileError if a page, or all pages together, unpack to more than pictures do, if the file
    is encrypted, and if its footer or pages cannot be valid.
    """
    num_file_bytes = file.stat().st_size
    most, unpacked, num_pages = max(FREE_BYTES, MAX_RATIO * num_file_bytes), 0, 0
    largest = 0
    with file.open("rb") as stream:
        for start, end in _chunks(_footer(stream, num_file_bytes, file), num_file_bytes, file):
            position = start
            while position < end:
                sizes, length = _page(stream, position, file)
                unpacked += sizes[UNPACKED]
                largest = max(largest, sizes[UNPACKED])
                num_pages += 1
                if sum(sizes.values()) > MAX_PAGE_BYTES:
                    raise ToileError(
                        f"{file}: a page of it has {sizes[PACKED]} bytes, and {sizes[UNPACKED]} "
                        f"unpacked; at most {MAX_PAGE_BYTES} together are read: write it with "
                        "smaller pages, as by write_batch_size=16 in pandas' to_parquet or "
                        "pyarrow's write_table"
                    )
                if unpacked > most or num_pages > MAX_PAGES:
                    raise ToileError(
                        f"{file}: its {num_file_bytes} bytes unpack to more than {most}, "
                        f"{MAX_RATIO} times as many, which no pictures do"
                    )
                position += length + sizes[PACKED]
    return largest


def _footer(stream: io.BufferedReader, num_file_bytes: int, file: Path) -> bytes:
    """The footer's bytes; the last eight bytes of the file give their number."""
    stream.seek(max(0, num_file_bytes - END_BYTES))
    end = stream.read(END_BYTES)
    if end[4:] == ENCRYPTED:
        raise _encrypted(file)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != MAGIC or length + END_BYTES > num_file_bytes:
        raise damaged(file, "its end is not that of a Parquet file")
    if length > MAX_FOOTER_BYTES:
        raise ToileError(
            f"{file}: its footer has {length} bytes; at most {MAX_FOOTER_BYTES} are read: write it "
            "with more rows in a group, as by row_group_size=1000 in pyarrow's write_table"
        )
    stream.seek(num_file_bytes - END_BYTES - length)
    return stream.read(length)


def _encrypted(file: Path) -> ToileError:
    return ToileError(f"{file}: is encrypted; write it without encryption")


def _chunks(footer: bytes, num_file_bytes: int, file: Path) -> Iterator[tuple[int, int]]:
    """The first and end byte of the pages of each column chunk."""
    try:
        groups = Structs(footer).read(FOOTER)[ROW_GROUPS]
        columns = [column for group in groups for column in group[COLUMNS]]
        if any(CRYPTO_METADATA in column or ENCRYPTED_COLUMN in column for column in columns):
            raise _encrypted(file)
        for column in columns:
            yield _pages_of(column[COLUMN], num_file_bytes)
    except (DamagedStruct, KeyError):
        raise damaged(file, "its footer cannot be read") from None


def _pages_of(column: dict[int, int], num_file_bytes: int) -> tuple[int, int]:
    """The first and end byte of a column's pages, with its dictionary. Raises DamagedStruct."""
    # A missing page is written as offset 0.
    starts = [column[DATA_PAGE], column.get(DICTIONARY_PAGE, 0)]
    start = min((offset for offset in starts if offset != 0), default=len(MAGIC))
    end = start + column[NUM_BYTES]
    if not len(MAGIC) <= start <= end <= num_file_bytes or (end > start and not any(starts)):
        raise DamagedStruct
    return start, end


def _page(stream: io.BufferedReader, position: int, file: Path) -> tuple[dict[int, int], int]:
    """The two sizes of the page at `position`, and the length of its header."""
    stream.seek(position)
    header = Structs(stream.read(HEADER_BYTES))
    try:
        sizes = header.read(PAGE)
        if min(sizes[UNPACKED], sizes[PACKED]) >= 0:
            return sizes, header.position
    except (DamagedStruct, KeyError):
        pass
    raise damaged(file, f"there is no page at its byte {position}")
