"""Which columns of a user's table hold levels and which readings.

Two forms are read: a column of levels beside one of their readings, and a column of readings for
each level. Their heads may be any words, so it is the cells that tell; where they do not, the user
is asked, since a table taken for the other form gives a verdict that looks like one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import median

from toile.errors import ToileError, did_you_mean

READING_WORDS = {
    "reading",
    "readings",
    "score",
    "scores",
    "accuracy",
    "accuracies",
    "acc",
    "value",
    "values",
    "result",
    "results",
    "metric",
    "loss",
    "error",
    "f1",
    "auc",
}


@dataclass(frozen=True)
class TableForm:
    """What the user says of a table: the heads of two columns, or that each column is a level."""

    level: str | None = None
    reading: str | None = None
    is_wide: bool = False


@dataclass(frozen=True)
class TableColumn:
    """A column: its head, its cells as written and their values, None for a word."""

    head: str
    cells: tuple[str, ...]
    values: tuple[float | None, ...]
    head_number: float | None = None

    @property
    def known(self) -> list[float]:
        """The cells that are numbers."""
        return [value for value in self.values if value is not None]

    @property
    def is_numeric(self) -> bool:
        """Whether each cell is a number, so that they may be readings."""
        return len(self.known) == len(self.cells) > 0

    @property
    def is_damaged(self) -> bool:
        """Whether most of its cells are numbers and some are not, which is a slip."""
        return len(self.cells) / 2 <= len(self.known) < len(self.cells)

    @property
    def is_words(self) -> bool:
        """Whether no cell is a number, so that they can be no readings."""
        return not self.known and len(set(self.cells)) > 1

    @property
    def repeats(self) -> bool:
        """Whether its values are two or more and each stands twice on average, as levels do."""
        return 2 <= len(set(self.cells)) <= len(self.cells) / 2

    @property
    def is_integral(self) -> bool:
        """Whether its numbers have no decimals."""
        return all(value.is_integer() for value in self.known)

    @property
    def is_called_reading(self) -> bool:
        """Whether its head has a word for a reading, as `val_accuracy` and `test score` do."""
        return not READING_WORDS.isdisjoint(re.split("[^a-z0-9]+", self.head.lower()))


def level_and_reading(
    columns: Sequence[TableColumn], where: str, form: TableForm
) -> tuple[TableColumn, TableColumn] | None:
    """The column of levels and that of readings; None where each column is a level.

    Raises ToileError where the cells leave it in doubt and the user has not said it.
    """
    if form.is_wide:
        return None
    if form.level is not None or form.reading is not None:
        return _named(columns, where, form)
    levels = [column for column in columns if column.head.lower() == "level"]
    scores = [column for column in columns if column.is_called_reading]
    if len(levels) == len(scores) == 1:
        return levels[0], scores[0]
    if len(columns) == 2 and len(scores) == 1 and scores[0].is_damaged:
        (level,) = (column for column in columns if column is not scores[0])
        return level, scores[0]
    if all(column.head_number is not None for column in columns):
        if any(column.head_number in column.values for column in columns):
            raise ToileError(
                f"{where}: its first line has readings; put the levels' names above them, or say "
                "--wide where it has those names"
            )
        return None
    certain = [pair for pair in permutations(columns, 2) if _is_long(*pair)]
    if len(columns) == 2 and len(certain) == 1:
        return certain[0]
    if certain or levels or any(_may_be_long(*pair) for pair in permutations(columns, 2)):
        raise ToileError(
            f"{where}: of its columns {', '.join(column.head for column in columns)} it is not "
            "clear which are levels; name one of levels and one of readings with --level NAME "
            "--reading NAME, or say --wide where each column has the readings of one level"
        )
    return None


def _named(
    columns: Sequence[TableColumn], where: str, form: TableForm
) -> tuple[TableColumn, TableColumn]:
    by_head = {column.head: column for column in columns}
    pair = {"--level": form.level, "--reading": form.reading}
    for option, name in pair.items():
        if name is not None and name not in by_head:
            raise ToileError(
                f"{where}: {option} is {name}, which heads no column; the heads are "
                f"{', '.join(by_head)}{did_you_mean(name, by_head)}"
            )
    for option, name in pair.items():
        unnamed = [head for head in by_head if head not in pair.values()]
        if name is None and len(unnamed) == 1:
            pair[option] = unnamed[0]
    level, reading = pair.values()
    if level is None or reading is None or level == reading:
        raise ToileError(
            f"{where}: name two of its columns, {', '.join(by_head)}: one with --level and another "
            "with --reading"
        )
    return by_head[level], by_head[reading]


def _is_long(level: TableColumn, score: TableColumn) -> bool:
    """Whether the cells show that one column has the levels of the other's readings."""
    if not score.is_numeric:
        return False
    if level.is_words:
        return True
    if not level.is_numeric:
        return level.repeats  # `off` among numbers
    is_named = score.is_called_reading and not level.is_called_reading
    if level.repeats:
        return is_named or (not score.repeats and not _are_near(level, score))
    return is_named and not _are_near(level, score)


def _may_be_long(level: TableColumn, score: TableColumn) -> bool:
    """Whether that may be, though the cells would do for two levels as well."""
    if not (level.is_numeric and score.is_numeric):
        return False
    is_named = score.is_called_reading and not level.is_called_reading
    is_unlike = level.is_integral and not score.is_integral and not _are_near(level, score)
    return is_named or is_unlike or level.repeats


def _are_near(first: TableColumn, second: TableColumn) -> bool:
    """Whether both could be readings of one thing: their medians lie within a factor of two."""
    low, high = sorted(abs(median(column.known)) for column in (first, second))
    return high <= 2 * low
