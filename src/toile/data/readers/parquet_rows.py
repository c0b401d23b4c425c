"""The pictures of Parquet files by row, read forward."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from toile.data.readers.parquet_columns import INNER_BYTES, ParquetForm, open_parquet
from toile.data.readers.parquet_pages import damaged
from toile.data.readers.picture_limits import UnreadablePicture
from toile.data.readers.zip_file import FREE_BYTES, MAX_RATIO
from toile.errors import ToileError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

ROWS_AT_ONCE = 1
"""One row, since a picture may have 128 MB before it is refused, and rows may repeat it cheaply."""


MAX_PICTURE_BYTES = 12 << 20
"""Less than for a picture in a file of its own, because the page stays in memory during decoding.

Reading 25 million transparent pixels took 453 MB, and about 4 MB more for each MB of the file
(pyarrow 26, Linux, once each). A reader may use 512 MB.
"""


class PictureRows:
    """Opens a picture by its file and row; fast if rows are opened in order.

    Only the file of the last opened row is held open.
    """

    def __init__(self) -> None:
        self._file: Path | None = None
        self._rows: Iterator[bytes | None] = iter(())
        self._next = 0

    def open(self, form: ParquetForm, row: int) -> io.BytesIO:
        """The picture in `row`, from 0. Raises UnreadablePicture if there is none."""
        if form.file != self._file or row < self._next:
            self._file, self._rows, self._next = form.file, _contents(form), 0
        content = None
        while self._next <= row:
            content = next(self._rows, None)
            self._next += 1
        if content is None:
            raise UnreadablePicture("has no bytes; embed the pictures when the file is written")
        if len(content) > MAX_PICTURE_BYTES:
            raise UnreadablePicture(
                f"has {len(content)} bytes; a picture in a Parquet file has at most "
                f"{MAX_PICTURE_BYTES}: make it smaller, or save it as a file in a class folder"
            )
        return io.BytesIO(content)


def _contents(form: ParquetForm) -> Iterator[bytes | None]:
    """The bytes of each row's picture; None for a row without one."""
    num_file_bytes = form.file.stat().st_size
    most, num_bytes = max(FREE_BYTES, MAX_RATIO * num_file_bytes), 0
    # No batch outlives its bytes' copy: while a large picture is decoded it would be there twice.
    for contents in map(partial(_contents_of, form), _batches(form)):
        for content in contents:
            num_bytes += len(content or b"")
            if num_bytes > most:
                raise ToileError(
                    f"{form.file}: its {num_file_bytes} bytes unpack to more than {most}, "
                    f"{MAX_RATIO} times as many, which no pictures do"
                )
            yield content


def _contents_of(form: ParquetForm, batch: "pa.RecordBatch") -> list[bytes | None]:
    column = batch.column(form.pictures)
    if form.bytes_path != form.pictures:
        column = column.flatten()[column.type.get_field_index(INNER_BYTES)]
    return list(column.to_pylist())


def _batches(form: ParquetForm) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa

    with open_parquet(form.file) as opened:
        try:
            yield from opened.iter_batches(
                batch_size=ROWS_AT_ONCE, columns=[form.bytes_path], use_threads=False
            )
        except (pa.ArrowException, OSError, ValueError) as damage:
            raise damaged(form.file, damage) from None
