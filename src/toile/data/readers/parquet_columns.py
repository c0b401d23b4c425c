"""Which columns of a Parquet file are pictures and labels, and the labels themselves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from toile.data.readers.label_values import Labels
from toile.data.readers.parquet_pages import check_pages, damaged
from toile.data.readers.parts import MAX_IMAGES
from toile.distribution import extra_packages
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

LABEL_NAMES = ("label", "labels", "class", "category", "target", "y")
NO_NAMES = ("auto", "first", "last")
"""Values of `data.label_column` that name no column."""
NO_CLASS = -1
"""What `datasets` writes for a picture whose class is secret, as in a contest's test part."""


@dataclass(frozen=True)
class ParquetForm:
    """The columns of a file. `bytes_path` leads to the pictures' bytes in the schema."""

    file: Path
    num_rows: int
    pictures: str
    bytes_path: str
    labels: str
    class_names: tuple[str, ...] | None


def open_parquet(file: Path, **settings: Any) -> "pq.ParquetFile":
    """The file, its columns not yet read. Raises ToileError where it is none or a damaged one."""
    with extra_packages("parquet", "reading Parquet files"):
        import pyarrow as pa
        from pyarrow import parquet as pq
    try:
        # Not all of a column at once, as pre_buffer would.
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20, **settings)
    except (pa.ArrowException, OSError, ValueError, EOFError) as damage:
        raise damaged(file, damage) from None


def read_form(file: Path, label_column: str) -> ParquetForm:
    """The columns of `file`, and its pages checked; `label_column` is that of the settings."""
    check_pages(file)
    with open_parquet(file) as opened:
        schema, num_rows = opened.schema_arrow, opened.metadata.num_rows
        if not 0 < num_rows <= MAX_IMAGES:
            raise ToileError(f"{file}: has {num_rows} rows; a file has 1 to {MAX_IMAGES} pictures")
        features = _features(schema)
        pictures = _picture_column(schema, features, file)
        labels = _label_column(schema, features, pictures, label_column, file)
        _check_label_kind(schema.field(labels), file)
    return ParquetForm(
        file=file,
        num_rows=num_rows,
        pictures=pictures,
        bytes_path=f"{pictures}.bytes" if _is_struct(schema.field(pictures).type) else pictures,
        labels=labels,
        class_names=_class_names(features.get(labels), file),
    )


def _features(schema: "pa.Schema") -> dict[str, dict[str, Any]]:
    """What `datasets` wrote of each column; nothing where it did not write the file."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: value for name, value in features.items() if isinstance(value, dict)}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _is_struct(kind: "pa.DataType") -> bool:
    from pyarrow import types

    return bool(types.is_struct(kind))


def _is_bytes(kind: "pa.DataType") -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _has_pictures(field: "pa.Field") -> bool:
    if not _is_struct(field.type):
        return _is_bytes(field.type)
    return any(inner.name == "bytes" and _is_bytes(inner.type) for inner in field.type)


def _picture_column(schema: "pa.Schema", features: dict[str, dict[str, Any]], file: Path) -> str:
    columns = [field.name for field in schema if _has_pictures(field)]
    declared = [name for name in columns if features.get(name, {}).get("_type") == "Image"]
    candidates = declared or columns
    if len(candidates) == 1 and "." not in candidates[0]:
        return candidates[0]
    names = ", ".join(f"{field.name} ({field.type!s:.40})" for field in schema)
    if not candidates:
        raise ToileError(
            f"{file}: has no column of pictures, which are the bytes of PNG or JPEG files; its "
            f"columns are {names:.300}. Save pixels as arrays with numpy.savez, or as a CSV file"
        )
    raise ToileError(
        f"{file}: has {len(candidates)} columns of pictures, {', '.join(candidates):.200}; one is "
        "read: write the file with one"
    )


def _label_column(
    schema: "pa.Schema",
    features: dict[str, dict[str, Any]],
    pictures: str,
    setting: str,
    file: Path,
) -> str:
    columns = [name for name in schema.names if name != pictures]
    if setting not in NO_NAMES:
        if setting not in columns:
            raise ToileError(
                f"{file}: data.label_column is {setting}, and its columns are "
                f"{', '.join(columns):.300}{did_you_mean(setting, columns)}"
            )
        return setting
    classes = [name for name in columns if features.get(name, {}).get("_type") == "ClassLabel"]
    usual = [name for name in columns if name.lower() in LABEL_NAMES]
    for candidates in (classes, usual, columns):
        if len(candidates) == 1:
            return candidates[0]
        if candidates and setting != "auto":
            return candidates[0 if setting == "first" else -1]
        if candidates:
            raise ToileError(
                f"{file}: its labels may be the column {' or '.join(candidates):.300}; say which "
                f"by data.label_column, as in --set data.label_column={candidates[0]}"
            )
    raise ToileError(f"{file}: has no column beside {pictures}; every picture has a label")


def _class_names(feature: dict[str, Any] | None, file: Path) -> tuple[str, ...] | None:
    names = (feature or {}).get("names")
    if not isinstance(names, list) or not names:
        return None
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise ToileError(f"{file}: its features name classes that are no text; write them as text")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ToileError(f"{file}: its features name the class {twice} twice; a name is one class")
    return tuple(names)


def _check_label_kind(field: "pa.Field", file: Path) -> None:
    from pyarrow import types

    kind = field.type
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        raise ToileError(
            f"{file}: {field.name} has a list for each picture ({kind}); networks here learn one "
            "class a picture: write a column with one"
        )
    text = kind.value_type if types.is_dictionary(kind) else kind
    is_text = types.is_string(text) or types.is_large_string(text)
    if not is_text and not types.is_integer(kind) and not types.is_boolean(kind):
        raise ToileError(f"{file}: {field.name} is {kind!s:.60}; labels are whole numbers or names")


def read_labels(form: ParquetForm) -> Labels | None:
    """The label of each row, a number or a text; None where no row has one."""
    import pyarrow as pa
    from pyarrow import types

    # As a dictionary, or one long text for a million rows would be a million long texts.
    with open_parquet(form.file, read_dictionary=[form.labels]) as opened:
        try:
            column = opened.read([form.labels], use_threads=False).column(0)
        except (pa.ArrowException, OSError, ValueError) as damage:
            raise damaged(form.file, damage) from None
    is_text = types.is_dictionary(column.type)
    return _text_labels(column, form) if is_text else _number_labels(column, form)


def _text_labels(column: "pa.ChunkedArray", form: ParquetForm) -> Labels | None:
    if column.null_count == len(column):
        return None
    _refuse_some(column.is_null().to_numpy(), form)
    column = column.unify_dictionaries()
    names = np.asarray(column.chunk(0).dictionary.to_pylist())
    return names[np.concatenate([chunk.indices.to_numpy() for chunk in column.chunks])]


def _number_labels(column: "pa.ChunkedArray", form: ParquetForm) -> Labels | None:
    missing = column.is_null().to_numpy()
    class_numbers = column.cast("int64").fill_null(NO_CLASS).to_numpy()
    # With names a class is an index, and -1 none.
    missing = missing | (class_numbers == NO_CLASS) if form.class_names else missing
    if missing.all():
        return None
    _refuse_some(missing, form)
    return np.asarray(class_numbers)


def _refuse_some(missing: Labels, form: ParquetForm) -> None:
    if missing.any():
        raise ToileError(
            f"{form.file}: row {int(np.flatnonzero(missing)[0])} has no {form.labels}, and "
            f"{int(missing.sum())} of {len(missing)} rows have none; every picture has a class"
        )
