"""The parts of a sheet's page, the same for every format."""

from dataclasses import dataclass

from toile.report.study_page.parts import Drawing, Section, StudyCard
from toile.report.study_page.table import ReportTable


@dataclass(frozen=True)
class PagePicture:
    """A small picture as a data: URI, and its caption."""

    uri: str
    caption: str


@dataclass(frozen=True)
class PageBlock:
    """One exercise: its question, the expected answer, the result, and how to repeat it.

    A person wrote `expected` and `answer`, at `when`. All else is computed: `sentence` is the main
    result, `findings` are further results, and `words` explain the tables.
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
        """What a person wrote, in sentences: the expectation before the run, or an answer."""
        on = f" on {self.when}" if self.when else ""
        expected = f"{self.prompt} Expected{on}: {self.expected}" if self.expected else ""
        answered = f"Answered{on}: {self.answer}" if self.answer else ""
        return tuple(text for text in (expected, answered) if text)


@dataclass(frozen=True)
class Page:
    """All exercises, in order; `loud` is a warning printed in bold."""

    title: str
    kind: str
    intro: str
    loud: str
    ended: bool
    status: str
    cards: tuple[StudyCard, ...]
    blocks: tuple[PageBlock, ...]
    sections: tuple[Section, ...]
