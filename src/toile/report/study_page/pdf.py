"""A report as a PDF, typeset by typst."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from toile.distribution import extra_packages
from toile.report.glossary import terms_in
from toile.report.save import save_figure
from toile.report.study_page.parts import Drawing, Section, StudyReport

SETTING = Path(__file__).parent / "report.typ"
Record = dict[str, Any]


def study_pdf(report: StudyReport) -> bytes:
    """The PDF; the same report gives the same bytes. Raises ToileError if typst is missing."""
    record = {
        "title": report.title,
        "kind": f"Study {report.name}",
        "status": report.status,
        "sentence": report.sentence,
        "terms": report.terms,
        "cards": [asdict(card) for card in report.cards],
        "figures": figure_records(report.drawings),
        "sections": [section_record(section) for section in report.sections],
    }
    return typeset(record, report.drawings)


def typeset(
    record: Record, drawings: Iterable[Drawing], pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The PDF of `record` by `report.typ`, with `drawings`, and `pictures` by file name."""
    with extra_packages("report", "a PDF"):
        import typst
    facts = tuple((term.name, term.meaning) for term in terms_in(json.dumps(record)))
    words = section_record(Section("What the words mean", facts=facts))
    record = record | {"sections": [*record["sections"], words]}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for drawing in drawings:
            save_figure(drawing.figure, root / f"{drawing.name}.svg")
        for name, picture in (pictures or {}).items():
            (root / name).write_bytes(picture)
        # As data, not as markup: no name in it can change the layout.
        (root / "report.json").write_text(json.dumps(record))
        (root / SETTING.name).write_bytes(SETTING.read_bytes())
        # With the machine's fonts the pages would differ between machines.
        written = typst.compile(
            root / SETTING.name, root=root, ignore_system_fonts=True, timestamp=0
        )
    assert isinstance(written, bytes)
    return written


def figure_records(drawings: Iterable[Drawing]) -> list[Record]:
    """The file and the description of each drawing."""
    return [
        {"file": f"{drawing.name}.svg", "says": drawing.says, "wide": drawing.wide}
        for drawing in drawings
    ]


def section_record(section: Section) -> Record:
    """A section as `report.typ` reads it; exercises of a sheet fill in the empty fields."""
    return {
        "title": section.title,
        "asked": [],
        "sentence": "",
        "words": section.words,
        "facts": section.facts,
        "pictures": [],
        "figures": [],
        "code": section.code,
        "tables": [
            {
                "title": table.title,
                "heads": table.heads,
                "numeric": table.numeric,
                "rows": table.texts,
            }
            for table in section.tables
        ],
    }
