"""The labels of a Parquet file, read a few rows at a time and stored as indices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from jaxtyping import Bool, Int64

from toile.data.readers.class_order import order_classes
from toile.data.readers.label_values import Labels, class_indices, note_mixed
from toile.data.readers.parquet_columns import NO_CLASS, ParquetForm, is_text, open_parquet
from toile.data.readers.parquet_pages import damaged
from toile.data.readers.parts import MAX_CLASSES, check_labels
from toile.errors import ToileError

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

MAX_NAME = 200
"""Most characters of a class name; captions are longer."""
MAX_BYTES_OF_NAME = 4 * MAX_NAME
ROWS_AT_ONCE = 1024
PLAIN_BYTES = 64 << 20
"""Most bytes of texts at once if they are no dictionary: a text may be as long as a page, and may
be compressed to a few bytes."""
NOT_IN_DICTIONARY = "Not yet implemented"
"""pyarrow 26's error for texts in delta encoding."""
MAX_INT64 = 2**63 - 1
INT64 = "int64"


@dataclass(frozen=True, eq=False)
class ShardLabels:
    """The different labels of a file (numbers or texts), and the index of each row's label."""

    distinct: Labels
    indices: Int64[np.ndarray, " n"]


def read_labels(form: ParquetForm) -> ShardLabels | None:
    """The label of each row; None if no row has a label, or the file has no column of labels."""
    import pyarrow as pa

    if form.labels is None:
        return None
    try:
        return _read(form, as_dictionary=True)
    except (pa.ArrowException, OSError, ValueError) as damage:
        if NOT_IN_DICTIONARY not in str(damage):
            raise damaged(form.file, damage) from None
    try:
        return _read(form, as_dictionary=False)
    except (pa.ArrowException, OSError, ValueError) as damage:
        raise damaged(form.file, damage) from None


def _read(form: ParquetForm, as_dictionary: bool) -> ShardLabels | None:
    # As a dictionary, so that one long text of a million rows is in memory only once.
    with open_parquet(form.file, read_dictionary=[form.labels] * as_dictionary) as opened:
        most = ROWS_AT_ONCE if as_dictionary else PLAIN_BYTES // max(1, form.num_page_bytes)
        batches = opened.iter_batches(
            batch_size=max(1, min(most, ROWS_AT_ONCE)), columns=[form.labels], use_threads=False
        )
        columns = (batch.column(form.labels) for batch in batches)
        texts = is_text(opened.schema_arrow.field(form.labels).type)
        return _text_labels(columns, form) if texts else _number_labels(columns, form)


def _text_labels(columns: "Iterator[pa.Array]", form: ParquetForm) -> ShardLabels | None:
    index_of: dict[str, int] = {}
    indices = [_text_indices(column, index_of, form) for column in columns]
    row_indices = np.concatenate(indices)
    missing = row_indices < 0
    if missing.all():
        return None
    _refuse_some(missing, form)
    return ShardLabels(np.array(list(index_of)), row_indices)


def _text_indices(
    column: "pa.Array", index_of: dict[str, int], form: ParquetForm
) -> Int64[np.ndarray, " n"]:
    """The index of each row's text, -1 for none; new texts are added to `index_of`."""
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if not types.is_dictionary(column.type):
        column = column.dictionary_encode()
    positions = column.indices.cast(INT64).fill_null(-1).to_numpy(zero_copy_only=False)
    # A dictionary may hold texts that no row has.
    used = np.unique(positions[positions >= 0])
    dictionary = column.dictionary
    lengths = compute.binary_length(dictionary).to_numpy(zero_copy_only=False)
    _refuse_many(len(used), form)
    indices = np.full(len(dictionary) + 1, -1, np.int64)
    for position in used.tolist():
        if lengths[position] > MAX_BYTES_OF_NAME:
            _refuse_long(dictionary[position], form)
        text = dictionary[position].as_py()
        if len(text) > MAX_NAME:
            _refuse_long(dictionary[position], form)
        indices[position] = index_of.setdefault(text, len(index_of))
    _refuse_many(len(index_of), form)
    return indices[positions]


def _number_labels(columns: "Iterator[pa.Array]", form: ParquetForm) -> ShardLabels | None:
    parts, masks = [], []
    for column in columns:
        _refuse_huge(column, form)
        masks.append(column.is_null().to_numpy(zero_copy_only=False))
        parts.append(column.cast(INT64).fill_null(NO_CLASS).to_numpy(zero_copy_only=False))
    class_numbers, missing = np.concatenate(parts), np.concatenate(masks)
    # With class names a label is an index, and -1 means no label.
    missing = missing | (class_numbers == NO_CLASS) if form.class_names else missing
    if missing.all():
        return None
    _refuse_some(missing, form)
    distinct, indices = np.unique(class_numbers, return_inverse=True)
    _refuse_many(len(distinct), form)
    return ShardLabels(distinct, indices.astype(np.int64))


def _refuse_huge(column: "pa.Array", form: ParquetForm) -> None:
    from pyarrow import compute, types

    if types.is_uint64(column.type):
        largest = compute.max(column).as_py()
        if largest is not None and largest > MAX_INT64:
            raise ToileError(
                f"{form.file}: {form.labels} has the number {largest}; a label is a class index "
                f"from 0 to {MAX_CLASSES - 1}"
            )


def _refuse_some(missing: Bool[np.ndarray, " n"], form: ParquetForm) -> None:
    if missing.any():
        raise ToileError(
            f"{form.file}: row {int(np.flatnonzero(missing)[0])} has no {form.labels}, and "
            f"{int(missing.sum())} of {len(missing)} rows have none; every picture has a class"
        )


def _refuse_many(num_distinct: int, form: ParquetForm) -> None:
    if num_distinct > MAX_CLASSES:
        _refuse_column(
            f"has more than {MAX_CLASSES} different values; at most {MAX_CLASSES} classes are read",
            form,
        )


def _refuse_long(text: "pa.Scalar", form: ParquetForm) -> NoReturn:
    start = text.as_buffer().to_pybytes()[:MAX_NAME].decode(errors="replace")
    _refuse_column(
        f"has the text {start[:40]}...; the name of a class has at most {MAX_NAME} characters",
        form,
    )


def _refuse_column(reason: str, form: ParquetForm) -> NoReturn:
    columns = [name for name in form.columns if name not in (form.labels, form.pictures)]
    step = (
        "name the column of labels by data.label_column, as in --set "
        f"data.label_column={columns[0]}"
        if columns
        else "write the file with a column of classes"
    )
    raise ToileError(f"{form.file}: its column {form.labels} {reason}: {step}")


def merge_labels(
    shards: Sequence[tuple[ParquetForm, ShardLabels]], where: str, notes: list[str]
) -> tuple[list[Int64[np.ndarray, " _"]], tuple[str, ...] | None]:
    """The class index of each row, for each shard, and the names of the classes.

    The features of all shards have the same names, or none. What should be known of the labels is
    added to `notes`.
    """
    names = shards[0][0].class_names
    if names is None:
        notes += note_mixed([(form.file.name, labels.distinct) for form, labels in shards], where)
        indices_of, class_names = class_indices([labels.distinct for _, labels in shards], where)
    else:
        indices_of = [_named(form, labels.distinct, names) for form, labels in shards]
        # In the order of the features, but in the spelling of a known dataset.
        spelt = order_classes(names)
        class_names = tuple(spelt[name] for name in names)
    indices = []
    for (form, labels), mapped in zip(shards, indices_of, strict=True):
        classes = mapped[labels.indices]
        check_labels(classes, form.num_rows, str(form.file))
        if names is not None and classes.max() >= len(names):
            row = int(np.flatnonzero(classes >= len(names))[0])
            raise ToileError(
                f"{form.file}: row {row} has label {classes[row]}; its features name "
                f"{len(names)} classes"
            )
        indices.append(classes)
    return indices, class_names


def _named(form: ParquetForm, distinct: Labels, names: tuple[str, ...]) -> Labels:
    """Numbers as they are; for texts their index in `names`."""
    if distinct.dtype.kind == "i":
        return distinct
    index_of = {name: index for index, name in enumerate(names)}
    unknown = next((text for text in distinct.tolist() if text not in index_of), None)
    if unknown is not None:
        raise ToileError(
            f"{form.file}: {form.labels} has the text {unknown}, and its features name the classes "
            f"{', '.join(names):.200}; write one of them"
        )
    return np.array([index_of[text] for text in distinct.tolist()], np.int64)
