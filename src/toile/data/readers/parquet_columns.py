"""The columns of a Parquet file that hold pictures and labels."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toile.data.readers.parquet_pages import check_pages, damaged
from toile.data.readers.parts import MAX_IMAGES
from toile.distribution import extra_packages
from toile.errors import ToileError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

LABEL_NAMES = ("label", "labels", "class", "category", "target", "y")
INNER_BYTES = "bytes"
"""The field of a picture's struct with the bytes of its file."""
NO_CLASS = -1
"""The label that `datasets` writes for an unknown class, as in a contest's test part."""


class NoLabels(ToileError):
    """A file has no column of labels, as the test part of a contest may."""


@dataclass(frozen=True)
class ParquetForm:
    """The columns of a file. `bytes_path` is the path of the pictures' bytes in the schema.

    `labels` is None if no column has labels; `unlabelled` is the error for that.
    """

    file: Path
    num_rows: int
    columns: tuple[str, ...]
    pictures: str
    bytes_path: str
    labels: str | None
    unlabelled: str
    class_names: tuple[str, ...] | None
    num_page_bytes: int
    """Bytes of the largest page, unpacked."""

    @property
    def pair(self) -> str:
        """The two columns in words."""
        return f"{self.pictures} and {self.labels}"

    @property
    def is_declared(self) -> bool:
        """Whether the column's name or the features say that it holds labels."""
        return self.class_names is not None or is_usual(self.labels or "")


def open_parquet(file: Path, **settings: Any) -> "pq.ParquetFile":
    """The opened file; no column is read. Raises ToileError if it is damaged or no Parquet."""
    with extra_packages("parquet", "reading Parquet files"):
        import pyarrow as pa
        from pyarrow import parquet as pq
    try:
        # pre_buffer would read all of a column at once.
        return pq.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20, **settings)
    except (pa.ArrowException, OSError, ValueError, EOFError) as damage:
        raise damaged(file, damage) from None


def read_form(file: Path, label_column: str) -> ParquetForm | None:
    """The columns of `file`, after its pages were checked; None if it has no rows.

    `label_column` is the setting `data.label_column`.
    """
    num_page_bytes = check_pages(file)
    with open_parquet(file) as opened:
        schema, num_rows = opened.schema_arrow, opened.metadata.num_rows
    if num_rows == 0:
        return None
    if not 0 < num_rows <= MAX_IMAGES:
        raise ToileError(f"{file}: has {num_rows} rows; a file has 1 to {MAX_IMAGES} pictures")
    _refuse_twice(schema.names, file)
    features = _features(schema)
    pictures = _picture_column(schema, features, file)
    labels: str | None = None
    unlabelled = ""
    try:
        labels = _label_column(schema, features, pictures, label_column, file)
        _check_label_kind(schema.field(labels), file)
    except NoLabels as reason:
        labels, unlabelled = None, str(reason)
    return ParquetForm(
        file=file,
        num_rows=num_rows,
        columns=tuple(schema.names),
        pictures=pictures,
        bytes_path=f"{pictures}.{INNER_BYTES}"
        if _is_struct(schema.field(pictures).type)
        else pictures,
        labels=labels,
        unlabelled=unlabelled or no_labels(file, labels),
        class_names=_class_names(features.get(labels or ""), file),
        num_page_bytes=num_page_bytes,
    )


def no_labels(file: Path, column: str | None) -> str:
    """The error of a file whose column has no labels."""
    return f"{file}: has no labels in its column {column}; every picture has a class"


def _refuse_twice(names: list[str], file: Path) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ToileError(f"{file}: has two columns called {twice}; write it with a name for each")


def _features(schema: "pa.Schema") -> dict[str, dict[str, Any]]:
    """The features that `datasets` wrote for each column; empty for other writers."""
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
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def _has_pictures(field: "pa.Field") -> bool:
    if not _is_struct(field.type):
        return _is_bytes(field.type)
    # -1 if there is no such field, or more than one.
    index = field.type.get_field_index(INNER_BYTES)
    return index >= 0 and _is_bytes(field.type.field(index).type)


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
    if not columns:
        raise NoLabels(f"{file}: has no column beside {pictures}; every picture has a label")
    if setting == "first" or setting == "last":
        return columns[0 if setting == "first" else -1]
    if setting != "auto":
        if setting not in columns:
            raise NoLabels(
                f"{file}: data.label_column is {setting}, and its columns are "
                f"{', '.join(columns):.300}{did_you_mean(setting, columns)}"
            )
        return setting
    classes = [name for name in columns if features.get(name, {}).get("_type") == "ClassLabel"]
    usual = [name for name in columns if is_usual(name)]
    for candidates in (classes, usual):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise ToileError(_which(file, candidates))
    if len(columns) > 1:
        raise NoLabels(_which(file, columns))
    if not is_text(schema.field(columns[0]).type):
        raise NoLabels(
            f"{file}: its column {columns[0]} has no usual name of labels "
            f"({', '.join(LABEL_NAMES)}); if it holds labels, use "
            f"--set data.label_column={columns[0]}"
        )
    return columns[0]


def is_usual(column: str) -> bool:
    """Whether `column` is a usual name of labels."""
    return column.lower() in LABEL_NAMES


def _which(file: Path, columns: list[str]) -> str:
    return (
        f"{file}: its labels may be the column {' or '.join(columns):.300}; choose one by "
        f"data.label_column, as in --set data.label_column={columns[0]}"
    )


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


def is_text(kind: "pa.DataType") -> bool:
    """Whether a column of this type holds text, possibly as a dictionary."""
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _check_label_kind(field: "pa.Field", file: Path) -> None:
    """Refuse types that cannot be labels. Raises NoLabels if no row has a value."""
    from pyarrow import types

    kind = field.type
    if types.is_null(kind):
        raise NoLabels(no_labels(file, field.name))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        raise ToileError(
            f"{file}: {field.name} has a list for each picture ({kind}); networks here learn one "
            "class a picture: write a column with one"
        )
    if not is_text(kind) and not types.is_integer(kind) and not types.is_boolean(kind):
        raise ToileError(f"{file}: {field.name} is {kind!s:.60}; labels are whole numbers or names")
