"""The parts of a report, the same for every format."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from toile.report.study_page.table import ReportTable

WIDE_INCHES = 7


@dataclass(frozen=True)
class StudyCard:
    """One number at the top of the page, with its name and a note."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Drawing:
    """A figure and its description; `narrow` draws it for a small screen."""

    name: str
    figure: Figure
    says: str
    narrow: Callable[[], Figure] | None = None

    @property
    def wide(self) -> bool:
        """Whether it needs the width of the page."""
        return bool(self.figure.get_size_inches()[0] > WIDE_INCHES)


def drawing_of(name: str, says: str, draw: Callable[..., Figure], *of: Any) -> Drawing:
    """The drawing of `draw(*of)`, and of `draw(*of, narrow=True)` for small screens."""
    return Drawing(name, draw(*of), says, partial(draw, *of, narrow=True))


@dataclass(frozen=True)
class Section:
    """A part of the report: sentences, facts, tables, and text to copy."""

    title: str
    words: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[ReportTable, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class StudyReport:
    """Everything a reader needs to judge a study and to repeat it; its title is the question."""

    name: str
    title: str
    status: str
    ended: bool
    sentence: str
    terms: str
    cards: tuple[StudyCard, ...]
    drawings: tuple[Drawing, ...]
    sections: tuple[Section, ...]

    @property
    def tables(self) -> tuple[ReportTable, ...]:
        """All tables, in order."""
        return tuple(table for section in self.sections for table in section.tables)
