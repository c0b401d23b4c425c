"""The form of a CSV file, from its header and first rows: what each column is."""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from toile.data.readers.parts import MAX_CLASSES, MAX_SIDE_PX, NO_COLUMN_NAMES
from toile.errors import ToileError, did_you_mean

DELIMITERS = (",", ";", "\t")
MIN_PIXELS = 16
# Three colours of the largest pictures, and a few other columns.
MAX_COLUMNS = 3 * MAX_SIDE_PX**2 + 8
LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "classes",
    "target",
    "y",
    "category",
    "emotion",
    "letter",
)
INDEX_NAMES = ("", "index", "id", "imageid", "image_id", "idx")
PART_COLUMNS = ("usage", "split", "part", "partition", "subset")
ONES, ZEROS = ("1", "1.0"), ("0", "0.0")
ENDS = (("end",), ("end",))
ENDS_BY_SETTING: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "first": (("label",), ()),
    "last": ((), ("label",)),
}
PIXEL_TEXT = ("pixels", "pixel", "image")


class NoPictures(ToileError):
    """A table has too few columns for pictures; it may hold labels or a sample submission."""


@dataclass(frozen=True)
class Form:
    """The roles of the columns of a file.

    `before` and `after` are the roles of the columns before and after the pixels: `label`, `index`,
    `part`, `hot` for a one-hot column, `unknown`, or `end` for a column that is a label or a pixel,
    which all rows decide later. `pixel_delimiter` differs from `delimiter` if all pixels of a
    picture are in one cell.
    """

    file: Path
    delimiter: str
    num_columns: int
    num_pixels: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    num_header_rows: int
    header: tuple[str, ...]
    pixel_delimiter: str
    note: str = ""

    @property
    def has_labels(self) -> bool:
        """Whether a column has or may have the class of each picture."""
        return bool({"label", "end", "hot"} & {*self.before, *self.after})


def form_of(file: Path, lines: Sequence[str], setting: str) -> Form:
    """The form of `file`, from its first `lines`. Raises ToileError if it cannot be read.

    `setting` is `data.label_column`: `auto`, `first`, `last`, or the name of a column.
    """
    delimiter = max(DELIMITERS, key=lines[0].count)
    first = split_line(lines[0], delimiter)
    if (texts := _pixel_texts(first)) is not None:
        return _form_of_texts(file, lines, delimiter, first, texts, setting)
    if not MIN_PIXELS < len(first) <= MAX_COLUMNS:
        raise (NoPictures if len(first) <= MIN_PIXELS else ToileError)(
            f"{file}: row 1 has {len(first)} columns; an image is a label and {MIN_PIXELS} to "
            f"{3 * MAX_SIDE_PX**2} pixels, separated by commas, semicolons or tabs"
        )
    mangled = is_mangled(first)
    names = () if mangled or not is_header(first) else tuple(name.lower() for name in first)
    note = ""
    if mangled:
        note = (
            f"row 1 of {file.name} is left out: it was an image, which pandas took for column names"
        )
    before, after = _outer_roles(file, names, first, lines, delimiter, setting)
    num_pixels = len(first) - len(before) - len(after) + (before + after).count("end") // 2
    return Form(
        file=file,
        delimiter=delimiter,
        num_columns=len(first),
        num_pixels=num_pixels,
        before=before,
        after=after,
        num_header_rows=int(mangled or bool(names)),
        header=tuple(first) if names else (),
        pixel_delimiter=delimiter,
        note=note,
    )


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of a row, without quotes and blanks around them."""
    cells = line.split(delimiter)
    if '"' in line:
        # A row with wrong quotes is refused later, cell by cell.
        with contextlib.suppress(csv.Error):
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    return [cell.strip() for cell in cells]


def is_number(cell: str) -> bool:
    """Whether a cell is a number or empty."""
    try:
        float(cell)
    except ValueError:
        # An empty cell is no name: a first row without a value is a wrong row, not a header.
        return not cell
    return True


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row is a header: most cells are no numbers, or they count the columns."""
    numeric = [cell for cell in cells if is_number(cell)]
    if len(numeric) == len(cells) and cells[0]:
        return False
    counted = [cell for cell in numeric if cell.isdecimal()]
    if len(counted) >= MIN_PIXELS:
        steps = {int(second) - int(first) for first, second in pairwise(counted)}
        if steps == {1} and int(counted[0]) in (0, 1):
            return True
    return 2 * len(numeric) < len(cells)


def is_mangled(cells: Sequence[str]) -> bool:
    """Whether pandas wrote a row of numbers as a header, with repeated ones as 0.1, 0.2, 0.3."""
    counts: Counter[str] = Counter()
    num_again = 0
    for cell in cells:
        value, _, again = cell.rpartition(".")
        if value in counts and again == str(counts[value]):
            counts[value] += 1
            num_again += 1
        elif cell in counts or not is_number(cell):
            return False
        else:
            counts[cell] = 1
    return 2 * num_again > len(cells)


def _outer_roles(
    file: Path,
    names: tuple[str, ...],
    first: list[str],
    lines: Sequence[str],
    delimiter: str,
    setting: str,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roles of the columns before and after the pixels."""
    if setting in ENDS_BY_SETTING:
        return ENDS_BY_SETTING[setting]
    if setting != "auto" and setting.lower() not in names:
        header = f"the header has {', '.join(names[:8])}" if names else "there is no header"
        raise ToileError(
            f"{file}: data.label_column is {setting}, and {header:.200}; it is auto, first, last "
            f"or the name of a column{did_you_mean(setting, names)}"
        )
    if names:
        roles = _by_names(file, names, setting.lower())
    else:
        rows = [split_line(line, delimiter) for line in lines]
        roles = _by_rows(file, len(first), [row for row in rows if len(row) == len(first)])
    if roles == ENDS and is_picture(len(first)) and not is_picture(len(first) - 1):
        return (), ()
    return roles


def _by_names(
    file: Path, names: tuple[str, ...], setting: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roles by the header: the pixels have one name with different numbers."""
    stems = [re.sub(r"[^a-z]", "", name) for name in names]
    # A column without a name has no stem and is no pixel.
    stem = Counter(
        candidate for candidate, name in zip(stems, names, strict=True) if name
    ).most_common(1)[0][0]
    is_pixel = [
        candidate == stem and bool(name) for candidate, name in zip(stems, names, strict=True)
    ]
    left = is_pixel.index(True)
    right = len(names) - is_pixel[::-1].index(True)
    if not all(is_pixel[left:right]):
        stray = next(index for index in range(left, right) if not is_pixel[index])
        raise ToileError(
            f"{file}: column {stray + 1}, {names[stray]!r}, is among the pixels; the label is "
            "before or after them"
        )
    outer = (*names[:left], *names[right:])
    roles = [_role(name) for name in outer]
    if setting != "auto":
        if setting not in outer:
            raise ToileError(
                f"{file}: data.label_column is {setting}, which is a column of pixels; the label "
                f"is one of {', '.join(outer)}"
            )
        roles = ["label" if name == setting else _unless_label(_role(name)) for name in outer]
    if "label" not in roles:
        # A single column of another name is the label.
        unknown = [index for index, role in enumerate(roles) if role == "unknown"]
        if len(unknown) == 1:
            roles[unknown[0]] = "label"
    if roles.count("label") > 1 or ("unknown" in roles and "label" not in roles):
        extra = ", ".join(map(repr, outer))
        raise ToileError(
            f"{file}: the header has {extra} beside the pixels, and it is not clear which is the "
            "label; call one of them label, or set data.label_column to its name"
        )
    if not roles:
        return ENDS
    return tuple(roles[:left]), tuple(roles[left:])


def _role(name: str) -> str:
    if name in LABEL_NAMES:
        return "label"
    if name in INDEX_NAMES or name.startswith("unnamed:"):
        return "index"
    return "part" if name in PART_COLUMNS else "unknown"


def _by_rows(
    file: Path, num_columns: int, rows: Sequence[Sequence[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roles without a header: text is a label; 0, 1, 2 and so on in front is an index."""
    for index, role in ((0, ("label",)), (-1, ())):
        if any(row[index] and not is_number(row[index]) for row in rows[1:]):
            return (role, ()) if index == 0 else ((), ("label",))
    if is_picture(num_columns - 1):
        return ENDS
    if (num_hot := _num_hot(num_columns, rows)) is not None:
        return (), ("hot",) * num_hot
    if is_picture(num_columns - 2) and not is_picture(num_columns - 1):
        if _counts([row[0] for row in rows]):
            return ("index", "end"), ("end",)
        raise ToileError(
            f"{file}: has {num_columns} columns, two more than pixels, and the first does not "
            "count the rows; give the file a header with a column called label"
        )
    return ENDS


def _num_hot(num_columns: int, rows: Sequence[Sequence[str]]) -> int | None:
    """How many columns at the end are a one-hot label; None if there is none."""
    for num_hot in range(2, min(MAX_CLASSES, num_columns - MIN_PIXELS) + 1):
        if not is_picture(num_columns - num_hot):
            continue
        cells = [row[-num_hot:] for row in rows]
        is_hot = [[cell in ONES for cell in row] for row in cells]
        if (
            all(cell in (*ONES, *ZEROS) for row in cells for cell in row)
            and all(sum(row) == 1 for row in is_hot)
            and all(any(column) for column in zip(*is_hot, strict=True))
        ):
            return num_hot
    return None


def _counts(cells: Sequence[str]) -> bool:
    return cells[0] in ("0", "1") and cells == [
        str(number) for number in range(int(cells[0]), int(cells[0]) + len(cells))
    ]


def is_picture(num_pixels: int) -> bool:
    """Whether a square picture, grey or of three colours, has so many values."""
    return any(
        (round((num_pixels / channels) ** 0.5)) ** 2 * channels == num_pixels for channels in (1, 3)
    )


def _pixel_texts(names: Sequence[str]) -> int | None:
    """The index of a column that holds all pixels of a picture as text, as in fer2013.csv."""
    if len(names) > 8:
        return None
    return next((index for index, name in enumerate(names) if name.lower() in PIXEL_TEXT), None)


def _chosen_label(
    file: Path, names: Sequence[str], roles: Sequence[str], setting: str, texts: int
) -> list[str]:
    """The roles with the label at `setting`, for rows with pixels as text."""
    columns = [index for index in range(len(names)) if index != texts]
    if setting in ENDS_BY_SETTING and columns:
        label = columns[0 if setting == "first" else -1]
    elif setting.lower() in names and names.index(setting.lower()) != texts:
        label = names.index(setting.lower())
    else:
        raise ToileError(
            f"{file}: data.label_column is {setting}, and the columns beside the pixels are "
            f"{', '.join(names[index] for index in columns)}"
            f"{did_you_mean(setting, [names[index] for index in columns])}"
        )
    return ["label" if index == label else _unless_label(role) for index, role in enumerate(roles)]


def _unless_label(role: str) -> str:
    return "unknown" if role == "label" else role


def _form_of_texts(
    file: Path,
    lines: Sequence[str],
    delimiter: str,
    names: Sequence[str],
    texts: int,
    setting: str,
) -> Form:
    roles = [_role(name.lower()) for name in names]
    # A column called label stays the label with `first` or `last`: runs were trained so.
    if setting not in NO_COLUMN_NAMES or (setting != "auto" and roles.count("label") != 1):
        roles = _chosen_label(file, [name.lower() for name in names], roles, setting, texts)
    if len(lines) < 2:
        raise ToileError(f"{file}: has a header and no rows; a set needs a row for each image")
    if roles.count("label") != 1:
        raise ToileError(
            f"{file}: the header has {', '.join(map(repr, names))}; call one column label"
        )
    cells = split_line(lines[1], delimiter)
    return Form(
        file=file,
        delimiter=delimiter,
        num_columns=len(names),
        num_pixels=len(cells[texts].split(" ")) if texts < len(cells) else 0,
        before=tuple(roles[:texts]),
        after=tuple(roles[texts + 1 :]),
        num_header_rows=1,
        header=tuple(names),
        pixel_delimiter=" ",
    )
