"""The report as a PDF, set by typst."""

import json
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from toile.errors import ToileError
from toile.report.save import save_figure
from toile.report.study_page.parts import Section, StudyReport

SETTING = Path(__file__).parent / "study.typ"


def study_pdf(report: StudyReport) -> bytes:
    """The PDF; the same report gives the same bytes. Raises ToileError where typst is missing."""
    try:
        import typst
    except ModuleNotFoundError:
        raise ToileError(
            "typst is not installed, which a PDF needs: pip install 'toile[report]'"
        ) from None
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for one in report.drawings:
            save_figure(one.figure, root / f"{one.name}.svg")
        # As data and not as markup: no name can act on the setting.
        (root / "report.json").write_text(json.dumps(_record(report)))
        (root / "study.typ").write_bytes(SETTING.read_bytes())
        # Fonts of the machine would make other pages elsewhere.
        written = typst.compile(
            root / "study.typ", root=root, ignore_system_fonts=True, timestamp=0
        )
    assert isinstance(written, bytes)
    return written


def _record(report: StudyReport) -> dict[str, object]:
    return {
        "title": report.title,
        "question": report.question,
        "status": report.status,
        "sentence": report.sentence,
        "terms": report.terms,
        "cards": [asdict(one) for one in report.cards],
        "figures": [(f"{one.name}.svg", one.says) for one in report.drawings],
        "sections": [_section(one) for one in report.sections],
    }


def _section(section: Section) -> dict[str, object]:
    return {
        "title": section.title,
        "words": section.words,
        "facts": section.facts,
        "code": section.code,
        "tables": [
            {"title": one.title, "heads": one.heads, "numeric": one.numeric, "rows": one.texts}
            for one in section.tables
        ],
    }
