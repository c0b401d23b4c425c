"""A correction file: labels of training images that are wrong, row by row; the data stays as it is.

CSV with the columns `index` (of the training part), `old` and `new` (names of classes), `why`, and
`picture`, the image's hash in hex, by which a row is known to be of that picture still. A file
written by hand may leave the last two out.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from toile.data.images import Images
from toile.errors import ToileError, did_you_mean

MAX_CORRECTION_BYTES = 64 << 20
"""Over half a million rows."""
SUSPECTED = "confident learning"
"""What the reason of a suspect begins with."""
REQUIRED_COLUMNS = ("index", "old", "new")
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@")


@dataclass(frozen=True)
class Correction:
    """The image at `index` of the training part is `new` and not `old`, which its label says."""

    index: int
    old: str
    new: str
    why: str = ""
    picture: str = ""

    @property
    def is_suspected(self) -> bool:
        """Whether it is a suspect of a study: a network's answers chose it."""
        return self.why.startswith(SUSPECTED)


COLUMNS = tuple(each.name for each in fields(Correction))


@dataclass(frozen=True)
class Corrections:
    """The rows of the correction file at `path`, and its bytes.

    `original_fingerprint` is that of the data with the labels it has.
    """

    path: Path
    rows: tuple[Correction, ...]
    content: bytes = field(repr=False)
    original_fingerprint: str

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        return hashlib.sha256(self.content).hexdigest()


def read_corrections(path: Path) -> tuple[tuple[Correction, ...], bytes]:
    """The rows of a correction file, and its bytes.

    Raises ToileError naming the line, the value and the rule.
    """
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_CORRECTION_BYTES else b""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToileError(
            f"the correction file {path} cannot be read ({reason}); toile data relabel writes one"
        ) from None
    rows = tuple(_rows(_table(content, path), path))
    if not rows:
        raise ToileError(f"{path}: has no rows; a correction file has one for each wrong label")
    return rows, content


def corrections_text(rows: Iterable[Correction]) -> str:
    """`rows` as a correction file has them, in the order of their images.

    Raises ToileError where such a file cannot have the name of a class.
    """
    rows = sorted(rows, key=lambda row: row.index)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        index, *words = astuple(replace(row, why=" ".join(row.why.split())))
        writer.writerow([index, *map(_harmless, words)])
    text = written.getvalue()
    for row, line in zip(rows, list(csv.reader(io.StringIO(text)))[1:], strict=True):
        for name, read in zip((row.old, row.new), map(_typed, line[1:3]), strict=True):
            if name != read:
                raise ToileError(
                    f"the class {name!r} would be read from a correction file as {read!r}; rename "
                    "it: no space at its ends, no apostrophe before one of "
                    f"{' '.join(RUN_BY_SPREADSHEETS)}"
                )
    return text


def corrected_labels(
    train: Images, rows: Sequence[Correction], class_names: Sequence[str], where: str
) -> Int64[np.ndarray, " n"]:
    """The labels of `train`, corrected.

    Raises ToileError where a row is of another picture, class or label than `train` has there.
    """
    labels = train.labels.copy()
    for row in rows:
        label = checked_label(train, row, class_names, where)
        labels[row.index] = label
    gone = np.setdiff1d(train.labels, labels)
    if len(gone):
        raise ToileError(
            f"{where}: leaves no training image of the class {class_names[gone[0]]}; leave some, "
            "or take the class out of the data"
        )
    return labels


def checked_label(train: Images, row: Correction, class_names: Sequence[str], where: str) -> int:
    """The class that `row` corrects to, by index. Raises ToileError where it is not of `train`."""
    if not 0 <= row.index < len(train):
        raise ToileError(
            f"{where}: index {row.index} is no image of the training part, which has them from 0 "
            f"to {len(train) - 1}; labels of sealed test images are not corrected"
        )
    for name in (row.old, row.new):
        if name not in class_names:
            raise ToileError(
                f"{where}: the row of index {row.index} says {name}, which is no class; it is one "
                f"of {', '.join(class_names[:12])}{did_you_mean(name, class_names)}"
            )
    label = class_names[int(train.labels[row.index])]
    is_other = row.picture and row.picture != picture_hex(train, row.index)
    if label != row.old or is_other:
        what = "is another picture" if is_other else f"is labelled {label}, and not {row.old},"
        raise ToileError(
            f"{where}: the image at index {row.index} {what} than when the correction was made; "
            "the data has changed, or the file is of other data: write it again with toile data "
            "relabel"
        )
    return class_names.index(row.new)


def picture_hex(train: Images, index: int) -> str:
    """The hash of an image's pixels at full size, as a correction file has it."""
    return f"{int(train.hashes[index, 1]):016x}"


def _table(content: bytes, path: Path) -> list[list[str]]:
    if not content:
        raise ToileError(f"{path}: is empty, or larger than {MAX_CORRECTION_BYTES >> 20} MB")
    try:
        table = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ToileError(f"{path}: is no CSV table of letters in UTF-8 ({error})") from None
    heads = [head.strip() for head in table[0]] if table else []
    missing = [name for name in REQUIRED_COLUMNS if name not in heads]
    odd = [name for name in heads if name not in COLUMNS or heads.count(name) > 1]
    if missing or odd:
        fault = f"lacks {missing[0]}" if missing else f"has {odd[0]!r}"
        raise ToileError(
            f"{path}: its first line {fault}; a correction file has the columns "
            f"{', '.join(COLUMNS)}, the last two if wanted. Suspects become one by toile data "
            "relabel --suspects"
        )
    return [heads, *table[1:]]


def _rows(table: list[list[str]], path: Path) -> Iterable[Correction]:
    heads, *lines = table
    seen: dict[int, int] = {}
    for number, line in enumerate(lines, start=2):
        if not line:
            continue
        cells = dict(zip(heads, (_typed(cell) for cell in line), strict=False))
        index = cells.get("index", "")
        fault = ""
        if len(line) != len(heads):
            fault = f"has {len(line)} cells under {len(heads)} heads"
        elif not re.fullmatch(r"[0-9]{1,12}", index):
            fault = f"has the index {index!r}, which is no whole number from 0"
        elif cells["old"] == cells["new"]:
            fault = f"corrects {cells['old']} to itself"
        elif int(index) in seen:
            fault = f"corrects index {index}, as line {seen[int(index)]} does"
        elif not re.fullmatch(r"([0-9a-f]{16})?", cells.get("picture", "")):
            fault = f"has the picture {cells['picture']!r}, which is no hash of 16 hex digits"
        if fault:
            raise ToileError(f"{path}, line {number}: {fault}")
        seen[int(index)] = number
        yield Correction(int(index), *(cells.get(name, "") for name in COLUMNS[1:]))


def _harmless(words: str) -> str:
    """So that no spreadsheet runs it."""
    return f"'{words}" if words.startswith(RUN_BY_SPREADSHEETS) else words


def _typed(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in RUN_BY_SPREADSHEETS else cell
