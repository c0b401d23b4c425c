"""A page as a PDF."""

from base64 import b64decode
from dataclasses import asdict

from toile.report.sheet_report.blocks import Page, PageBlock
from toile.report.study_page.parts import Section
from toile.report.study_page.pdf import Record, figure_records, section_record, typeset


def page_pdf(page: Page) -> bytes:
    """The PDF. Raises ToileError if typst is missing."""
    blocks = [_block(block) for block in page.blocks]
    record = {
        "title": page.title,
        "kind": page.kind,
        "status": page.status,
        "sentence": page.loud,
        "terms": page.intro,
        "cards": [asdict(card) for card in page.cards],
        "figures": [],
        "sections": [*blocks, *map(section_record, page.sections)],
    }
    pictures = {
        name: b64decode(picture.uri.partition(",")[2])
        for block in page.blocks
        for (name, _), picture in zip(_picture_names(block), block.pictures, strict=True)
    }
    return typeset(
        record, [drawing for block in page.blocks for drawing in block.drawings], pictures
    )


def _block(block: PageBlock) -> Record:
    words = tuple(
        text for text in (block.status.capitalize(), *block.findings, *block.words) if text
    )
    section = Section(block.heading, words, block.facts, block.tables, block.commands)
    return section_record(section) | {
        "asked": [text for text in (block.question, *block.written) if text],
        "sentence": block.sentence,
        "pictures": _picture_names(block),
        "figures": figure_records(block.drawings),
    }


def _picture_names(block: PageBlock) -> list[tuple[str, str]]:
    return [(f"{block.key}-{n}.png", picture.caption) for n, picture in enumerate(block.pictures)]
