"""The pages of a Parquet file, judged by their headers before any is unpacked.

A page's header is a struct of Thrift's compact protocol: its second field is the page's size once
unpacked, its third as it lies in the file. Source: parquet-format, parquet.thrift; Thrift's
description of the compact protocol.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError

if TYPE_CHECKING:
    from pyarrow import parquet as pq  # type: ignore[import-untyped]

MAX_PAGE_BYTES = 128 << 20
"""Writers end a page at about a megabyte, DuckDB at 100."""
HEADER_BYTES = 1 << 16
"""A header may have a smallest and a largest value in it."""
MAX_PAGES = 1_000_000
MAX_DEPTH = 8
UNPACKED, PACKED = 2, 3
I32, BINARY, LIST, SET, MAP, STRUCT = 5, 8, 9, 10, 11, 12
NUM_BYTES = {1: 0, 2: 0, 3: 1, 7: 8}
"""Bytes of values whose length is fixed: a boolean, which stands in its type, a byte, a double."""
VARINTS = (4, 5, 6)


def check_pages(file: Path, metadata: "pq.FileMetaData") -> None:
    """Refuse a file of which a page, or all together, unpack to more than pictures do."""
    num_file_bytes = file.stat().st_size
    most, unpacked, num_pages = max(FREE_BYTES, MAX_RATIO * num_file_bytes), 0, 0
    with file.open("rb") as stream:
        for start, end in _chunks(metadata):
            position = start
            while position < min(end, num_file_bytes):
                sizes, length = _page(stream, position, file)
                unpacked += sizes[UNPACKED]
                num_pages += 1
                if sizes[UNPACKED] > MAX_PAGE_BYTES:
                    raise ToileError(
                        f"{file}: a page of it unpacks to {sizes[UNPACKED]} bytes; at most "
                        f"{MAX_PAGE_BYTES} are: write it with smaller pages"
                    )
                if unpacked > most or num_pages > MAX_PAGES:
                    raise ToileError(
                        f"{file}: its {num_file_bytes} bytes unpack to more than {most}, "
                        f"{MAX_RATIO} times as many, which no pictures do"
                    )
                position += length + sizes[PACKED]


def _chunks(metadata: "pq.FileMetaData") -> list[tuple[int, int]]:
    """Where the pages of each column of each group of rows begin and end."""
    chunks = []
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group)
        for index in range(rows.num_columns):
            column = rows.column(index)
            starts = [column.data_page_offset, column.dictionary_page_offset or 0]
            start = min(offset for offset in starts if offset > 0)
            chunks.append((start, start + column.total_compressed_size))
    return chunks


def _page(stream: io.BufferedReader, position: int, file: Path) -> tuple[dict[int, int], int]:
    """Two sizes of the page at `position`, unpacked and packed, and the length of its header."""
    stream.seek(position)
    header = io.BytesIO(stream.read(HEADER_BYTES))
    try:
        sizes = _read_struct(header, 0)
        if min(sizes[UNPACKED], sizes[PACKED]) >= 0:
            return sizes, header.tell()
    except (EOFError, KeyError):
        pass
    raise ToileError(f"{file}: is damaged: there is no page at its byte {position}; fetch it again")


def _read_struct(header: io.BytesIO, depth: int) -> dict[int, int]:
    """The 32-bit numbers of a struct by their fields; all else is passed over."""
    values: dict[int, int] = {}
    field = 0
    while kind_byte := _byte(header):
        step, kind = divmod(kind_byte, 16)
        field = field + step if step else _signed(_varint(header))
        if kind == I32:
            values[field] = _signed(_varint(header))
        else:
            _pass_over(header, kind, depth + 1)
    return values


def _pass_over(header: io.BytesIO, kind: int, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise EOFError
    if kind in VARINTS:
        _varint(header)
    elif kind in NUM_BYTES:
        header.seek(NUM_BYTES[kind], io.SEEK_CUR)
    elif kind == BINARY:
        header.seek(_varint(header), io.SEEK_CUR)
    elif kind in (LIST, SET):
        size, item = divmod(_byte(header), 16)
        size = _varint(header) if size == 15 else size
        for _ in range(min(size, HEADER_BYTES)):
            _pass_over(header, 3 if item in (1, 2) else item, depth + 1)
    elif kind == STRUCT:
        _read_struct(header, depth + 1)
    else:
        # A map, which no header has, or a type that there is not.
        raise EOFError


def _byte(header: io.BytesIO) -> int:
    value = header.read(1)
    if not value:
        raise EOFError
    return value[0]


def _varint(header: io.BytesIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = _byte(header)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise EOFError


def _signed(zigzag: int) -> int:
    return (zigzag >> 1) ^ -(zigzag & 1)
