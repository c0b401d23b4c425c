"""What a sheet's page is made of, whatever it is written as."""

from dataclasses import dataclass

from toile.report.study_page.parts import Drawing, Section, StudyCard
from toile.report.study_page.table import ReportTable


@dataclass(frozen=True)
class PagePicture:
    """A small picture in a data: address, and its caption."""

    uri: str
    caption: str


@dataclass(frozen=True)
class PageBlock:
    """One exercise: what was asked, what was expected, what came of it, how to do it again.

    `expected` and `answer` are what a person wrote, with when it was written; all else is computed:
    the verdict's sentence, further findings, and words that explain the tables.
    """

    heading: str
    key: str
    question: str
    ended: bool
    status: str
    prompt: str = ""
    expected: str = ""
    answer: str = ""
    when: str = ""
    sentence: str = ""
    findings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    pictures: tuple[PagePicture, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    commands: str = ""

    @property
    def written(self) -> tuple[str, ...]:
        """What a person wrote, in sentences: expected before the run, or answered."""
        on = f" on {self.when}" if self.when else ""
        expected = f"{self.prompt} Expected{on}: {self.expected}" if self.expected else ""
        answered = f"Answered{on}: {self.answer}" if self.answer else ""
        return tuple(text for text in (expected, answered) if text)


@dataclass(frozen=True)
class Page:
    """All exercises, in order; `loud` is what must not be missed."""

    title: str
    kind: str
    intro: str
    loud: str
    ended: bool
    status: str
    cards: tuple[StudyCard, ...]
    blocks: tuple[PageBlock, ...]
    sections: tuple[Section, ...]
